"""Law 1 and the rules of simulation: no I/O, no clocks, no chance, the same on every compiler."""

import re

import source

# What core/ may include besides itself. Everything else, and so all I/O, is out.
CORE_INCLUDES = set("""
algorithm array bit bitset cctype charconv compare concepts cstddef cstdint cstdlib cstring deque
functional initializer_list iterator limits list map memory new numeric optional queue set span stack
string string_view tuple type_traits utility variant vector version
""".split()) | {"boost/json.hpp", "isa-l/crc.h", "cryptopp/crc.h"}
# A failed assertion prints its line.
CORE_INCLUDES_OF = {"core/base/assert.cc": {"cstdio"}}

# Never, in the simulation either.
BANNED_INCLUDES = set("""
atomic chrono condition_variable coroutine ctime filesystem fstream future iostream locale mutex
random semaphore shared_mutex stop_token thread time.h unordered_map unordered_set pthread.h
sys/socket.h sys/time.h netdb.h netinet/in.h httplib.h fcntl.h unistd.h
""".split())

# Stands in for the system's calls and needs their constants.
CONSTANTS_OF = {"adapters/sim/system.cc": {"fcntl.h"}}

# The simulator's one door to the machine that it runs on: the wall clock of --seconds, the processes
# of --jobs, the file of --plan. Nothing in a world can see through it.
HOST = re.compile(r"^simulator/host(_\w+)?\.(h|cc)$")

NEVER = {
    "random": r"\b(random_device|mt19937(_64)?|minstd_rand0?|default_random_engine"
              r"|\w+_distribution|random_shuffle)\b|\b(std|ranges)\s*::\s*shuffle\b",
    "clocks": r"\b(chrono|system_clock|steady_clock|high_resolution_clock|clock_gettime"
              r"|gettimeofday|timespec_get)\b",
    "threads": r"\bstd\s*::\s*(thread|jthread|mutex|\w+_mutex|condition_variable\w*|async|future"
               r"|promise|atomic\w*|call_once)\b|\bpthread_\w+|\bthread_local\b|\b__thread\b",
    "the environment": r"\b(getenv|secure_getenv|setlocale|localeconv|getpid|gethostname)\b",
    "files": r"\bstd\s*::\s*(filesystem|\w?fstream)\b|\b(fopen|freopen|tmpfile|mkstemp)\b",
    "unordered containers": r"\bunordered_(multi)?(map|set)\b|\bstd\s*::\s*hash\b",
    "the bits of a pointer": r"\bu?intptr_t\b",
    "ordering by pointer":
        r"\b(?:multi)?(?:map|set)\s*<\s*(?:const\s+)?[A-Za-z_][\w:]*\s*(?:const\s*)?\*"
        r"|\b(?:less|greater)\s*<\s*(?:const\s+)?[A-Za-z_][\w:]*\s*(?:const\s*)?\*",
    "the locale": r"\bstd\s*::\s*(locale|sto[fdl]+|isalpha|isalnum|isspace|toupper|tolower)\b"
                  r"|\b(strtod|strtof|atof)\b",
    "the time of the build": r"\b__(DATE|TIME|TIMESTAMP)__\b",
    "floating point": r"\b(float|double)\b",
}
# Names that are also good names of members: banned where they are called as free functions.
CALLS = r"(?<![\w.>:])(?:std\s*::\s*|::\s*)?(time|clock|rand|srand|system|sleep|usleep" \
        r"|nanosleep|socket)\s*\(|(?<!\w)::\s*(fork|random|connect|select|poll|open|read|write)\s*\("
# A declaration `Instant time(…)` or `void clock(…)` is not a call.
DECLARED = re.compile(r"[\w>&*]\s+\Z")
NOT_A_TYPE = re.compile(r"\b(return|co_return|co_await|else|case|throw|and|or|not)\s+\Z")

# `static` data that is not constant: state that two worlds in one process would share.
STATIC = r"(?<!\w)static\s+(?!constexpr\b|const\b|consteval\b|inline\s+constexpr\b|_assert\b)" \
         r"(?:[\w:<>,\s*&\[\]]+?)\s+\**\w+\s*(?:=|;|\{)"

CONDITIONALS = {"DFS_HAVE_ISAL", "DFS_MUTANTS"}


def calls(text):
    for line, match in source.find(text, CALLS):
        before = match.string[max(0, match.start() - 80):match.start()]
        if DECLARED.search(before) and not NOT_A_TYPE.search(before):
            continue
        yield line, match


