// D3: what a NameNode finds on its disk equals the replay of the committed commands, by digest. The
// replay is the one that rescues a NameNode: from the commands' text, as it is shipped to
// DataNodes.
#include "adapters/sqlite/store.h"
#include "core/base/assert.h"
#include "core/namenode/rescue.h"
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Restart final : public Oracle {
 public:
  using Oracle::Oracle;

  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    if (scene_.plan.replay) waiting_.push_back({outcome.position, namenode::to_text(command)});
  }

  void namenode_starts(namenode::Store& store) override {
    if (!scene_.plan.replay) return;
    if (scene_.restores > 0) return;  // the history was cut: the replay cannot be
    const namenode::Position applied = store.meta().applied;
    if (!replay_) {
      replay_ = std::make_unique<sqlite::SqliteStore>(sqlite::Options{
          .file = ":memory:", .vfs = "", .fatal = [](const std::string&) { DFS_ASSERT(false); }});
    }
    const namenode::MetaRow meta = replay_->meta();
    wire::Journal journal;
    journal.checkpoint.cluster = meta.cluster;
    journal.checkpoint.epoch = meta.epoch;
    for (const auto& [position, command] : waiting_) {
      if (position <= applied) journal.lines.push_back({position, command});
    }
    const namenode::Replay done = namenode::replay(*replay_, journal);
    waiting_.clear();  // those beyond `applied` were lost before anybody heard of them
    if (applied == 0) return;
    scene_.verdicts.expect(done.problem.ok(), "D3", [&] { return done.problem.message(); });
    scene_.verdicts.expect(namenode::digest_of(store) == namenode::digest_of(*replay_), "D3", [&] {
      return "the state restored at command " + std::to_string(applied) +
             " is not that of the replayed commands";
    });
  }

 private:
  std::unique_ptr<sqlite::SqliteStore> replay_;
  std::vector<std::pair<namenode::Position, std::string>> waiting_;
};

}  // namespace

std::unique_ptr<Oracle> make_d3(Scene& scene) { return std::make_unique<Restart>(scene); }

}  // namespace dfs::world
