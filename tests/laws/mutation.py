"""Who may change what: apply the namespace, the fence the fate of replicas, the disk adapter files."""

import re

import source

# Law 5. Hints are soft state that happens to be stored: the block map keeps them.
STORE_CALL = r"(?:\.|->)\s*((?:put|erase)_(?:meta|inode|entry|pending|block|file_block|reap|datanode" \
             r"|request|client|hint|hints))\s*\("
NAMESPACE = "core/namenode/namespace/"
BLOCKS = "core/namenode/blocks/"
# Calls that only a mutant makes: N2-resurrect-from-report puts a forgotten block back.
MUTANTS = {"core/namenode/blocks/reconcile.cc": 1}


def only_apply_mutates(root):
    found = []
    for path in source.files(root, ["core", "adapters", "cli", "simulator"]):
        if path.startswith(NAMESPACE):
            continue
        mutants = MUTANTS.get(path, 0)
        for line, match in source.find(source.code(source.read(root, path)), STORE_CALL):
            if path.startswith(BLOCKS) and "_hint" in match.group(1):
                continue
            if mutants > 0:
                mutants -= 1
                continue
            found.append(f"{path}:{line}: {match.group(1)}() outside {NAMESPACE}")
    return found


# The fence alone makes an order of deletion. Others may look at a kind (case, ==), ask the fence for
# one, and ask what is pending.
FENCE = re.compile(r"^core/namenode/blocks/fence\.(h|cc)$")
WIRE = re.compile(r"^core/wire/datanode_messages\.(h|cc)$")
ASKED_OF = {"fence", "pending", "count", "nodes_of"}
RECORDS = {
    "core/namenode/blocks/ledger.h",      # what was ordered, and why
    "core/namenode/blocks/order_book.cc", # the sequence in which a heartbeat's answer is filled
}
# A DataNode moves a replica away by itself only if it has another one of the block on another volume.
SPARES = {"core/datanode/tasks.cc": "kQuarantine"}
COPIED_KIND = r"\bkind\s*=\s*(?!=)(?:[\w:]*\bOrderKind\s*::\s*(?P<kind>\w+)|(?P<other>[^;,}]+))"


def enclosing_call(text, position):
    """The name before the innermost open parenthesis at `position`, or ""."""
    depth = 0
    for i in range(position - 1, max(0, position - 2000), -1):
        if text[i] == ")":
            depth += 1
        elif text[i] == "(":
            if depth == 0:
                return re.search(r"(\w*)\s*\Z", text[:i]).group(1)
            depth -= 1
        elif text[i] == ";" and depth == 0:
            return ""
    return ""


def only_the_fence_deletes(root):
    found = []
    for path in source.files(root, ["core", "adapters", "cli", "simulator"]):
        if FENCE.match(path) or WIRE.match(path):
            continue
        text = source.code(source.read(root, path))
        if re.search(r"\busing\s+enum\s+[\w:]*OrderKind\b", text):
            found.append(f"{path}: using enum OrderKind hides who orders deletions")
        for line, match in source.find(text, r"(?:\b\w+\s*::\s*)*\bOrderKind\s*::\s*(kQuarantine|kPurge)\b"):
            before = match.string[:match.start()].rstrip()
            after = match.string[match.end():].lstrip()
            looks = re.search(r"(\bcase|[=!]=)\Z", before) or after.startswith(("==", "!="))
            asks = enclosing_call(match.string, match.start()) in ASKED_OF
            spare = SPARES.get(path) == match.group(1)
            if not looks and not asks and not spare and path not in RECORDS:
                found.append(f"{path}:{line}: {match.group(1)} outside the fence "
                             "(core/namenode/blocks/fence.*)")
        if path.startswith("core/namenode/"):
            for line, match in source.find(text, r"\border\." + COPIED_KIND):
                if match.group("other"):
                    found.append(f"{path}:{line}: an order's kind from a variable")
    return found


