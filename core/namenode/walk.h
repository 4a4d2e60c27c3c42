// Walks the complete files of a subtree with their blocks, depth first in byte order of names, a
// page a step (law 11). The cursor between two pages names the place by path: what is removed
// meanwhile is passed over, what is added behind the place is not seen.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/namenode/store.h"

namespace dfs::namenode {

struct WalkedBlocks {
  std::string path;
  InodeId inode;
  bool first = false;  // the file's blocks begin here; long files come in several parts
  std::vector<BlockRow> blocks;
};

// Calls `visit` for each file of the next page below `path`; returns the cursor of the page after
// it, "" at the end. `cursor` is "" for the first page, or what an earlier call returned.
[[nodiscard]] Result<std::string> walk_page(Store& store, const std::string& path,
                                            const std::string& cursor,
                                            const std::function<void(const WalkedBlocks&)>& visit);

}  // namespace dfs::namenode
