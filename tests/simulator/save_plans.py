"""Makes the saved plans anew: for each planted bug, the reduced plan of the first seed that meets it.

    save_plans.py PROGRAM [MUTANT…]     PROGRAM: a dfs-sim with the mutants compiled in

Needed when what a seed means has changed, so that a saved plan does not meet its bug any more
(SavedPlans.StillMeetTheirBugs). What a plan is saved for stands in its first lines.
"""

import os
import subprocess
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "saved")

# Mutant, faults, what goes wrong.
BUGS = [
    ("D1-ack-before-fsync", "all", "A DataNode answered before its replica was synced."),
    ("D1-commit-without-quorum", "all", "A file was complete with one durable copy."),
    ("D4-one-too-few", "all", "An excess copy went although too few others were left."),
    ("G1-reuse-block-ids", "all", "A block id was given out a second time."),
    ("G2-accept-fenced", "all", "A writer went on after its file had been removed."),
    ("G2-join-the-writer", "all", "Two writers held one name."),
    ("G3-remove-at-create", "all", "An overwrite removed the old file before the new was whole."),
    ("N1-no-retry-record", "reset", "A request that was repeated executed twice."),
    ("N1-rename-over", "none", "A rename replaced what was there without being told to."),
    ("N3-rename-into-own-subtree", "none", "A directory was moved below itself."),
    ("N3-sums-stay-behind", "none", "A move left the sums of the directories behind."),
    ("S1-ignore-safe-mode", "safe-mode", "Safe mode let a mutation through."),
    ("V3-error-means-absent", "read-error", "A replica that could not be read passed for absent."),
]


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True).stdout


def save(program, mutant, faults, cause):
    common = ["--faults", faults, "--duration", "20", "--invariants", mutant.split("-")[0],
              "--mutant", mutant]
    found = run(program, "sweep", "--seeds", "1..40", "--first", "--jobs", "1", *common)
    seeds = [line.split(" seed ")[1].split(" ")[0] for line in found.splitlines()
             if line.startswith("VIOLATION")]
    if not seeds:
        return f"{mutant}: no seed meets it"
    path = os.path.join(FOLDER, mutant + ".plan")
    told = run(program, "reduce", "--seed", seeds[0], "--out", path, *common)
    with open(path, encoding="utf-8") as file:
        plan = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# {cause}\n# mutant: {mutant}\n{plan}")
    return f"{mutant}: {told.splitlines()[1]}"


def main(program, *chosen):
    for bug in BUGS:
        if not chosen or bug[0] in chosen:
            print(save(program, *bug), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
