// C4: a writer that has vanished leaves no pending file after the lease limit, and no blocks.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Abandoned final : public Oracle {
 public:
  using Oracle::Oracle;

  void at_rest() override {
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
};

}  // namespace

std::unique_ptr<Oracle> make_c4(Scene& scene) { return std::make_unique<Abandoned>(scene); }

}  // namespace dfs::world
