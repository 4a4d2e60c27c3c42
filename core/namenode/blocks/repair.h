// Copies: which block gets one next, from whom and to whom.
//
// Blocks with the fewest good copies come first, always; a block that cannot be served because all
// nodes that could are busy keeps its place while others are tried (HDFS-14861), one that cannot be
// served at all comes back after a growing wait.
#pragma once

#include "core/namenode/blocks/block_view.h"
#include "core/namenode/blocks/order_book.h"

namespace dfs::namenode {

// Rows of the store that a step may still touch.
class RowBudget {
 public:
  RowBudget(const Store& store, std::uint64_t rows)
      : store_(store), end_(store.rows_touched() + rows) {}
  [[nodiscard]] bool left() const { return store_.rows_touched() < end_; }

 private:
  const Store& store_;
  std::uint64_t end_;
};

void dispatch_repairs(Soft& soft, const RowBudget& budget);

// A kCopy has ended, by a result (`status`) or because its time or its node's session is over.
void copy_ended(Soft& soft, const PendingOrder& copy, const Status& status);

}  // namespace dfs::namenode
