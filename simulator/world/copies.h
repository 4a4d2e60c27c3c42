// How many good copies each block has, and how many it should have where DataNodes are well.
#pragma once

#include <vector>

#include "simulator/world/scene.h"

namespace dfs::world {

struct CopyCount {
  BlockId block;
  InodeId file;
  std::uint64_t good = 0;    // on nodes in service that serve them
  std::uint64_t wanted = 0;  // min(r, nodes of the core in service)
};

// Not of blocks that are given up, nor of those that only ill nodes have.
[[nodiscard]] std::vector<CopyCount> count_copies(const Scene& scene);

}  // namespace dfs::world
