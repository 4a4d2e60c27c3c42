// apply() against a model: random commands, among them retries, give the same answers and the same
// tree (N1, N3, G2, G3), and the log of commands gives the same digest again (D3).
#include <rapidcheck.h>

#include "tests/namenode/namespace_bench.h"
#include "tests/namenode/namespace_model.h"
#include "tests/namenode/tree_check.h"

namespace dfs::namenode {
namespace {

struct Op {
  int kind = 0;
  std::size_t a = 0;
  std::size_t b = 0;
  bool flag = false;
  int client = 0;
};
std::ostream& operator<<(std::ostream& out, const Op& op) {
  return out << "{" << op.kind << ", " << op.a << ", " << op.b << ", " << op.flag << ", "
             << op.client << "}";
}

const std::vector<std::string> kPaths = {"/a",     "/b",     "/a/a",   "/a/b",   "/b/a",
                                         "/a/a/a", "/a/a/b", "/b/a/a", "/b/a/b", "/a/b/a"};

rc::Gen<Op> random_op() {
  return rc::gen::build<Op>(rc::gen::set(&Op::kind, rc::gen::weightedElement<int>({{3, 0},
                                                                                   {5, 1},
                                                                                   {4, 2},
                                                                                   {1, 3},
                                                                                   {3, 4},
                                                                                   {4, 5},
                                                                                   {1, 6},
                                                                                   {1, 7},
                                                                                   {2, 8},
                                                                                   {1, 9},
                                                                                   {1, 10}})),
                            rc::gen::set(&Op::a, rc::gen::inRange<std::size_t>(0, kPaths.size())),
                            rc::gen::set(&Op::b, rc::gen::inRange<std::size_t>(0, kPaths.size())),
                            rc::gen::set(&Op::flag, rc::gen::arbitrary<bool>()),
                            rc::gen::set(&Op::client, rc::gen::inRange(0, 2)));
}

class Race {
 public:
  void run(const Op& op) {
    const std::string& path = kPaths[op.a];
    const std::string& other = kPaths[op.b];
    switch (op.kind) {
      case 0:
        compare(wire::Mkdir{next(op), path, op.flag, 0755}, model.mkdir(path, op.flag));
        break;
      case 1:
        create(op, path);
        break;
      case 2:
        complete(op);
        break;
      case 3:
        if (const InodeId file = opened(op)) {
          compare(wire::Abandon{next(op), file}, model.abandon(file, op.client));
        }
        break;
      case 4:
        compare(wire::Remove{next(op), path, op.flag}, model.remove(path, op.flag));
        break;
      case 5:
        compare(wire::Rename{next(op), path, other, op.flag}, model.rename(path, other, op.flag));
        break;
      case 6:
        if (const InodeId file = opened(op)) {
          model.expire(file);
          bench.run(ExpireCommand{{file}});
        }
        break;
      case 7:
        bench.run(ReapCommand{16 + op.a * 3});
        break;
      case 8:
        retry(op);
        break;
      case 10:
        compare(wire::SetReplication{next(op), path, 1 + static_cast<std::uint32_t>(op.b)},
                model.file_at(path));
        break;
      default:
        bench.run(ForgetBlocksCommand{{bench.now.ms - 20}, 30});
    }
  }

  [[nodiscard]] std::map<std::string, std::string> shown(const std::string& directory = "/") {
    std::map<std::string, std::string> out;
    const wire::Reply reply = list(bench.store, {directory, "", 0});
    for (const wire::FileStatus& entry : std::get<wire::ListReply>(reply).entries) {
      const std::string at = (directory == "/" ? "" : directory) + "/" + entry.name;
      if (entry.type == FileType::kDirectory) {
        out[at] = "d";
        out.merge(shown(at));
      } else {
        out[at] = entry.under_construction
                      ? "w"
                      : std::to_string(entry.inode.value) + ":" + std::to_string(entry.length);
      }
    }
    return out;
  }

  NamespaceBench bench;
  NamespaceModel model;

 private:
  wire::Caller next(const Op& op) { return (op.client == 0 ? bench.ann : bench.bob).next(); }
  // Some file that was opened, perhaps long ago.
  InodeId opened(const Op& op) {
    return files_.empty() ? InodeId{} : files_[op.a % files_.size()].inode;
  }

