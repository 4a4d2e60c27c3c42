"""Law 1 on the compiled archive: what libdfs_core.a asks of others, and that it keeps no state."""

import os
import re
import subprocess
import tempfile

# The standard library's data types, strings and algorithms; memory; exceptions; Boost.JSON;
# checksums; and what a failed assertion needs to say so and stop.
ALLOWED = re.compile("|".join([
    r"operator (new|delete)",
    r"__cxa_(allocate_exception|begin_catch|end_catch|free_exception|throw|rethrow|pure_virtual"
    r"|guard_\w+|atexit|throw_bad_array_new_length|bad_typeid|bad_cast|init_primary_exception)",
    r"__gxx_personality_v0", r"__(dynamic_cast|dso_handle|stack_chk_fail)", r"_Unwind_Resume",
    r"_GLOBAL_OFFSET_TABLE_", r"__cpu_model", r"__udivti3", r"__umodti3",
    r"(mem(cpy|move|set|cmp|chr)|bcmp|strlen|strcmp|strncpy|abort|__assert_fail)$",
    r"(strerror_r|vsnprintf)$",  # the text of a boost::system error
    r"(typeinfo|vtable)( name)? for (__cxxabiv1::|std::(exception|runtime_error|logic_error"
    r"|bad_\w+|out_of_range|length_error|invalid_argument|type_info|_Sp_counted_base))",
    r"(typeinfo|vtable)( name)? for (boost::(system|json|source_location)|dfs::|[\w ]*\*?$)",
    r"std::__throw_\w+", r"std::terminate", r"std::uncaught_exceptions?",
    r"std::__exception_ptr::", r"std::(current_exception|rethrow_exception|__once_\w+)",
    r"std::_Rb_tree_\w+", r"std::__detail::_List_node_base", r"std::__glibcxx_assert_fail",
    r"std::(__cxx11::)?basic_string<", r"std::(exception|logic_error|runtime_error|bad_\w+)::",
    r"std::(out_of_range|length_error|invalid_argument)::", r"std::(to|from)_chars",
    r"std::type_info::", r"std::nothrow", r"std::__atomic_futex", r"std::_Sp_make_shared_tag",
    r"boost::(json|system|container|throw_exception|source_location|core)::",
    r"boost::throw_exception", r"crc32_iscsi", r"CryptoPP::",
    r"fprintf$", r"__fprintf_chk$", r"stderr$", r"fwrite$",
]))
# Only the file of assertions prints.
PRINTS = re.compile(r"(fprintf|__fprintf_chk|stderr|fwrite|abort)$")
PRINTERS = {"assert.cc.o"}


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def undefined(archive):
    """(member, demangled symbol) for each symbol that the archive asks of others."""
    member, wanted, defined = "", [], set()
    for line in output("nm", "-C", archive).splitlines():
        if line.endswith(":"):
            member = line[:-1]
            continue
        match = re.match(r"[0-9a-f ]{16} ([A-Za-z]) (.*)", line)
        if not match:
            continue
        if match.group(1) in "Uwv":
            wanted.append((member, match.group(2)))
        else:
            defined.add(match.group(2))
    return [(m, s) for m, s in wanted if s not in defined]


def undefined_symbols(archive):
    found = []
    for member, symbol in undefined(archive):
        name = re.sub(r"@.*", "", symbol)
        if re.search(r"> boost::json::\S", name):
            continue  # a template's symbol begins with its return type
        if not ALLOWED.match(name):
            found.append(f"{member}: asks for {symbol}")
        elif PRINTS.match(name) and member not in PRINTERS:
            found.append(f"{member}: asks for {symbol}, which only assert.cc may")
    return found


# The mutant that is switched on: one process, one mutant.
STATE = {"dfs::(anonymous namespace)::active"}


def writable_data(archive):
    """Variables in .data or .bss: shared between worlds, carried from one run to the next."""
    found, member = [], ""
    for line in output("objdump", "-t", "-C", archive).splitlines():
        file = re.match(r"(\S+):\s+file format", line)
        if file:
            member = file.group(1)
        match = re.match(r"[0-9a-f]{16} .{7} (\.t?(?:data|bss)[\w.]*)\s+([0-9a-f]{16})\s+(.*)", line)
        if not match or match.group(1).startswith(".data.rel.ro") or match.group(1) == match.group(3):
            continue
        name = match.group(3)
        if int(match.group(2), 16) == 0 or name in STATE or "DW.ref.__gxx" in name:
            continue
        if re.search(r"\bk[A-Z]\w*$", name):
            continue  # a constant: g++ does not always call those with a constructor read-only
        found.append(f"{member}: {name} in {match.group(1)}")
    return found


def check(*archives):
    found = []
    for archive in archives:
        if os.path.basename(archive) == "libdfs_core.a":
            found += undefined_symbols(archive)
        found += writable_data(archive)
    return found


PLANTS = [
    ("#include <chrono>\nlong f() { return std::chrono::steady_clock::now().time_since_epoch()"
     ".count(); }", "std::chrono"),
    ("#include <cstdlib>\nint f() { return std::rand(); }", "rand"),
    ("#include <cstdlib>\nconst char* f() { return std::getenv(\"A\"); }", "getenv"),
    ("#include <cstdio>\nvoid f() { std::fprintf(stderr, \"x\\n\"); }", "assert.cc"),
    ("#include <iostream>\nvoid f() { std::cout << 1; }", "cout"),
    ("#include <unistd.h>\nint f() { return unlink(\"x\"); }", "unlink"),
    ("#include <fstream>\nvoid f() { std::ofstream(\"x\") << 1; }", "basic_ofstream"),
    ("int g_counter = 7;\nint f() { return ++g_counter; }", "g_counter"),
    ("int f() { static int calls; return ++calls; }", "calls"),
]
CLEAN = """
#include <map>
#include <memory>
#include <string>
#include <vector>
constexpr int kTable[] = {1, 2, 3};
std::string f(std::map<int, std::string>& m, std::vector<int>& v) {
  v.push_back(kTable[v.size() % 3]);
  return m[v.back()] + std::to_string(v.size());
}
"""


def compiled(compiler, text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.cc")
        archive = os.path.join(folder, "libdfs_core.a")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        output(compiler, "-std=c++20", "-O1", "-c", path, "-o", path + ".o")
        output("ar", "rc", archive, path + ".o")
        return check(archive)


def plant(compiler="c++"):
    failures = []
    for text, message in PLANTS:
        found = compiled(compiler, text)
        if not any(message in line for line in found):
            failures.append(f"not noticed ({message!r}): {text}; found {found}")
    found = compiled(compiler, CLEAN)
    if found:
        failures.append(f"wrongly noticed: {found}")
    print(f"{len(PLANTS)} plants, 1 clean sample, {len(failures)} failures")
    return failures


LAWS = {"symbols": {"check": check, "plant": plant}}
