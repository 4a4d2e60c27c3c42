"""Makes the saved plans anew: for each planted bug, the smallest of the reduced plans of the first
three seeds that meet it.

    save_plans.py PROGRAM [MUTANT…]     PROGRAM: a dfs-sim with the mutants compiled in

Needed when what a seed means has changed, so that a saved plan does not meet its bug any more
(SavedPlans.StillMeetTheirBugs). What a plan is saved for stands in its first lines.
"""

import os
import subprocess
import sys
import tempfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "saved")

# Mutant, profile, faults, what goes wrong, who stays ill.
BUGS = [
    ("C1-count-leaving", "liveness", "decommission",
     "A node that leaves counted, so that no copy was made elsewhere."),
    ("C1-stuck-for-ever", "liveness", "all",
     "A block that found no DataNode for its copy was never tried again."),
    ("C2-keep-excess", "liveness", "datanode-crash,datanode-power",
     "A copy too many stayed for ever."),
    ("C2-keep-orphans", "liveness", "none", "Replicas of a removed file stayed for ever."),
    ("C3-always-news", "liveness", "none",
     "A DataNode that crashed all the time let every hopeless copy be tried at each return.",
     "4:crash-looping,5:reads-fail"),
    ("C3-overlapping-thresholds", "liveness", "none",
     "What one rule copied another one removed, again and again."),
    ("C3-restore-excess", "liveness", "datanode-crash,disk-wiped",
     "A removed excess copy was taken back out of quarantine, again and again."),
    ("C4-keep-allocated", "liveness", "client-crash",
     "Blocks of a writer that vanished stayed allocated."),
    ("C4-never-expire-leases", "liveness", "client-crash",
     "A writer that vanished kept its lease."),
    ("D1-ack-before-fsync", "safety", "all",
     "A DataNode answered before its replica was synced."),
    ("D1-commit-without-quorum", "safety", "all", "A file was complete with one durable copy."),
    ("D1-rule-out-whole-run", "safety", "read-error",
     "A bad sector on each of two replicas, in different places, was no good copy at all."),
    ("D2-commit-without-sync", "safety", "namenode-power",
     "A commit passed for durable before it was synced."),
    ("D2-reply-before-commit", "safety", "all", "A reply left before what it tells was durable."),
    ("D3-apply-reads-counter", "safety", "namenode-crash",
     "A command did something else when it was replayed."),
    ("D3-skip-column-in-restore", "safety", "namenode-crash",
     "A column was not read back after a restart."),
    ("D4-one-too-few", "safety", "all",
     "An excess copy went although too few others were left."),
    ("D5-forget-history", "safety", "restore-backup",
     "A NameNode with an older history than a DataNode's ordered deletions."),
    ("D5-order-before-report", "safety", "all",
     "A node was to delete before it had said what it holds."),
    ("G1-reuse-block-ids", "safety", "all", "A block id was given out a second time."),
    ("G2-accept-fenced", "safety", "all", "A writer went on after its file had been removed."),
    ("G2-join-the-writer", "safety", "all", "Two writers held one name."),
    ("G3-remove-at-create", "safety", "all",
     "An overwrite removed the old file before the new was whole."),
    ("N1-forget-numbers", "safety", "half-open",
     "A request whose record was dropped early was executed again when it came later."),
    ("N1-no-retry-record", "safety", "reset", "A request that was repeated executed twice."),
    ("N1-rename-over", "safety", "none",
     "A rename replaced what was there without being told to."),
    ("N3-rename-into-own-subtree", "safety", "none", "A directory was moved below itself."),
    ("N3-sums-stay-behind", "safety", "none", "A move left the sums of the directories behind."),
    ("S1-ignore-safe-mode", "safety", "safe-mode", "Safe mode let a mutation through."),
    ("V3-error-means-absent", "safety", "read-error",
     "A replica that could not be read passed for absent."),
]


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True).stdout


def save(program, mutant, profile, faults, cause, ill=None):
    common = ["--profile", profile, "--faults", faults, "--duration", "20",
              "--invariants", mutant.split("-")[0], "--mutant", mutant]
    if ill:
        common += ["--ill", ill]
    found = run(program, "sweep", "--seeds", "1..40", *common)
    seeds = [line.split(" seed ")[1].split(" ")[0] for line in found.splitlines()
             if line.startswith("VIOLATION")]
    plans = [reduced(program, seed, common) for seed in list(dict.fromkeys(seeds))[:3]]
    if not plans:
        return f"{mutant}: no seed meets it"
    plan, told = min(plans, key=lambda each: len(each[0]))
    with open(os.path.join(FOLDER, mutant + ".plan"), "w", encoding="utf-8") as file:
        file.write(f"# {cause}\n# mutant: {mutant}\n{plan}")
    return f"{mutant}: {told}"


def reduced(program, seed, common):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "plan")
        told = run(program, "reduce", "--seed", seed, "--out", path, *common)
        with open(path, encoding="utf-8") as file:
            return file.read(), told.splitlines()[1]


def main(program, *chosen):
    for bug in BUGS:
        if not chosen or bug[0] in chosen:
            print(save(program, *bug), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
