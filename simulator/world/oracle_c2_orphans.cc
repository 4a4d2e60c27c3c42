// C2: at rest the replicas on disks of nodes that are well are exactly those that the namespace
// implies.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Orphans final : public Oracle {
 public:
  using Oracle::Oracle;

  void at_rest() override {
    for (const auto& each : scene_.atlas.blocks()) {
      const BlockId block = each.first;
      const BlockTruth& truth = each.second;
      const auto holder = std::ranges::find_if(scene_.datanodes, [&](const auto* node) {
        return truth.present(node->address()) && !scene_.ill.contains(node->address());
      });
      if (holder == scene_.datanodes.end()) continue;
      const ModelBlockState* state = scene_.durable.block(block);
      scene_.verdicts.expect(state != nullptr || scene_.lost(block), "C2", [&] {
        return "block " + std::to_string(block.value) + " is forgotten, and node " +
               std::to_string((*holder)->address()) + " still has a replica";
      });
      if (state == nullptr || !state->referenced || !state->committed) continue;
      if (scene_.gone(block)) continue;  // rotten copies are kept, however many
      // What lies on a node that leaves stays there, and is none of those asked for.
      std::uint64_t staying = 0;
      for (const auto& [address, node] : scene_.core()) {
        staying += truth.present(address) ? 1u : 0u;
      }
      scene_.verdicts.expect(staying <= state->replication, "C2", [&] {
        return "block " + std::to_string(block.value) + " has " + std::to_string(staying) +
               " replicas instead of " + std::to_string(state->replication) + ": " +
               truth.describe();
      });
    }
  }
};

}  // namespace

std::unique_ptr<Oracle> make_c2(Scene& scene) { return std::make_unique<Orphans>(scene); }

}  // namespace dfs::world
