"""Every message of core/wire/ is in the round-trip test: no struct with fields() is left out."""

import re

import source

ROUND_TRIP = "tests/wire/roundtrip_test.cc"
VARIANTS = "core/wire/requests.h"  # the test is generic over these


def every_message_round_trips(root):
    tested = set(re.findall(r"\w+", source.code(source.read(root, VARIANTS)) +
                            source.code(source.read(root, ROUND_TRIP))))
    found = []
    for path in source.files(root, ["core/wire"], (".h",)):
        code = source.code(source.read(root, path))
        for line, match in source.find(code, r"^struct (\w+)[^;{]*\{"):
            body = code[code.index(match.group(0)):].split("\n};", 1)[0]
            if re.search(r"\bfields\s*\(", body) and match.group(1) not in tested:
                found.append(f"{path}:{line}: {match.group(1)} is not in {ROUND_TRIP}")
    return found


def tree(message, others):
    return {"core/wire/x.h": message, VARIANTS: "using Request = std::variant<Mkdir>;\n",
            ROUND_TRIP: f"using Others = std::variant<{others}>;\n"}


MESSAGE = ("struct Extra {\n  int a;\n  template <class Self, class V>\n"
           "  static void fields(Self& self, V&& visit) {\n    visit(\"a\", self.a);\n  }\n};\n"
           "struct Plain {\n  int b;\n};\n")
LAWS = {
    "every_message_round_trips": (every_message_round_trips, [
        (tree(MESSAGE, "Mkdir"), "core/wire/x.h:1: Extra"),
    ], [tree(MESSAGE, "Extra")]),
}
