"""Checks one law of the house on the sources, or shows that its check notices a planted violation.

    run.py check NAME ROOT [LIBRARY…]      exit status 1 and one line a violation
    run.py plant NAME [COMPILER]           exit status 1 if a plant goes unnoticed
    run.py list
Each module has LAWS: {name: (check(root), [(files, part of the message)…], [clean files…])}.
"""

import os
import sys
import tempfile

import ci
import determinism
import formatting
import hygiene
import layers
import messages
import mutation
import scenarios
import symbols

LAWS = {**ci.LAWS, **determinism.LAWS, **formatting.LAWS, **hygiene.LAWS, **layers.LAWS,
        **messages.LAWS, **mutation.LAWS,
        **scenarios.LAWS}


def in_temporary_tree(files, check):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return check(root)


def plant(name):
    check, plants, clean = LAWS[name]
    failures = []
    for files, message in plants:
        found = in_temporary_tree(files, check)
        if not any(message in line for line in found):
            failures.append(f"not noticed ({message!r}): {files}; found {found}")
    for files in clean:
        found = in_temporary_tree(files, check)
        if found:
            failures.append(f"wrongly noticed: {found}")
    print(f"{len(plants)} plants, {len(clean)} clean samples, {len(failures)} failures")
    return failures


def main(arguments):
    if arguments == ["list"]:
        print("\n".join(sorted(LAWS)))
        return 0
    action, name, *rest = arguments
    if name in symbols.LAWS:
        found = symbols.LAWS[name][action](*rest)
    elif action == "plant":
        found = plant(name)
    else:
        found = LAWS[name][0](*rest)
    print("\n".join(found) if found else f"{name}: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
