"""The simulator gives the same traces whichever compiler built it, and again in a second run.

    equal_hash.py PROGRAM OTHER SECONDS     runs seeds 1, 2, 3 … through both until the time is over
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time


def hash_of(program, seed):
    done = subprocess.run([program, "run", "--seed", str(seed), "--json"], capture_output=True,
                          text=True)
    if done.returncode != 0:
        sys.exit(f"{program} run --seed {seed}: exit status {done.returncode}: {done.stderr}"
                 f"{done.stdout[-2000:]}")
    result = json.loads(done.stdout)
    return result["trace_hash"], result["events"]


def first_difference(programs, seed):
    """The first event at which two runs of a seed differ, as told by the second program."""
    with tempfile.TemporaryDirectory() as folder:
        traces = []
        for number, program in enumerate(programs):
            path = os.path.join(folder, str(number))
            subprocess.run([program, "run", "--seed", str(seed), "--hashes", path],
                           capture_output=True, check=False)
            with open(path, encoding="utf-8") as file:
                traces.append(file.read().splitlines())
    for one, other in itertools.zip_longest(*traces):
        if one != other:
            break
    else:
        return "the runs were equal when they were repeated"
    event, us, _ = (other or one).split()
    moment = f"{int(us) // 1000000:4}.{int(us) % 1000000:06}"
    story = subprocess.run([programs[1], "run", "--seed", str(seed), "--story"],
                           capture_output=True, text=True, check=False).stdout
    told = [line for line in story.splitlines() if line[:len(moment)] == moment]
    return "\n".join([f"first differing event: {event}, at {moment.strip()} s"] + told)


def main(program, other, seconds):
    if not os.path.exists(other):
        sys.exit(f"{other}: build it first")
    end = time.monotonic() + float(seconds)
    seed, events = 0, 0
    while seed < 3 or time.monotonic() < end:
        seed += 1
        ours, theirs = hash_of(program, seed), hash_of(other, seed)
        if ours != theirs:
            sys.exit(f"seed {seed}: {ours} by {program}, {theirs} by {other}\n"
                     + first_difference([program, other], seed))
        if seed <= 3 and hash_of(program, seed) != ours:
            sys.exit(f"seed {seed}: another trace in a second run of {program}")
        events += ours[1]
    if events == 0:
        sys.exit("no events: nothing was compared")
    print(f"{seed} seeds, {events} events, equal hashes")


if __name__ == "__main__":
    main(*sys.argv[1:])
