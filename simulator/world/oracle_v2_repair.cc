// V2: a corrupt replica is replaced before it goes, and an only copy is kept, however rotten.
#include <algorithm>

#include "simulator/world/oracles.h"
#include "simulator/world/orders.h"

namespace dfs::world {
namespace {

class Repair final : public Oracle {
 public:
  using Oracle::Oracle;

  void moving(Address node, BlockId block, sim::Folder from, sim::Folder /*to*/) override {
    if (from != sim::Folder::kCurrent) return;
    const ModelBlockState* state = scene_.durable.block(block);
    const BlockTruth* truth = scene_.atlas.find(block);
    if (state == nullptr || !state->referenced || !state->committed || truth == nullptr) return;
    if (!truth->rotten.contains(node)) return;
    bool replaced = !truth->good.empty() || truth->rotten.size() > 1;
    for (const auto& [lost, at] : truth->destroyed_us) {
      replaced = replaced || (lost != node && scene_.now_us() - at <= kForgiven.us);
    }
    scene_.verdicts.expect(replaced, "V2", [&] {
      return "node " + std::to_string(node) + " gives up the only copy of block " +
             std::to_string(block.value) + ", which is rotten: " + truth->describe();
    });
  }

  // Whatever can be read whole on a node that is well is whole on all of them.
  void at_rest() override {
    for (const auto& each : scene_.durable.inodes()) {
      const ModelInode& file = each.second;
      for (const ModelBlock& block : file.blocks) {
        const BlockTruth* truth = scene_.atlas.find(block.id);
        if (truth == nullptr || truth->good.empty() || scene_.only_ill_have(block.id)) continue;
        const auto rotten = std::ranges::find_if(
            truth->rotten, [this](Address node) { return !scene_.ill.contains(node); });
        scene_.verdicts.expect(rotten == truth->rotten.end(), "V2", [&] {
          return "block " + std::to_string(block.id.value) + " of " +
                 scene_.durable.path_of(file.id) + " still has a rotten replica on node " +
                 std::to_string(*rotten);
        });
      }
    }
  }
};

}  // namespace

std::unique_ptr<Oracle> make_v2(Scene& scene) { return std::make_unique<Repair>(scene); }

}  // namespace dfs::world
