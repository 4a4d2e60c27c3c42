#include "core/namenode/blocks/block_view.h"

#include <algorithm>

#include "core/base/mutant.h"
#include "core/namenode/past_epochs.h"

namespace dfs::namenode {
namespace {

Standing standing_of(const Node& node, const Replica& replica, const wire::BlockInfo& committed) {
  if (replica.info() != committed) return Standing::kMismatch;
  if (replica.is(Replica::kClaimed)) return Standing::kUnknown;
  if (replica.is(Replica::kCorrupt) && !mutated(Mutant::kD4CountCorrupt)) {
    return Standing::kCorrupt;
  }
  if (replica.is(Replica::kUnreadable)) return Standing::kUnreadable;
  if (replica.is(Replica::kDoomed)) return Standing::kDoomed;
  if (!node.reported && !mutated(Mutant::kD4CountSilentNodes)) return Standing::kUnknown;
  return replica.is(Replica::kSuspect) ? Standing::kSuspect : Standing::kGood;
}

void count(BlockView& view, const Copy& copy) {
  switch (copy.standing) {
    case Standing::kGood:
    case Standing::kSuspect:
      ++(copy.leaves() ? view.leaving_good : view.good);
      break;
    case Standing::kUnknown:
      ++(copy.leaves() ? view.leaving_unknown : view.unknown);
      break;
    case Standing::kUnreadable:
      ++view.unreadable;
      break;
    case Standing::kCorrupt:
    case Standing::kMismatch:
      ++view.rotten;
      break;
    case Standing::kDoomed:
      break;
  }
}

void add_hinted(Soft& soft, BlockView& view) {
  for (const NodeId hinted : soft.store.hints(view.id)) {
    Node* node = soft.nodes.find(hinted);
    if (node == nullptr || node->ever_reported || view.on(hinted) != nullptr) continue;
    Copy copy{node, hinted, Standing::kUnknown, view.info(), false, false, true, 0};
    if (mutated(Mutant::kD4CountSilentNodes)) copy.standing = Standing::kGood;
    if (!node->alive()) {
      view.lost.push_back(copy);
      continue;
    }
    count(view, copy);
    view.copies.push_back(copy);
  }
}

}  // namespace

bool Copy::leaves() const { return node->leaving() && !mutated(Mutant::kC1CountLeaving); }

const Copy* BlockView::on(NodeId node) const {
  const auto at = std::find_if(copies.begin(), copies.end(),
                               [node](const Copy& copy) { return copy.id == node; });
  return at == copies.end() ? nullptr : &*at;
}

BlockView look(Soft& soft, BlockId block) { return look(soft, block, soft.store.block(block)); }

BlockView look(Soft& soft, BlockId block, std::optional<BlockRow> row) {
  BlockView view;
  view.id = block;
  view.row = row;
  const bool known = view.row && view.row->state != BlockState::kAllocated;
  for (auto& [id, node] : soft.nodes.all()) {
    const Replica* replica = node.replicas.find(block);
    if (replica == nullptr) continue;
    const bool claimed = replica->is(Replica::kClaimed);
    Copy copy{&node,    id,    Standing::kUnknown, replica->info(), replica->is(Replica::kDoomed),
              !claimed, false, replica->verified()};
    if (known) copy.standing = standing_of(node, *replica, view.info());
    if (view.copies.empty()) view.copies.reserve(soft.nodes.all().size());
    if (!node.alive()) {
      view.lost.push_back(copy);
      continue;
    }
    count(view, copy);
    view.copies.push_back(copy);
  }
  if (known && soft.nodes.hints_matter()) add_hinted(soft, view);
  return view;
}

bool was_forgotten(Soft& soft, BlockId block) { return given_out(soft.store.meta(), block); }

}  // namespace dfs::namenode
