// F1: a NameNode that its disk has told of an error says nothing more, and what one finds on its
// disk when it starts, and answers from a disk that was damaged, is what the committed commands
// made of it, unaltered.
#include <algorithm>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

constexpr std::size_t kRowsAtOnce = 1000;

class FailStop final : public Oracle {
 public:
  using Oracle::Oracle;

  void namenode_starts(namenode::Store& store) override {
    if (store.meta().applied == 0) return;
    scene_.verdicts.expect(store.meta().applied == scene_.durable.position(), "F1", [&] {
      return "it starts with command " + std::to_string(store.meta().applied) + " instead of " +
             std::to_string(scene_.durable.position());
    });
    for (const auto& entry : scene_.durable.inodes()) {
      const ModelInode& inode = entry.second;
      const std::string wrong = difference(store, inode);
      scene_.verdicts.expect(wrong.empty(), "F1", [&] {
        return "it starts with inode " + std::to_string(inode.id.value) + " altered: " + wrong;
      });
    }
    for (const auto& entry : scene_.durable.writers()) {
      const auto& writer = entry.second;
      const auto row = store.pending(entry.first);
      scene_.verdicts.expect(row && row->parent == writer.parent && row->name == writer.name &&
                                 row->client == writer.client,
                             "F1",
                             [&] { return "it starts without the writer of " + writer.name; });
    }
  }

  // A log that a power loss cut short, whatever errors came before it, is not a damaged one.
  void namenode_gave_up(const std::string& line) override {
    const std::size_t log = line.find("the write-ahead log");
    const bool refused = log != std::string::npos && line.find("is damaged", log) != line.npos;
    scene_.verdicts.expect(!refused || scene_.namenode_damage != NameNodeDamage::kNone, "F1",
                           [&] { return "it refuses a log that nothing damaged: " + line; });
  }

  void answered(const wire::Request& request, const wire::Reply& reply, bool) override {
    scene_.verdicts.expect(scene_.namenode_errors() == 0, "F1", [] {
      return std::string("it answers although its disk has told it of an error");
    });
    if (scene_.namenode_damage == NameNodeDamage::kNone) return;
    if (code_of(reply) == Code::kUnavailable) return;
    const std::optional<std::string> wrong = scene_.applied.disagreement(request, reply);
    scene_.verdicts.expect(!wrong, "F1",
                           [&] { return "an answer from a damaged disk is wrong: " + *wrong; });
  }

 private:
  // What the stored inode has other than the model, "" if nothing.
  [[nodiscard]] std::string difference(namenode::Store& store, const ModelInode& inode) const {
    const std::optional<namenode::InodeRow> row = store.inode(inode.id);
    if (!row) return "it is not there";
    if (row->name != inode.name || row->parent != inode.parent) return "its place";
    if (inode.directory) {
      const std::vector<namenode::EntryRow> entries = store.scan_entries(inode.id, "", kRowsAtOnce);
      const bool same =
          std::equal(entries.begin(), entries.end(), inode.entries.begin(), inode.entries.end(),
                     [](const auto& stored, const auto& known) {
                       return stored.name == known.first && stored.inode == known.second;
                     });
      return same ? "" : "its entries";
    }
    if (row->length != inode.length || row->block_size != inode.block_size) return "its length";
    if (row->replication != inode.replication) return "its replication";
    const std::vector<namenode::FileBlockRow> blocks =
        store.scan_file_blocks(inode.id, 0, kRowsAtOnce);
    const bool same =
        std::equal(blocks.begin(), blocks.end(), inode.blocks.begin(), inode.blocks.end(),
                   [&](const namenode::FileBlockRow& stored, const ModelBlock& known) {
                     const std::optional<namenode::BlockRow> block = store.block(stored.block);
                     const ModelBlockState* state = scene_.durable.block(known.id);
                     return stored.block == known.id && stored.visible_length == known.length &&
                            block && state != nullptr && block->length == state->info.length &&
                            block->crc == state->info.crc;
                   });
    return same ? "" : "its blocks";
  }
};

}  // namespace

std::unique_ptr<Oracle> make_f1(Scene& scene) { return std::make_unique<FailStop>(scene); }

}  // namespace dfs::world
