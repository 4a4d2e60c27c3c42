// Block locations in the store: what serves reads right after a start, before anybody has reported.
#pragma once

#include "core/namenode/blocks/block_view.h"

namespace dfs::namenode {

// Opens the round's transaction if none is open.
void open_transaction(Store& store);

// Makes the hints of a committed block those nodes that have told of it. What a silent node was
// believed to have stays believed.
void sync_hints(Soft& soft, const BlockView& view);

// The block is no more.
void erase_hints(Soft& soft, BlockId block);

}  // namespace dfs::namenode
