// What an operator does about a NameNode whose disk is gone: `dfs rescue` with the directories of
// DataNodes, onto a new disk.
#pragma once

#include <utility>
#include <vector>

#include "adapters/sim/datanode_node.h"
#include "adapters/sim/store_host.h"
#include "core/namenode/rescue.h"

namespace dfs::world {

struct Rescued {
  wire::CheckpointHeader checkpoint;
  // What was applied to it, in order: first the journals' commands, then what began a new epoch and
  // rebuilt younger files.
  std::vector<std::pair<namenode::Command, namenode::Outcome>> commands;
  std::vector<NodeId> sources;  // those that could be read
};

// The host's disk is wiped first. kNotFound: no source has a usable checkpoint; the disk is empty.
[[nodiscard]] Result<Rescued> rescue(sim::SimStoreHost& host,
                                     const std::vector<sim::DataNodeNode*>& from, WallTime now,
                                     Random random);

}  // namespace dfs::world
