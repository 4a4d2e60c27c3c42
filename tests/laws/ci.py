"""The README's two commands are what CI runs, and one file names the packages for everybody."""

import re

import source

HEADING = "## Two commands"


def readme_commands(root):
    """The lines of the sh blocks in the README's section of the two commands."""
    text = source.read(root, "README.md")
    section = re.search(rf"^{HEADING}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"```sh\n(.*?)```", section.group(1), re.DOTALL) if section else []
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def ci_runs_the_readme(root):
    commands = readme_commands(root)
    if len(commands) != 2:
        return [f"README.md: '{HEADING}' has {len(commands)} commands, not 2: {commands}"]
    lines = [line for line in source.read(root, ".ci/run").splitlines()
             if line.strip() and not line.startswith("#")]
    frame = ["set -euo pipefail", 'cd "$(dirname "$0")/.."']
    if lines != frame + commands:
        return [f".ci/run: after {frame} it must run exactly {commands}; it has {lines}"]
    return []


def one_package_list(root):
    """Only packages.txt names packages: scripts/install-packages reads it for all others."""
    text = re.sub(r"#.*", "", source.read(root, "packages.txt"))
    names = re.findall(r"\S+-dev\b", text)
    found = []
    for path in ["quickstart", "run-tests", "Dockerfile", ".ci/run", "scripts/install-packages",
                 "README.md", "docker-compose.yml"]:
        text = source.read(root, path)
        found += [f"{path}: names the package {name}" for name in names if name in text]
    if "scripts/install-packages" not in source.read(root, "Dockerfile"):
        found.append("Dockerfile: does not use scripts/install-packages")
    return found


README = f"# x\n\n{HEADING}\n\nText.\n\n```sh\n./one\n```\n\nMore.\n\n```sh\n./two\n```\n\n## Next\n" \
         "```sh\n./three\n```\n"
RUN = '#!/bin/bash\n# Comment.\nset -euo pipefail\ncd "$(dirname "$0")/.."\n./one\n./two\n'
SAMPLE = {"packages.txt": "build libx-dev | liby-dev  # why\n", "quickstart": "", "run-tests": "",
          "Dockerfile": "RUN scripts/install-packages\n", ".ci/run": RUN, "README.md": README,
          "scripts/install-packages": "", "docker-compose.yml": ""}

LAWS = {
    "ci_runs_the_readme": (ci_runs_the_readme, [
        ({"README.md": README, ".ci/run": RUN + "./three\n"}, "exactly"),
        ({"README.md": README, ".ci/run": RUN.replace("./two", "./two --quick")}, "exactly"),
        ({"README.md": README.replace("./one\n", ""), ".ci/run": RUN}, "has 1 commands"),
    ], [{"README.md": README, ".ci/run": RUN}]),
    "one_package_list": (one_package_list, [
        ({**SAMPLE, "Dockerfile": "RUN scripts/install-packages && apt-get install liby-dev\n"},
         "Dockerfile: names the package liby-dev"),
        ({**SAMPLE, "Dockerfile": "RUN true\n"}, "does not use"),
    ], [SAMPLE]),
}
