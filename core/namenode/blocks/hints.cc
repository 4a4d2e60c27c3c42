#include "core/namenode/blocks/hints.h"

#include <algorithm>

namespace dfs::namenode {

void open_transaction(Store& store) {
  if (!store.in_transaction()) store.begin();
}

void sync_hints(Soft& soft, const BlockView& view) {
  const std::vector<NodeId> hints = soft.store.hints(view.id);
  for (const NodeId hint : hints) {
    const Node* node = soft.nodes.find(hint);
    if (node == nullptr || (node->alive() && !node->reported)) continue;
    // A dead node that has been replaced never tells. If it does return, it tells what it has.
    const bool missed = view.good < view.row->replication;
    if (node->alive() ? node->replicas.find(view.id) != nullptr : missed) continue;
    open_transaction(soft.store);
    soft.store.erase_hint(view.id, hint);
  }
  for (const Copy& copy : view.copies) {
    if (!copy.told || copy.rotten()) continue;
    if (std::find(hints.begin(), hints.end(), copy.id) != hints.end()) continue;
    open_transaction(soft.store);
    soft.store.put_hint(view.id, copy.id);
  }
}

void erase_hints(Soft& soft, BlockId block) {
  if (soft.store.hints(block).empty()) return;
  open_transaction(soft.store);
  soft.store.erase_hints(block);
}

}  // namespace dfs::namenode