def check_file(root, path):
    text = source.code(source.read(root, path))
    found = []
    in_core = path.startswith("core/")
    for line, name, _ in source.includes(text):
        if name.startswith(("core/", "adapters/", "simulator/")):
            continue
        if in_core and name not in CORE_INCLUDES | CORE_INCLUDES_OF.get(path, set()):
            found.append(f"{path}:{line}: core/ may not include <{name}>")
        elif name in BANNED_INCLUDES - CONSTANTS_OF.get(path, set()):
            found.append(f"{path}:{line}: <{name}> is banned here")
    for what, pattern in NEVER.items():
        for line, match in source.find(text, pattern):
            found.append(f"{path}:{line}: {what}: '{match.group(0).strip()}'")
    for line, match in calls(text):
        found.append(f"{path}:{line}: a call of {match.group(1) or match.group(2)}()")
    for line, match in source.find(text, STATIC):
        found.append(f"{path}:{line}: mutable static: '{' '.join(match.group(0).split())}'")
    return found


def deterministic(root):
    found = []
    for path in source.files(root, ["core", "adapters/sim", "simulator"]):
        if not HOST.match(path):
            found += check_file(root, path)
    return found


def one_protocol(root):
    """Law 2: core/ is the same everywhere, so it has no conditional compilation of its own."""
    found = []
    for path in source.files(root, ["core"]):
        text = source.code(source.read(root, path))
        for line, match in source.find(text, r"^[ \t]*#[ \t]*(?:el)?if(?:n?def)?\b([^\n]*)"):
            names = set(re.findall(r"[A-Za-z_]\w*", match.group(1))) - {"defined"}
            for name in sorted(names - CONDITIONALS):
                found.append(f"{path}:{line}: core/ is compiled conditionally on {name}")
    return found


def planted(include="", body="", path="core/base/x.cc"):
    return {path: f"#include <vector>\n{include}\nnamespace dfs {{\n{body}\n}}\n"}


LAWS = {
    "deterministic": (deterministic, [
        (planted("#include <chrono>"), "<chrono>"),
        (planted("#include <fstream>", path="adapters/sim/x.cc"), "<fstream>"),
        (planted("#include <random>", path="simulator/world/x.cc"), "<random>"),
        (planted("#include <iostream>", path="simulator/main.cc"), "<iostream>"),
        (planted("#include <sqlite3.h>"), "core/ may not include <sqlite3.h>"),
        (planted("#include <cstdio>"), "core/ may not include <cstdio>"),
        (planted(body="auto f() { return std::random_device{}(); }"), "random_device"),
        (planted(body="int f() { std::uniform_int_distribution<int> d; }"), "distribution"),
        (planted(body="auto f() { return std::chrono::steady_clock::now(); }"), "clocks"),
        (planted(body="auto f() { return time(nullptr); }"), "a call of time()"),
        (planted(body="auto f() { return std::time(nullptr); }"), "a call of time()"),
        (planted(body="auto f() { x = ::rand(); }"), "a call of rand()"),
        (planted(body='auto f() { return getenv("HOME"); }'), "getenv"),
        (planted(body="std::mutex m;"), "threads"),
        (planted(body="thread_local int x;"), "thread_local"),
        (planted(body="std::unordered_map<int, int> m;"), "unordered_map"),
        (planted(body="std::map<const Inode*, int> m;"), "ordering by pointer"),
        (planted(body="std::set<dfs::Node *> s;"), "ordering by pointer"),
        (planted(body="auto f(void* p) { return reinterpret_cast<std::uintptr_t>(p); }"),
         "uintptr_t"),
        (planted(body="double ratio = 0.5;"), "floating point"),
        (planted(body="static int counter = 0;"), "mutable static"),
        (planted(body="int f() { static std::vector<int> cache; return 0; }"), "mutable static"),
        (planted(body="void f() { socket(1, 2, 3); }", path="adapters/sim/x.cc"), "socket"),
        (planted(body="int f() { return ::fork(); }", path="simulator/main.cc"), "fork"),
    ], [
        planted(body="Random a = fork(1); Random fork(int key);"),
        planted(body='// time(nullptr), <chrono>\n/* double */ const char* k = "rand()";\n'
                     "Instant time(int x);\nint n = meta.time(); int v = a->clock();\n"
                     "static constexpr int kOne = 1'000; static int helper(int x);\n"
                     "static_assert(sizeof(int) == 4); std::map<int, Inode*> by_id;\n"
                     'const char* r = R"(std::mutex)"; char c = \'"\';  // "\n'),
        planted("#include <chrono>", "auto now() { return std::chrono::steady_clock::now(); }",
                "simulator/host.cc"),
        planted("#include <thread>", "std::thread t;", "adapters/http/x.cc"),
    ]),
    "one_protocol": (one_protocol, [
        (planted(body="#ifdef DFS_SIMULATION\n#endif"), "DFS_SIMULATION"),
        (planted(body="#if defined(__linux__) && DFS_FAST\n#endif"), "DFS_FAST"),
    ], [planted(body="#if defined(DFS_MUTANTS)\n#else\n#endif")]),
}
