"""What every file owes its reader: a head, no loose ends, no trace of a machine, a size to live in."""

import re

import source

EVERYTHING = (".h", ".cc", ".py", ".sh", ".cmake", ".txt", ".md", ".yml", ".json", ".html", ".js")
FOLDERS = ["core", "adapters", "cli", "simulator", "tests", "bench", "cmake", "scripts", ".ci"]
TOP = ["CMakeLists.txt", "README.md", "ARCHITECTURE.md", "Dockerfile", "docker-compose.yml",
       "CMakePresets.json", "quickstart", "run-tests", "packages.txt"]
LINE_LIMIT = 100
FILE_LIMIT = 500


def texts(root):
    """(path, text) of all files that people read, the laws' own plants left out."""
    paths = source.files(root, FOLDERS, EVERYTHING) + source.files(root, [".ci", "scripts"], "")
    for path in sorted(set(paths) | set(TOP)):
        if path.startswith("tests/laws/"):
            continue
        try:
            yield path, source.read(root, path)
        except FileNotFoundError:
            pass


def heads(root):
    """A header, and a source that does not begin as one's implementation, says what it is for."""
    found = []
    for path in source.files(root, ["core", "adapters", "cli", "simulator", "bench"]):
        text = source.read(root, path)
        if path.endswith(".cc") and text.startswith('#include "'):
            continue
        head = re.match(r"(?://[^\n]*\n)+", text)
        sentence = head and re.sub(r"\s*//\s?", " ", head.group(0)).strip()
        if not sentence or not re.match(r"\S.{10,}?[.:]", sentence):
            found.append(f"{path}:1: the file does not begin with a sentence on what it is for")
    return found


def no_loose_ends(root):
    return [f"{path}:{source.line_of(text, m.start())}: '{m.group(0)}'"
            for path, text in texts(root)
            for m in re.finditer(r"\b(TODO|FIXME|XXX|HACK)\b|\bDISABLED_\w+", text)]


def no_machine_paths(root):
    return [f"{path}:{source.line_of(text, m.start())}: a path of one machine: '{m.group(0)}'"
            for path, text in texts(root)
            for m in re.finditer(r"(?<![\w/.$}~-])/(?:work|root|home/\w+|farm|Users)(?:/[\w.-]*)?",
                                 text)
            if not m.group(0).startswith("/home/dfs")]


def sizes(root):
    found = []
    for path in source.files(root, ["core", "adapters", "cli", "simulator", "tests", "bench"]):
        lines = source.read(root, path).split("\n")
        if len(lines) > FILE_LIMIT:
            found.append(f"{path}: {len(lines)} lines; {FILE_LIMIT} are the limit")
        found += [f"{path}:{number}: {len(line)} columns; {LINE_LIMIT} are the limit"
                  for number, line in enumerate(lines, 1) if len(line) > LINE_LIMIT]
    return found


# A test that skips itself says why here; the skipping test must print it too.
MAY_SKIP = set()


def no_skips(root):
    return [f"{path}:{line}: GTEST_SKIP"
            for path in source.files(root, ["tests"]) if path not in MAY_SKIP
            for line, _ in source.find(source.code(source.read(root, path)), r"\bGTEST_SKIP\b")]


GOOD = "// Does one thing for its caller.\nint x;\n"

LAWS = {
    "heads": (heads, [
        ({"core/base/x.h": "#pragma once\n"}, "core/base/x.h"),
        ({"cli/main.cc": "#include <vector>\n// Late.\n"}, "cli/main.cc"),
        ({"cli/main.cc": "// short\n"}, "cli/main.cc"),
    ], [{"core/base/x.h": GOOD, "core/base/x.cc": '#include "core/base/x.h"\n'}]),
    "no_loose_ends": (no_loose_ends, [
        ({"core/base/x.h": GOOD + "// TODO: later\n"}, "TODO"),
        ({"tests/base/x_test.cc": "TEST(A, DISABLED_b) {}\n"}, "DISABLED_b"),
    ], [{"core/base/x.h": GOOD}]),
    "no_machine_paths": (no_machine_paths, [
        ({"cli/x.cc": GOOD + 'const char* p = "/root/x";\n'}, "/root/x"),
        ({"scripts/run.sh": "cd /home/ann/dfs\n"}, "/home/ann"),
    ], [{"cli/x.cc": GOOD + 'const char* p = "a/work/b"; auto q = dir / "root/x";\n'}]),
    "sizes": (sizes, [
        ({"core/base/x.h": GOOD * 300}, "601 lines"),
        ({"core/base/x.h": GOOD + "// " + "x" * 98 + "\n"}, "101 columns"),
    ], [{"core/base/x.h": GOOD + "// " + "x" * 97 + "\n"}]),
    "no_skips": (no_skips, [
        ({"tests/base/x_test.cc": "TEST(A, B) { GTEST_SKIP(); }\n"}, "GTEST_SKIP"),
    ], [{"tests/base/x_test.cc": "// GTEST_SKIP\n"}]),
}
