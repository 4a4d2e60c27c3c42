#include "simulator/world/copies.h"

namespace dfs::world {

std::vector<CopyCount> count_copies(const Scene& scene) {
  std::vector<CopyCount> counted;
  const std::map<Address, NodeId> staying = scene.in_service();
  const std::uint64_t core = scene.core().size();
  for (const auto& each : scene.durable.inodes()) {
    const ModelInode& file = each.second;
    for (const ModelBlock& block : file.blocks) {
      if (scene.given_up.contains(block.id) || scene.only_ill_have(block.id)) continue;
      const BlockTruth* truth = scene.atlas.find(block.id);
      CopyCount count{block.id, file.id, 0, std::min<std::uint64_t>(file.replication, core)};
      for (const auto& [address, node] : staying) {
        const auto ill = scene.ill.find(address);
        const bool counts = ill == scene.ill.end() || serves(ill->second);
        count.good += truth != nullptr && counts && truth->good.contains(address) ? 1u : 0u;
      }
      counted.push_back(count);
    }
  }
  return counted;
}

}  // namespace dfs::world
