"""Reads C++ sources as the laws see them: without comments and without the text of literals."""

import os
import re

CPP = (".h", ".cc", ".cpp", ".hpp")
SKIPPED_DIRECTORIES = {".git", ".cache", "__pycache__"}


def files(root, folders, endings=CPP):
    """Paths below `folders`, relative to `root`, sorted; build directories are never among them."""
    found = []
    for folder in folders:
        for directory, names, entries in os.walk(os.path.join(root, folder)):
            names[:] = [n for n in names
                        if n not in SKIPPED_DIRECTORIES and not re.match(r"build(-|$)", n)]
            found += [os.path.relpath(os.path.join(directory, entry), root)
                      for entry in entries if entry.endswith(endings)]
    return sorted(set(found))


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


# In this order: raw strings before strings, a digit separator (1'000) before a character.
TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<include>^[ \t]*\#[ \t]*include[^\n]*)
      | (?P<raw>R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<separator>(?<=[0-9a-fA-F])'(?=[0-9a-fA-F]))
      | (?P<character>'(?:\\.|[^'\\\n])+')""",
    re.VERBOSE | re.DOTALL | re.MULTILINE)


def code(text):
    """`text` with comments blank and literals empty; every line keeps its number."""
    def replace(match):
        newlines = "\n" * match.group(0).count("\n")
        if match.lastgroup == "include" or match.group("include"):
            return match.group(0).split("//")[0]
        if match.group("comment"):
            return " " + newlines
        if match.group("separator"):
            return ""
        return ('""' if match.group(0)[0] in 'R"' else "''") + newlines
    return TOKEN.sub(replace, text)


def includes(code_text):
    """(line, name, is it in angle brackets) of every #include."""
    return [(line_of(code_text, m.start()), m.group(2), m.group(1) == "<")
            for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', code_text,
                                 re.MULTILINE)]


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def find(code_text, pattern):
    """(line, match) of every match in the code; includes are looked at by includes() alone."""
    without = re.sub(r"^[ \t]*#[ \t]*include[^\n]*", "", code_text, flags=re.MULTILINE)
    return [(line_of(without, m.start()), m) for m in re.finditer(pattern, without, re.MULTILINE)]
