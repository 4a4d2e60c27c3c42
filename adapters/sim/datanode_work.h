// What a simulated DataNode is busy with: blocks that it receives and copies that it pulls.
#pragma once

#include <optional>

#include "adapters/sim/datanode_node.h"

namespace dfs::sim {

// One block on its way in, and down the pipeline.
struct DataNodeNode::Receiving {
  Receiving(wire::WriteHeader write_header, NodeId self)
      : header(std::move(write_header)), machine(header, self) {}

  wire::WriteHeader header;
  datanode::Receiver machine;
  ConnectionId upstream = 0;
  ConnectionId downstream = 0;
  std::size_t downstream_nodes = 0;  // in the pipeline that `downstream` leads to
  datanode::VolumeId volume = 0;
  std::optional<std::uint64_t> file;
  Slice piece;  // being taken in: what the views of effects point into
};

// One block that this node pulls from others, or rebuilds from what all of them have.
struct DataNodeNode::Copy {
  datanode::StartTask start;
  datanode::CopyTask machine;
  datanode::VolumeId volume = 0;
  std::optional<std::uint64_t> file;
};

}  // namespace dfs::sim
