#include "core/namenode/blocks/reconcile.h"

#include <algorithm>

#include "core/base/mutant.h"
#include "core/namenode/blocks/decommission.h"
#include "core/namenode/blocks/fence.h"
#include "core/namenode/blocks/hints.h"
#include "core/namenode/blocks/placement.h"
#include "core/namenode/blocks/removal.h"
#include "core/namenode/namespace/planted.h"

namespace dfs::namenode {
namespace {

using wire::OrderKind;

constexpr std::size_t kMostStrangers = 1000;
constexpr std::uint64_t kMostRestores = 50;  // of a node at once
constexpr Duration kRestoreAgain = seconds(60);
constexpr Duration kClaimsToldWithin = seconds(1);

// Nothing is to be made of the block any more.
void rest(Soft& soft, BlockId block) {
  soft.repairs.done(block);
  soft.removals.erase(block);
  soft.troubles.erase(block);
  if (!mutated(Mutant::kN2CopyForgotten)) soft.orders.withdraw(block, OrderKind::kCopy);
}

// No row: a block that we forgot goes everywhere, one that we never knew stays.
void reconcile_rowless(Soft& soft, const BlockView& view, Now now) {
  rest(soft, view.id);
  if (!was_forgotten(soft, view.id)) {
    if (view.copies.empty() && view.lost.empty()) {
      soft.strangers.erase(view.id);
    } else if (soft.strangers.size() < kMostStrangers) {
      soft.strangers.insert(view.id);
    }
    return;
  }
  if (mutated(Mutant::kN2ResurrectFromReport) && !view.copies.empty()) {
    open_transaction(soft.store);
    plant_block(soft.store, view.copies.front().info);
    return;
  }
  erase_hints(soft, view.id);
  if (mutated(Mutant::kC2KeepOrphans)) return;
  for (const Copy& copy : view.copies) {
    if (copy.told) (void)fence(soft, {copy.id, copy.info, "forget", false, {}}, now);
  }
}

// A deletion that was ordered and has neither ended nor can be relied on not to happen: either it
// is still wanted and ordered again, or the replica is asked back (it may be there or in
// quarantine).
void settle_doomed(Soft& soft, const BlockView& view) {
  for (const Copy& copy : view.copies) {
    if (copy.standing != Standing::kDoomed || !copy.node->obeys() || !copy.node->reported) continue;
    if (being_quarantined(soft, view.id, copy.id) || soft.refusals.hold(view.id, copy.id)) continue;
    if (view.good + view.unknown >= view.row->replication) continue;  // removal.cc
    wire::Order order;
    order.kind = OrderKind::kRestore;
    order.block = view.info();
    (void)soft.orders.place(copy.id, std::move(order), soft.running());
  }
}

void verify_suspects(Soft& soft, const BlockView& view) {
  for (const Copy& copy : view.copies) {
    const bool unread =
        copy.standing == Standing::kUnreadable && !soft.unread.hold(view.id, copy.id);
    if ((copy.standing != Standing::kSuspect && !unread) || copy.node->session == 0) continue;
    if (soft.orders.pending(view.id, copy.id, OrderKind::kVerify)) continue;
    soft.verify.want(copy.id, view.id, true);
  }
}

// The node may have a whole copy in quarantine and nothing better in its place. A replica that is
// being moved there is waited for: the copy that takes its place would be moved in its stead.
bool may_restore(const Soft& soft, const BlockView& view, NodeId node) {
  const Copy* copy = view.on(node);
  if (copy == nullptr) return true;
  return copy->rotten() && copy->told && !being_quarantined(soft, view.id, node);
}

// No copy that counts: perhaps a quarantine has one. Who has too much to do is asked later, which
// is no reason to ask the others again.
void search_quarantines(Soft& soft, const BlockView& view) {
  Trouble& trouble = soft.troubles[view.id];
  if (soft.running() < trouble.search_again) return;
  if (soft.running() >= trouble.search_ends) {
    trouble.search_ends = soft.running() + kRestoreAgain;
    trouble.searched.clear();
  }
  bool all = true;
  for (const auto& [id, node] : soft.nodes.all()) {
    if (!node.obeys() || !node.reported || !may_restore(soft, view, id)) continue;
    if (trouble.searched.contains(id)) continue;
    if (soft.orders.count(id, OrderKind::kRestore) >= kMostRestores) {
      all = false;
      continue;
    }
    wire::Order order;
    order.kind = OrderKind::kRestore;
    order.block = view.info();
    (void)soft.orders.place(id, std::move(order), soft.running());
    trouble.searched.insert(id);
  }
  if (all) trouble.searched.clear();
  trouble.search_again = all ? trouble.search_ends
                             : std::min(soft.running() + kRestoreAgain / 10, trouble.search_ends);
  soft.agenda.note_at(view.id, trouble.search_again);
}

// A good copy may have taken the place of the rotten one by the time that an order arrives.
bool being_replaced(const Soft& soft, BlockId block, NodeId node) {
  return soft.orders.pending(block, node, OrderKind::kCopy) ||
         soft.orders.pending(block, node, OrderKind::kRestore);
}

// Rotten replicas go when the block has all its copies without them; on a node that leaves, where
// none is made anew, when it has all that it can have.
void drop_rotten(Soft& soft, const BlockView& view, Now now) {
  if (mutated(Mutant::kV2KeepRotten)) return;
  const bool enough = view.good >= view.row->replication;
  for (const Copy& copy : view.copies) {
    if (!copy.rotten() || !copy.told) continue;
    const bool spare = enough || (copy.leaves() && view.good >= std::min(view.row->replication,
                                                                         nodes_in_service(soft)));
    if (!spare && !copy.doomed && !mutated(Mutant::kV2DeleteLastCorrupt)) continue;
    if (being_replaced(soft, view.id, copy.id) || being_quarantined(soft, view.id, copy.id)) {
      continue;
    }
    const Verdict verdict = fence(soft, {copy.id, copy.info, "repair", false, {}}, now);
    for (const NodeId survivor : verdict.verify) soft.verify.want(survivor, view.id, false);
  }
}

// A fresh write with too few copies waits for the word of the nodes that have it, which comes with
// their next heartbeat.
void await_claims(Soft& soft, const BlockView& view) {
  const bool claimed = std::any_of(view.copies.begin(), view.copies.end(),
                                   [](const Copy& copy) { return !copy.told && !copy.hint; });
  if (claimed) soft.agenda.note_at(view.id, soft.running() + kClaimsToldWithin);
}

void reconcile_committed(Soft& soft, const BlockView& view, Now now) {
  soft.strangers.erase(view.id);
  sync_hints(soft, view);
  verify_suspects(soft, view);
  settle_doomed(soft, view);
  const Need need = need_of(soft, view);
  if (need.copies > 0) {
    // What is about to be lost comes before what only leaves (HDFS-16303).
    const std::uint32_t there = view.good + view.leaving_good;
    soft.repairs.want(view.id, need.wider ? UINT32_MAX : there);
  } else {
    soft.repairs.done(view.id);
    if (view.good + view.unknown < view.row->replication) await_claims(soft, view);
    if (view.good >= view.row->replication) soft.troubles.erase(view.id);
  }
  if (view.hoped() == 0) search_quarantines(soft, view);
  drop_rotten(soft, view, now);
  // A block that wants a copy in another rack may wait for it for long.
  if (need.copies == 0 || view.good > view.row->replication) {
    remove_excess(soft, view, now);
  } else {
    soft.removals.erase(view.id);
  }
}

}  // namespace

Need need_of(const Soft& soft, const BlockView& view) {
  const std::uint32_t wanted =
      view.row->replication + (mutated(Mutant::kC3OverlappingThresholds) ? 1 : 0);
  std::uint32_t coming = 0;
  for (const NodeId node : soft.orders.nodes_of(view.id, OrderKind::kCopy)) {
    const Copy* copy = view.on(node);
    const bool stays = !soft.nodes.find(node)->leaving();
    if (stays && (copy == nullptr || !copy->may_count())) ++coming;
  }
  const std::uint32_t have = view.good + view.unknown + coming;
  if (have < wanted) {
    // From rotten replicas one good copy is made first, then the others from it. Nothing is copied
    // on the word of a node that has not reported (D5).
    if (view.good + view.leaving_good == 0) {
      const bool hope = view.hoped() == 0 && coming == 0 && view.rotten + view.unreadable > 0;
      return {hope ? 1u : 0u, false};
    }
    return {wanted - have, false};
  }
  if (view.unknown > 0 || coming > 0) return {};
  std::vector<const Node*> holders;
  for (const Copy& copy : view.copies) {
    if (copy.counts_as_good()) holders.push_back(copy.node);
  }
  const Spread spread = spread_of(holders);
  const Spread possible = spread_wanted(soft, wanted);
  const bool narrow = spread.hosts < possible.hosts || spread.racks < possible.racks;
  return {narrow ? 1u : 0u, narrow};
}

void reconcile(Soft& soft, const BlockView& view, Now now) {
  if (!view.row) {
    reconcile_rowless(soft, view, now);
    return;
  }
  switch (view.row->state) {
    case BlockState::kAllocated:
    case BlockState::kFreed:
      rest(soft, view.id);
      break;
    case BlockState::kCommitted:
      reconcile_committed(soft, view, now);
      break;
  }
}

}  // namespace dfs::namenode
