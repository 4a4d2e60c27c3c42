// D1: what a released completion promised is on disks: enough copies made it, and one always
// remains.
#include <algorithm>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Durable final : public Oracle {
 public:
  using Oracle::Oracle;

  // Whoever is named as having stored a block has published it durably at some time.
  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    const auto* request = std::get_if<namenode::RequestCommand>(&command.body);
    if (request == nullptr || std::holds_alternative<Status>(outcome.reply) || outcome.replayed) {
      return;
    }
    if (const auto* allocate = std::get_if<wire::Allocate>(&request->body)) {
      check(allocate->inode, allocate->commit);
    } else if (const auto* complete = std::get_if<wire::Complete>(&request->body)) {
      check(complete->inode, complete->commit);
    }
  }

  void disks_changed(Address /*node*/) override {
    for (const auto& [id, file] : scene_.durable.inodes()) {
      for (const ModelBlock& block : file.blocks) somewhere(block.id);
    }
  }
  void purging(Address node, BlockId block) override {
    if (scene_.given_up.contains(block)) return;
    const ModelBlockState* state = scene_.durable.block(block);
    if (state == nullptr || !state->referenced || !state->committed) return;
    if (scene_.given_up.contains(block)) return;
    const BlockTruth* truth = scene_.atlas.find(block);
    const bool others =
        truth != nullptr && (!truth->good.empty() || truth->kept.size() > truth->kept.count(node));
    scene_.verdicts.expect(others, "D1", [&] {
      return "node " + std::to_string(node) + " purges the last good copy of block " +
             std::to_string(block.value);
    });
  }

  // What is gone is listed, and nothing else is.
  void fsck_done(const std::vector<wire::FileHealth>& unhealthy) override {
    std::map<InodeId, std::uint64_t> listed;
    for (const wire::FileHealth& file : unhealthy) {
      listed[file.inode] += file.corrupt + file.missing;
    }
    for (const auto& entry : scene_.durable.inodes()) {
      const ModelInode& file = entry.second;
      if (file.directory) continue;
      const auto gone = static_cast<std::uint64_t>(
          std::count_if(file.blocks.begin(), file.blocks.end(),
                        [&](const ModelBlock& block) { return scene_.gone(block.id); }));
      if (gone > 0) scene_.verdicts.probe("lost block listed by fsck");
      // What only ill nodes have is missing as long as the NameNode does not hear of them.
      const auto away = static_cast<std::uint64_t>(
          std::count_if(file.blocks.begin(), file.blocks.end(),
                        [&](const ModelBlock& block) { return scene_.only_ill_have(block.id); }));
      const bool right = gone <= listed[file.id] && listed[file.id] <= gone + away;
      scene_.verdicts.expect(right, "D1", [&] {
        return "fsck lists " + std::to_string(listed[file.id]) + " blocks of " +
               scene_.durable.path_of(file.id) + " as corrupt or missing instead of " +
               std::to_string(gone);
      });
    }
  }

  void all_read(const std::vector<std::string>& failed, std::uint64_t files) override {
    scene_.verdicts.checked("D1", files);
    for (const std::string& line : failed) scene_.verdicts.violated("D1", "unreadable: " + line);
  }

 private:
  void check(InodeId version, const std::vector<wire::CommittedBlock>& commits) {
    const ModelWriter* writer = scene_.applied.writer(version);
    for (const wire::CommittedBlock& commit : commits) {
      const BlockTruth* truth = scene_.atlas.find(commit.info.id);
      std::uint64_t stored = 0;
      for (const NodeId node : commit.stored) {
        const bool made_it = truth != nullptr && truth->published.contains(node);
        scene_.verdicts.expect(made_it, "D1", [&] {
          return "block " + std::to_string(commit.info.id.value) + " was acknowledged by node " +
                 std::to_string(scene_.address_of(node)) + ", which never made it durable";
        });
        if (made_it) ++stored;
      }
      const std::uint64_t needed = writer == nullptr ? 1 : std::min(2u, writer->replication);
      scene_.verdicts.expect(stored >= needed, "D1", [&] {
        return "block " + std::to_string(commit.info.id.value) + " was committed with " +
               std::to_string(stored) + " durable copies instead of " + std::to_string(needed);
      });
    }
  }

  void somewhere(BlockId block) {
    // A disk that fails is out of service, and what it has comes back with it.
    if (scene_.given_up.contains(block) || scene_.only_ill_have(block)) return;
    const BlockTruth* truth = scene_.atlas.find(block);
    scene_.verdicts.expect(
        truth != nullptr && truth->good.size() + truth->kept.size() > 0, "D1",
        [&] { return "no good copy of block " + std::to_string(block.value) + " is on any disk"; });
  }
};

}  // namespace

std::unique_ptr<Oracle> make_d1(Scene& scene) { return std::make_unique<Durable>(scene); }

}  // namespace dfs::world
