// Excess copies: which one goes, and the questions to the survivors before it may.
//
// One removal at a time for a block. The victim is the copy whose loss costs neither hosts nor
// racks, on the fullest node. The others are verified if they have not been within the scrub
// period, then asked live whether they are there (kConfirm); then the fence decides.
#pragma once

#include "core/namenode/blocks/block_view.h"

namespace dfs::namenode {

// Starts or continues the removal of a copy of a committed block that has more than it wants.
void remove_excess(Soft& soft, const BlockView& view, Now now);

// A survivor's answer to a kConfirm.
void confirmed(Soft& soft, BlockId block, Node& survivor, bool there);

}  // namespace dfs::namenode
