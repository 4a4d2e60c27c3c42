// Compares what a block should have with what it has, and starts what makes up the difference.
//
// Idempotent and stateless: it looks at the block as it is now, at what is already under way, and
// does only what is missing. Whatever was lost on the way (an order, its result, a note) is found
// missing the next time (C1).
#pragma once

#include "core/namenode/blocks/block_view.h"

namespace dfs::namenode {

// How many copies a committed block wants beyond those that are under way.
struct Need {
  std::uint32_t copies = 0;
  bool wider = false;  // enough copies, but on too few hosts or racks
};
[[nodiscard]] Need need_of(const Soft& soft, const BlockView& view);

void reconcile(Soft& soft, const BlockView& view, Now now);

}  // namespace dfs::namenode
