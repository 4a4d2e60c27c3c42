"""tests/scenarios/README.md judges each of the 75 known failures, and its claims are true.

A number may have several rows, one a verdict. Each id of a `replayed` row is in the name of a test
that the row names. An id of an `impossible` row is in no test's name; where only a missing feature
makes it impossible ("until `Word` is in core/", or "yet"), the law fails once an identifier of
core/ contains that word.
"""

import re

import source

README = "tests/scenarios/README.md"
COUNT = 75
VERDICTS = ("replayed", "impossible")
TRACKER = r"(?:HDFS|HDDS|SeaweedFS|MooseFS|JuiceFS|CubeFS|RustFS|Gluster|MinIO|Teaching)_\d+"
UNTIL = r"until `(\w+)` is in core/"


def rows(root):
    """[(line, number, ids, verdict, text)] of the table `| n | ids | verdict | text |`."""
    found = []
    for line, text in enumerate(source.read(root, README).splitlines(), 1):
        match = re.match(r"\| *(\d+) *\| *([^|]*?) *\| *(\w+) *\| *(.*?) *\|$", text)
        if match:
            ids = [name.strip() for name in match.group(2).split(",")]
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


def is_in(scenario, name):
    """HDFS-1030 is in Report.HDFS_1030_X and not in Report.HDFS_10301_X."""
    return re.search(rf"(?<![A-Za-z0-9]){scenario.replace('-', '_')}(?![A-Za-z0-9])", name)


def judge_replayed(where, ids, text, known):
    named = re.findall(r"`(\w+\.\w+)`", text)
    found = [f"{where}: there is no test {name}" for name in named if name not in known]
    found += [f"{where}: {scenario} is in the name of none of the row's tests"
              for scenario in ids if not any(is_in(scenario, name) for name in named)]
    return found


def judge_impossible(where, text, core):
    found = [] if len(text) >= 20 else [f"{where}: gives no reason"]
    words = re.findall(UNTIL, text)
    if not words and re.search(r"\byet\b", text):
        found.append(f"{where}: names no word whose appearance in core/ would end this")
    for word in words:
        found += [f"{where}: can happen now, there is {name} in {path}:{line}"
                  for path, code in core for line, name in
                  ((line, match.group(0)) for line, match in source.find(code, rf"\w*{word}\w*"))]
    return found


def scenarios(root):
    table, known = rows(root), tests(root)
    core = [(path, source.code(source.read(root, path))) for path in source.files(root, ["core"])]
    found = []
    judged = {}
    for line, number, ids, verdict, text in table:
        where = f"{README}:{line}: scenario {number}"
        for scenario in ids:
            if not re.fullmatch(r"[A-Za-z0-9]+-\w+", scenario):
                found.append(f"{where}: '{scenario}' is no id")
            judged.setdefault(number, []).append(scenario)
        if verdict == "replayed":
            found += judge_replayed(where, ids, text, known)
        elif verdict == "impossible":
            found += judge_impossible(where, text, core)
        else:
            found.append(f"{where}: '{verdict}' is none of {VERDICTS}")
    for number in range(1, COUNT + 1):
        if number not in judged:
            found.append(f"{README}: scenario {number} has no row")
        for scenario in sorted(set(judged.get(number, []))):
            if judged[number].count(scenario) != 1:
                found.append(f"{README}: scenario {number} judges {scenario} twice")
    replayed = {scenario for _, _, ids, verdict, _ in table if verdict == "replayed"
                for scenario in ids}
    for name in sorted(known):
        for scenario in re.findall(TRACKER, name):
            if scenario.replace("_", "-") not in replayed:
                found.append(f"{README}: {name} replays {scenario}, which no 'replayed' row has")
    return found


def table_with(row, core=""):
    filler = "\n".join(f"| {n} | HDFS-{n} | impossible | blocks are immutable for ever |"
                       for n in range(2, COUNT + 1))
    return {README: f"{row}\n{filler}\n", "core/wire/x.h": core,
            "tests/x/x_test.cc": "TEST(Report, HDFS_10301_AnInterleavedReport) {}\n"}


GOOD = "| 1 | HDFS-10301 | replayed | `Report.HDFS_10301_AnInterleavedReport` |"
UNBUILT = GOOD + "\n| 1 | HDFS-9 | impossible | Nothing is cut until `Truncate` is in core/. |"
LAWS = {
    "scenarios": (scenarios, [
        (table_with(""), "scenario 1 has no row"),
        (table_with(GOOD + "\n" + GOOD), "judges HDFS-10301 twice"),
        (table_with(GOOD.replace("10301 |", "10301 (and others) |")), "is no id"),
        (table_with(GOOD.replace("AnInter", "NoInter")), "there is no test"),
        (table_with(GOOD.replace("10301 |", "10301, HDFS-1030 |")), "HDFS-1030 is in the name of"),
        (table_with("| 1 | HDFS-10301 | replayed | yes |"), "HDFS-10301 is in the name of none"),
        (table_with("| 1 | HDFS-10301 | impossible | |"), "gives no reason"),
        (table_with(UNBUILT.replace("until `Truncate` is in core/", "because it is not built yet")),
         "names no word"),
        (table_with(UNBUILT, "struct TruncateReply {};"), "core/wire/x.h:1"),
        (table_with("| 1 | HDFS-10301 | open | a long reason that says nothing |"), "is none of"),
        (table_with("| 1 | HDFS-10301 | impossible | a long reason that says nothing |"),
         "which no 'replayed' row has"),
    ], [table_with(GOOD), table_with(UNBUILT, "// Truncate\nint truncated;")]),
}
