// The walk past every block: what no event and no note has brought up is found here (C1, C2).
//
// A pass goes over the stored blocks in id order and then over the replicas bucket by bucket, to
// find those whose block has no row. It is fast after a death, a registration, a full report or an
// operator's word, slow and with pauses otherwise.
#pragma once

#include "core/namenode/blocks/repair.h"
#include "core/namenode/blocks/state.h"

namespace dfs::namenode {

// Notes the blocks of nodes that died, leave or return, a bounded number at a time.
void scan_replicas(Soft& soft);

// Reconciles noted blocks.
void work_off_agenda(Soft& soft, const RowBudget& budget, Now now);

// One slice.
void sweep(Soft& soft, const RowBudget& budget, Now now);

}  // namespace dfs::namenode
