// C1: once faults have ended, every block has as many good replicas as it should, within the bound.
#include <algorithm>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Convergence final : public Oracle {
 public:
  using Oracle::Oracle;

  void at_rest() override {
    for (const auto& each : scene_.durable.inodes()) {
      const ModelInode& file = each.second;
      const std::uint64_t wanted =
          std::min<std::uint64_t>(file.replication, scene_.datanodes.size());
      for (const ModelBlock& block : file.blocks) {
        if (scene_.given_up.contains(block.id)) continue;
        const BlockTruth* truth = scene_.atlas.find(block.id);
        const std::uint64_t good = truth == nullptr ? 0 : truth->good.size();
        scene_.verdicts.expect(good >= wanted, "C1", [&] {
          return "block " + std::to_string(block.id.value) + " of " +
                 scene_.durable.path_of(file.id) + " has " + std::to_string(good) +
                 " good replicas instead of " + std::to_string(wanted) +
                 (truth == nullptr ? "" : ": " + truth->describe());
        });
      }
    }
  }
};

}  // namespace

std::unique_ptr<Oracle> make_c1(Scene& scene) { return std::make_unique<Convergence>(scene); }

}  // namespace dfs::world
