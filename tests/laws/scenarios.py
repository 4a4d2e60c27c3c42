"""tests/scenarios/README.md judges each of the 75 known failures, and its claims are true."""

import re

import source

README = "tests/scenarios/README.md"
COUNT = 75
VERDICTS = ("replayed", "impossible", "open")
ID = r"(?:HDFS|HDDS|SeaweedFS|MooseFS|JuiceFS|CubeFS|RustFS|Gluster|MinIO)[-_]\d+"


def rows(root):
    """[(line, number, ids, verdict, text)] of the table `| n | ids | verdict | text |`."""
    found = []
    for line, text in enumerate(source.read(root, README).splitlines(), 1):
        match = re.match(r"\| *(\d+) *\| *([^|]*?) *\| *(\w+) *\| *(.*?) *\|$", text)
        if match:
            ids = {name.replace("_", "-") for name in re.findall(ID, match.group(2))}
            found.append((line, int(match.group(1)), ids, match.group(3), match.group(4)))
    return found


def tests(root):
    """{Suite.Name} of every TEST, TEST_F and TEST_P in the tree, of laws and acceptance tests."""
    found = {"Law.equal_hash", "Law.deterministic"}
    for path in source.files(root, ["tests/acceptance"], (".py",)):
        found |= {f"Acceptance.{name}" for name in
                  re.findall(r"^class (\w+)\(OfACluster\):", source.read(root, path), re.MULTILINE)}
    for path in source.files(root, ["tests"]):
        for _, match in source.find(source.code(source.read(root, path)),
                                    r"\bTEST(?:_[FP])?\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)"):
            found.add(f"{match.group(1)}.{match.group(2)}")
    return found


def scenarios(root):
    table, known = rows(root), tests(root)
    found = []
    numbers = [number for _, number, _, _, _ in table]
    for number in range(1, COUNT + 1):
        if numbers.count(number) != 1:
            found.append(f"{README}: scenario {number} has {numbers.count(number)} rows, not 1")
    replayed = set()
    for line, number, ids, verdict, text in table:
        where = f"{README}:{line}: scenario {number}"
        if verdict not in VERDICTS:
            found.append(f"{where}: '{verdict}' is none of {VERDICTS}")
        elif verdict == "replayed":
            replayed |= ids
            named = re.findall(r"`(\w+\.\w+)`", text)
            if not named:
                found.append(f"{where}: names no test")
            found += [f"{where}: there is no test {name}" for name in named if name not in known]
        elif len(text) < 20:
            found.append(f"{where}: gives no reason")
    for name in sorted(known):
        for scenario in re.findall(ID, name):
            if scenario.replace("_", "-") not in replayed:
                found.append(f"{README}: {name} replays {scenario}, which no 'replayed' row has")
    return found


def table_with(row):
    filler = "\n".join(f"| {n} | HDFS-{n} | impossible | blocks are immutable for ever |"
                       for n in range(2, COUNT + 1))
    return {README: f"{row}\n{filler}\n",
            "tests/x/x_test.cc": "TEST(Report, HDFS_10301_AnInterleavedReport) {}\n"}


GOOD = "| 1 | HDFS-10301 | replayed | `Report.HDFS_10301_AnInterleavedReport` |"
LAWS = {
    "scenarios": (scenarios, [
        (table_with(""), "scenario 1 has 0 rows"),
        (table_with(GOOD + "\n" + GOOD), "scenario 1 has 2 rows"),
        (table_with(GOOD.replace("AnInter", "NoInter")), "there is no test"),
        (table_with("| 1 | HDFS-10301 | replayed | yes |"), "names no test"),
        (table_with("| 1 | HDFS-10301 | impossible | |"), "gives no reason"),
        (table_with("| 1 | HDFS-10301 | maybe | a long reason that says nothing |"), "is none of"),
        (table_with("| 1 | HDFS-10301 | open | a long reason that says nothing |"),
         "which no 'replayed' row has"),
    ], [table_with(GOOD)]),
}
