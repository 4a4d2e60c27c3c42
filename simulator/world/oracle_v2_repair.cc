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
        const auto rotten = std::ranges::find_if(truth->rotten, [&](Address node) {
          return !scene_.ill.contains(node) && !kept_meanwhile(node, file.replication, *truth);
        });
        scene_.verdicts.expect(rotten == truth->rotten.end(), "V2", [&] {
          return "block " + std::to_string(block.id.value) + " of " +
                 scene_.durable.path_of(file.id) + " still has a rotten replica on node " +
                 std::to_string(*rotten);
        });
      }
    }
  }

 private:
  // A node that leaves, where no copy is put any more, keeps what may serve a rebuild while the
  // block waits for a node in service that is ill.
  [[nodiscard]] bool kept_meanwhile(Address node, std::uint32_t replication,
                                    const BlockTruth& truth) const {
    const std::map<Address, NodeId> staying = scene_.in_service();
    if (staying.contains(node)) return false;
    const auto good = std::ranges::count_if(truth.good, [&](Address each) {
      return staying.contains(each) && !scene_.ill.contains(each);
    });
    return static_cast<std::uint64_t>(good) <
           std::min<std::uint64_t>(replication, scene_.counted_on());
  }
};

}  // namespace

std::unique_ptr<Oracle> make_v2(Scene& scene) { return std::make_unique<Repair>(scene); }

}  // namespace dfs::world
