// Where readers are sent.
#pragma once

#include <vector>

#include "core/namenode/blocks/block_view.h"

namespace dfs::namenode {

// Best first; see Blocks::locations.
[[nodiscard]] std::vector<wire::NodeAddress> read_from(const BlockView& view);

}  // namespace dfs::namenode