  void compare(RequestCommand::Body body, Code expected) {
    sent_.push_back(body);
    answers_.push_back(bench.request(std::move(body)).reply);
    const Code code = code_of(answers_.back());
    if (code != expected) {
      RC_LOG() << "expected " << to_string(expected) << ", got " << to_string(code) << "\n";
    }
    RC_ASSERT(code == expected);
  }

  void create(const Op& op, const std::string& path) {
    wire::Create request;
    request.caller = next(op);
    request.path = path;
    request.overwrite = op.flag;
    request.blocks = static_cast<std::uint32_t>(op.b % 3);
    compare(request, model.create(path, op.client, op.flag));
    if (const auto* reply = std::get_if<wire::CreateReply>(&answers_.back())) {
      model.created(reply->inode);
      files_.push_back(*reply);
    }
  }
  void complete(const Op& op) {
    if (files_.empty()) return;
    const wire::CreateReply& file = files_[op.a % files_.size()];
    wire::Complete request;
    request.caller = next(op);
    request.inode = file.inode;
    for (std::size_t i = 0; i < file.blocks.size(); ++i) {
      const std::uint64_t length = 1 + op.b;
      request.commit.push_back(NamespaceBench::stored(file.blocks[i].block, i, length));
      request.length += length;
    }
    compare(request, model.complete(file.inode, op.client, request.length));
  }
  // An earlier request once more: the same answer, and nothing else but the position changes.
  void retry(const Op& op) {
    if (sent_.empty()) return;
    const std::size_t which = (op.a * 7 + op.b) % sent_.size();
    MetaRow before = bench.store.meta();
    const Outcome again = bench.request(sent_[which]);
    RC_ASSERT(again.replayed);
    RC_ASSERT(again.reply == answers_[which]);
    MetaRow after = bench.store.meta();
    before.applied = after.applied = 0;
    before.time = after.time = WallTime{};
    RC_ASSERT(before == after);
  }

  std::vector<wire::CreateReply> files_;
  std::vector<RequestCommand::Body> sent_;
  std::vector<wire::Reply> answers_;
};

TEST(Namespace, N1_BehavesAsTheModelDoes) {
  EXPECT_TRUE(rc::check([] {
    const auto ops = *rc::gen::container<std::vector<Op>>(random_op());
    Race race;
    for (const Op& op : ops) {
      race.run(op);
      RC_ASSERT(find_damage(race.bench.store) == "");
      RC_ASSERT(race.shown() == race.model.shown());
    }
  }));
}

TEST(Namespace, D3_TheLogOfCommandsGivesTheSameState) {
  EXPECT_TRUE(rc::check([] {
    const auto ops = *rc::gen::container<std::vector<Op>>(random_op());
    Race race;
    for (const Op& op : ops) race.run(op);
    Race again;
    sqlite::SqliteStore replayed{
        sqlite::Options{.file = ":memory:", .vfs = "", .fatal = [](const std::string& line) {
                          throw std::runtime_error(line);
                        }}};
    replayed.begin();
    for (const std::string& line : race.bench.log) {
      const Result<Command> command = command_from_text(line);
      RC_ASSERT(command.ok());
      static_cast<void>(apply(replayed, *command));
    }
    RC_ASSERT(digest_of(replayed) == digest_of(race.bench.store));
  }));
}

TEST(Namespace, NothingOfAVanishedWritersWorldIsLeftAfterReaping) {
  EXPECT_TRUE(rc::check([] {
    const auto ops = *rc::gen::container<std::vector<Op>>(random_op());
    Race race;
    for (const Op& op : ops) race.run(op);
    Store& store = race.bench.store;
    for (const PendingRow& pending : store.scan_pending(InodeId{}, 1000)) {
      race.bench.run(ExpireCommand{{pending.inode}});
    }
    static_cast<void>(race.bench.request(race.bench.remove("/a", true)));
    static_cast<void>(race.bench.request(race.bench.remove("/b", true)));
    race.bench.reap_all();
    race.bench.run(ForgetBlocksCommand{race.bench.now, 100'000});
    RC_ASSERT(store.scan_inodes(InodeId{}, 10).size() == 1u);
    RC_ASSERT(store.scan_blocks(BlockId{}, 10).empty());
    RC_ASSERT(store.scan_pending(InodeId{}, 10).empty());
    for (const InodeRow& root : store.scan_inodes(InodeId{}, 1)) {
      RC_ASSERT(root.sums == (wire::ContentSummary{0, 1, 0, 0}));
    }
  }));
}

}  // namespace
}  // namespace dfs::namenode
