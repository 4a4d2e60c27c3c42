// C4: a writer that has vanished leaves no pending file after the lease limit, and no blocks; what
// came to nothing leaves no temporary file.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Abandoned final : public Oracle {
 public:
  using Oracle::Oracle;

  void at_rest() override {
    judge_disks();
    namenode::Store* store = scene_.namenode->store();
    if (store == nullptr) return;
    scene_.verdicts.checked("C4");
    for (const namenode::PendingRow& pending : store->scan_pending(InodeId{}, 10)) {
      scene_.verdicts.violated("C4", pending.path + " is still being written, by nobody");
    }
    for (BlockId after{};;) {
      const std::vector<namenode::BlockRow> blocks = store->scan_blocks(after, 1000);
      if (blocks.empty()) return;
      for (const namenode::BlockRow& block : blocks) {
        scene_.verdicts.expect(block.state != namenode::BlockState::kAllocated, "C4", [&] {
          return "block " + std::to_string(block.id.value) + " is still allocated to a writer";
        });
      }
      after = blocks.back().id;
    }
  }

 private:
  // For the sake of DataNodes that are ill copies are tried again and again.
  void judge_disks() {
    if (!scene_.ill.empty()) return;
    for (const sim::DataNodeNode* node : scene_.datanodes) {
      for (std::uint32_t volume = 0; volume < node->volumes(); ++volume) {
        const std::size_t left = node->disk(volume).temporaries();
        scene_.verdicts.expect(left == 0, "C4", [&] {
          return "node " + std::to_string(node->address()) + " has " + std::to_string(left) +
                 " temporary files that nobody writes";
        });
      }
    }
  }
};

}  // namespace

std::unique_ptr<Oracle> make_c4(Scene& scene) { return std::make_unique<Abandoned>(scene); }

}  // namespace dfs::world
