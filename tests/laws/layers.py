"""Dependencies point downward: core/ knows nobody, adapters only core/ and what CMake links them to."""

import re

import source

FOLDERS = ["core", "adapters", "cli", "simulator", "tests", "bench"]


def linked_adapters(root):
    """{adapter: adapters that adapters/CMakeLists.txt links it to}."""
    text = re.sub(r"#[^\n]*", "", source.read(root, "adapters/CMakeLists.txt"))
    links = {}
    for name, arguments in re.findall(r"dfs_library\(\s*dfs_(\w+)([^)]*)\)", text):
        links[name] = set(re.findall(r"\bdfs_(\w+)", arguments)) - {"core"}
    return links


def allowed(path, links):
    parts = path.split("/")
    if parts[0] == "core":
        return ["core/"]
    if parts[0] == "adapters":
        return ["core/"] + [f"adapters/{name}/" for name in {parts[1]} | links.get(parts[1], set())]
    if parts[0] == "cli":
        return ["core/", "adapters/http/", "adapters/disk/", "adapters/sqlite/", "cli/"]
    if parts[0] == "simulator":
        return ["core/", "adapters/sim/", "adapters/sqlite/", "simulator/"]
    if parts[0] == "bench":
        return ["core/", "adapters/http/", "adapters/disk/", "adapters/sqlite/", "bench/"]
    if path.startswith("tests/cli/"):
        return ["core/", "adapters/", "cli/", "tests/"]
    return ["core/", "adapters/", "simulator/", "tests/"]


def directions(root):
    links = linked_adapters(root)
    found = []
    for path in source.files(root, FOLDERS):
        text = source.code(source.read(root, path))
        for line, name, angle in source.includes(text):
            if angle and not re.match(r"(core|adapters|cli|simulator|tests|bench)/", name):
                continue
            if not name.startswith(tuple(allowed(path, links))):
                found.append(f"{path}:{line}: may not include \"{name}\"")
    return found


CMAKE = {"adapters/CMakeLists.txt":
         "dfs_library(dfs_disk SOURCES disk/*.cc LINK dfs_core)\n"
         "dfs_library(dfs_http SOURCES http/*.cc\n  LINK dfs_core dfs_disk)\n"}


def including(path, name):
    return {**CMAKE, path: f'#include "{name}"\n'}


LAWS = {
    "directions": (directions, [
        (including("core/wire/x.h", "adapters/disk/y.h"), "core/wire/x.h:1"),
        (including("adapters/disk/x.cc", "adapters/http/y.h"), "adapters/disk/x.cc:1"),
        (including("adapters/http/x.cc", "cli/y.h"), "cli/y.h"),
        (including("tests/http/x.cc", "cli/y.h"), "cli/y.h"),
        (including("simulator/x.cc", "adapters/http/y.h"), "simulator/x.cc:1"),
        (including("core/wire/x.h", "json.h"), "json.h"),
    ], [
        including("adapters/http/x.cc", "adapters/disk/y.h"),
        including("cli/x.cc", "adapters/http/y.h"),
        including("tests/cli/x.cc", "cli/y.h"),
        including("core/wire/x.cc", "core/base/y.h"),
    ]),
}
