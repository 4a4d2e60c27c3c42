// The copy task: pulls a block from its other replicas, verified granule by granule, and stores it
// here as a new replica, in place of a rotten one if there is one.
#pragma once

#include "adapters/http/block_host.h"

namespace dfs::http {

// Returns the volume that the replica was published on.
[[nodiscard]] Result<datanode::VolumeId> copy_block(BlockHost& host, const wire::Order& order);

}  // namespace dfs::http
