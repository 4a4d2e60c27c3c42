"""Every source is as clang-format writes it. Versions differ: .clang-format is for FOR_VERSION."""

import os
import re
import subprocess

import source

FOR_VERSION = 14


def formatted(root):
    paths = source.files(root, ["core", "adapters", "cli", "simulator", "tests", "bench"])
    style = os.path.join(os.path.dirname(__file__), "..", "..", ".clang-format")
    run = subprocess.run(["clang-format", f"--style=file:{style}", "--dry-run", *paths], cwd=root,
                         capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return [run.stderr.strip()]
    return sorted(set(re.findall(r"^(\S+:\d+):\d+: warning: (?=code should be)", run.stderr,
                                 re.MULTILINE)))


LAWS = {"formatted": (formatted, [
    ({"core/base/x.h": "int  x;\n"}, "core/base/x.h:1"),
], [{"core/base/x.h": "int x;\n"}])}
