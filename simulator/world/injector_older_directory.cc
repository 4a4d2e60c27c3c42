// A DataNode's machine is put back to an older state: a snapshot, or a copy of its disks. What was
// deleted since is there again, what came since is gone, and it knows an older history.
#include <algorithm>
#include <memory>
#include <utility>

#include "simulator/world/injector.h"

namespace dfs::world {

bool Injector::keep_snapshot(const PlannedFault& fault, Random draw) {
  sim::DataNodeNode* node = pick_datanode(draw, true);
  if (node == nullptr || own_disks_.contains(node->address()) || node->has_failed_volumes() ||
      datanodes_away() >= targets_.datanodes.size() / 2) {
    return false;
  }
  const bool power = draw.chance(1, 2);
  node->die(false);
  const auto older = std::make_shared<sim::DataNodeDirectory>(node->copy_directory());
  datanode_died(*node);
  start_datanode(*node);
  later(fault.length, [this, node, older, power] { put_back(*node, std::move(*older), power); });
  return true;
}

void Injector::put_back(sim::DataNodeNode& node, sim::DataNodeDirectory&& older, bool power) {
  // Another directory has taken its place, or too many are away already.
  if (!node.up() || node.paused() || node.uuid() != older.uuid || node.has_failed_volumes() ||
      datanodes_away() >= targets_.datanodes.size() / 2) {
    return;
  }
  const auto goes = [&](BlockId block) {
    return std::ranges::none_of(older.disks, [&](const sim::SimDisk& disk) {
      const Result<sim::ReplicaFiles> files = disk.open(block);
      return files.ok() && files->whole();
    });
  };
  for (const BlockId block : scene_.atlas.good_on(node.address())) {
    if (goes(block) && !scene_.atlas.expendable(node.address(), block)) return;
  }
  if (keeps_last(node)) return;
  node.die(power);
  taken(node);
  node.swap_directory(older);
  taken_out_.push_back(std::move(older));
  targets_.home_put_back(node.identity().node);
  datanode_died(node);
  start_datanode(node);
  scene_.verdicts.probe("DataNode put back to an older state");
}

}  // namespace dfs::world