# Law 8 and the fence: files that unlink, each with what it unlinks. No other may.
UNLINKERS = {
    "adapters/disk/system.cc",       # the seam: the system call itself
    "adapters/disk/quarantine.cc",   # purges, and the second name of what it moved
    "adapters/disk/replica_write.cc",  # a temporary file that was not published
    "adapters/disk/scan.cc",         # temporary files that a crash left
    "adapters/disk/metadata_home.cc",  # superseded checkpoints and shipped batches
    "adapters/disk/volume.cc",       # its own probe of a disk's health
    "adapters/sqlite/rescue.cc",     # its own unfinished database
    "cli/cluster_command.cc",        # pid files
    "cli/local_file.cc",             # a local file that a get did not finish
    "adapters/http/client_source.cc",  # the name of its own temporary file
    "adapters/http/metadata_shipping.cc",  # the NameNode's own copy of a checkpoint
}
UNLINK = r"\b(unlink|unlinkat|rmdir|remove_all)\s*\(|(?:\bstd\s*::\s*|\bfilesystem\s*::\s*" \
         r"|\bfs\s*::\s*|(?<![\w.>:]))(remove)\s*\("


def only_purge_unlinks(root):
    found = []
    for path in source.files(root, ["adapters", "cli"]):  # core/ does no I/O at all: law 1
        if path in UNLINKERS or path.startswith("adapters/sim/"):  # no real files there: law 1
            continue
        for line, match in source.find(source.code(source.read(root, path)), UNLINK):
            before = match.string[max(0, match.start() - 80):match.start()]
            if re.search(r"[\w>&*]\s+\Z", before) and not re.search(r"\breturn\s+\Z", before):
                continue  # a declaration
            arguments = match.string[match.end():match.end() + 200]
            if match.group(2) and re.match(r"[^;]*\bend\s*\(", arguments):
                continue  # the algorithm std::remove(begin, end, value)
            found.append(f"{path}:{line}: {match.group(1) or match.group(2)}() in a file that "
                         "tests/laws/mutation.py does not list")
    return found


LAWS = {
    "only_apply_mutates": (only_apply_mutates, [
        ({"core/namenode/blocks/x.cc": "void f(S& s) { s.put_block(row); }"}, "put_block"),
        ({"core/namenode/plan.cc": "void f(S* s) { s->erase_inode(id); }"}, "erase_inode"),
        ({"adapters/http/x.cc": "void f(S* s) { s->put_hint(b, n); }"}, "put_hint"),
    ], [
        {"core/namenode/namespace/x.cc": "void f(S& s) { s.put_block(row); }"},
        {"core/namenode/blocks/x.cc": "void f(S& s) { s.put_hint(b, n); s.erase_hints(b); }"},
    ]),
    "only_the_fence_deletes": (only_the_fence_deletes, [
        ({"core/namenode/blocks/x.cc": "void f() { order.kind = wire::OrderKind::kPurge; }"},
         "kPurge"),
        ({"core/namenode/blocks/x.cc": "void f() { order.kind = kind; }"}, "from a variable"),
        ({"core/namenode/blocks/ledger.h": "void f() { order.kind = request.kind; }"},
         "from a variable"),
        ({"core/namenode/blocks/x.cc": "void f() { place(node, {OrderKind::kPurge, block}); }"},
         "kPurge"),
        ({"core/datanode/tasks.cc": "start(OrderKind::kPurge, own, volume);"}, "kPurge"),
        ({"core/namenode/x.cc": "using enum wire::OrderKind;"}, "using enum"),
        ({"core/namenode/x.cc": "auto o = make(OrderKind::kQuarantine, b);"}, "kQuarantine"),
    ], [
        {"core/namenode/blocks/x.cc": "auto v = fence(soft, {id, info(x), OrderKind::kPurge, {}});"
                                      "if (orders.pending(id, OrderKind::kQuarantine)) {}"
                                      "order.kind = OrderKind::kVerify;"},
        {"core/datanode/tasks.cc": "start(OrderKind::kQuarantine, own, spare->volume);"},
        {"core/namenode/blocks/fence.cc": "void f() { order.kind = wire::OrderKind::kPurge; }"},
        {"core/datanode/x.cc": "switch (k) { case wire::OrderKind::kPurge: break; }\n"
                               "bool b = k == OrderKind::kQuarantine || OrderKind::kPurge != k;"},
    ]),
    "only_purge_unlinks": (only_purge_unlinks, [
        ({"adapters/http/x.cc": "void f() { ::unlink(p); }"}, "unlink"),
        ({"cli/x.cc": "void f() { std::filesystem::remove(p); }"}, "remove"),
        ({"adapters/disk/other.cc": "void f() { unlinkat(d, p, 0); }"}, "unlinkat"),
    ], [{"cli/x.cc": "void f() { client.remove(path); v.erase(std::remove(v.begin(), v.end(), 1)); }"
                     "Status remove(Path p); // unlink(p)"}]),
}
