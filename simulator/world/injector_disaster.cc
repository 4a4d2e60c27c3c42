// Faults beyond the budget: all copies of some blocks, most of the DataNodes' disks.
//
// What is left without a good copy in use is given up in the ledger: whoever believes in the others
// may purge what is in quarantine. Everything else must stay.
#include <algorithm>

#include "simulator/world/injector.h"

namespace dfs::world {
namespace {

constexpr std::uint64_t kMostBlocksAtOnce = 6;

}  // namespace

void Injector::give_up_lost() {
  for (const auto& [block, truth] : scene_.atlas.blocks()) {
    if (truth.good.empty() && !truth.published.empty()) {
      scene_.given_up.insert(block);
    }
  }
}

// Several good copies of a few blocks at once, now and then all of them: by rot or by the loss of
// their sidecars.
bool Injector::destroy_copies(Random draw) {
  std::vector<BlockId> blocks;
  for (const auto& [block, truth] : scene_.atlas.blocks()) {
    if (!truth.good.empty()) blocks.push_back(block);
  }
  if (blocks.empty()) return false;
  const std::uint64_t count = draw.between(1, kMostBlocksAtOnce);
  bool struck = false;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t recent = std::min<std::size_t>(blocks.size(), draw.chance(1, 2) ? 16 : 1000);
    const BlockId block = blocks[blocks.size() - 1 - draw.below(recent)];
    const bool all = draw.chance(1, 2);
    const bool sidecars = draw.chance(1, 3);
    for (sim::DataNodeNode* node : targets_.datanodes) {
      const BlockTruth* truth = scene_.atlas.find(block);
      if (!truth->good.contains(node->address()) || (!all && draw.chance(1, 3))) continue;
      struck =
          (sidecars ? lose_sidecar(*node, block) : rot(*node, block, draw.fork("rot"))) || struck;
    }
  }
  give_up_lost();
  return struck;
}

bool Injector::lose_sidecar(sim::DataNodeNode& node, BlockId block) {
  for (std::uint32_t volume = 0; volume < node.volumes(); ++volume) {
    sim::SimDisk& disk = node.disk(volume);
    const sim::FileBytes* data = disk.data(block, sim::Folder::kCurrent);
    if (data == nullptr || data->empty() || !disk.lose_sidecar(block)) continue;
    scene_.atlas.destroyed(node.address(), block, scene_.now_us());
    scene_.atlas.refresh(node.address(), block);
    return true;
  }
  return false;
}

// More than half of the DataNodes lose their power and come back with empty disks.
bool Injector::wipe_most(const PlannedFault& fault, Random draw) {
  std::vector<sim::DataNodeNode*> nodes = targets_.datanodes;
  std::erase_if(nodes, [this](const auto* node) {
    return !node->up() || node->paused() || own_disks_.contains(node->address());
  });
  const std::size_t most = targets_.datanodes.size() / 2 + 1;
  if (nodes.size() < most) return false;
  while (nodes.size() > most && draw.chance(1, 2)) {
    nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(draw.below(nodes.size())));
  }
  for (sim::DataNodeNode* node : nodes) {
    node->die(true);
    node->wipe();
    taken(*node);
    scene_.atlas.rescan(node->address());
  }
  give_up_lost();
  for (sim::DataNodeNode* node : nodes) {
    datanode_died(*node);
    const auto extra = milliseconds(static_cast<std::int64_t>(draw.below(3000)));
    later(fault.length + extra, [this, node] { start_datanode(*node); });
  }
  return true;
}

}  // namespace dfs::world
