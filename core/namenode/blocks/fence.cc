#include "core/namenode/blocks/fence.h"

#include <algorithm>
#include <utility>

#include "core/base/mutant.h"
#include "core/namenode/blocks/placement.h"

namespace dfs::namenode {
namespace {

using wire::OrderKind;

// The survivors that count, and what others would have to do to count.
struct Survivors {
  std::vector<const Node*> verified;
  std::vector<NodeId> unverified;
  std::vector<NodeId> unconfirmed;
};

bool verified_recently(const Soft& soft, const Copy& copy, Now now) {
  if (copy.verified == 0) return false;
  const std::uint64_t age = soft.second(now) - copy.verified;
  return age <= static_cast<std::uint64_t>(soft.config.scrub_period.us / seconds(1).us);
}

bool confirmed_recently(const Soft& soft, const DeletionRequest& request, NodeId node) {
  const auto at = request.confirmed.find(node);
  return at != request.confirmed.end() && soft.running() - at->second <= kConfirmationHolds;
}

// The second after which survivors must have been read.
std::uint32_t read_after(const BlockView& view, const DeletionRequest& request) {
  const Copy* victim = view.on(request.node);
  const bool rotten = !request.purge && victim != nullptr && victim->rotten();
  return rotten ? victim->verified : request.verified_after;
}

Survivors survivors_of(const Soft& soft, const BlockView& view, const DeletionRequest& request,
                       bool must_confirm, Now now) {
  const std::uint32_t after = read_after(view, request);
  Survivors survivors;
  for (const Copy& copy : view.copies) {
    // What a node has published survives the purge of what it has in quarantine.
    if (copy.id == request.node && !request.purge) continue;
    if (copy.standing != Standing::kGood || copy.leaves()) continue;
    if (mutated(Mutant::kD4CountSilentNodes)) {
      survivors.verified.push_back(copy.node);
      continue;
    }
    if (copy.node->state != wire::NodeState::kLive || !copy.node->reported || copy.doomed) continue;
    if (!verified_recently(soft, copy, now) || copy.verified <= after) {
      survivors.unverified.push_back(copy.id);
    } else if (must_confirm && !confirmed_recently(soft, request, copy.id)) {
      survivors.unconfirmed.push_back(copy.id);
    } else {
      survivors.verified.push_back(copy.node);
    }
  }
  return survivors;
}

Verdict no(std::string why) { return {false, std::move(why), {}, {}}; }

std::vector<NodeId> ids_of(const std::vector<const Node*>& nodes) {
  std::vector<NodeId> ids;
  ids.reserve(nodes.size());
  for (const Node* node : nodes) ids.push_back(node->row.id);
  return ids;
}

Verdict yes(Soft& soft, const DeletionRequest& request, DeleteReason reason,
            const std::vector<const Node*>& survivors, Now now) {
  wire::Order order;
  order.kind = request.purge ? OrderKind::kPurge : OrderKind::kQuarantine;
  order.block = request.replica;
  Node& node = *soft.nodes.find(request.node);
  Replica* published = request.purge ? nullptr : node.replicas.find(request.replica.id);
  const bool doomed = published != nullptr && published->is(Replica::kDoomed);
  if (!soft.orders.place(request.node, std::move(order), soft.running(), doomed,
                         ids_of(survivors))) {
    return no("ordered before");
  }
  if (published != nullptr) published->set(Replica::kDoomed, true);
  soft.purge_wishes.erase({request.replica.id, request.node});  // granted, or of an earlier one
  soft.ledger.add({request.replica.id, request.node, request.purge, reason, request.asked_by,
                   static_cast<std::uint32_t>(survivors.size()), now.wall});
  return {true, "", {}, {}};
}

// Rotten by the node's own word: found corrupt, or of other content than what was committed.
bool is_rotten(const BlockView& view, const DeletionRequest& request) {
  if (request.replica != view.info()) return true;
  if (request.purge) return false;
  const Copy* copy = view.on(request.node);
  return copy != nullptr && copy->rotten();
}

std::uint32_t survivors_needed(const Soft& soft, const BlockView& view, bool rotten) {
  if (!rotten && mutated(Mutant::kD4OneTooFew)) return view.row->replication - 1;
  if (!rotten && mutated(Mutant::kB1DeleteBeforeReport)) {
    const auto coming = soft.orders.nodes_of(view.id, OrderKind::kCopy).size();
    return view.row->replication - static_cast<std::uint32_t>(coming);
  }
  return rotten ? 1 : std::max<std::uint32_t>(1, view.row->replication);
}

// An excess copy may not take the second rack with it, not even one that cannot be read (V3): what
// counts is where the survivors stand, not where the copies stood when the excess one was chosen.
bool keeps_racks(const BlockView& view, const DeletionRequest& request,
                 const Survivors& survivors) {
  const Copy* victim = view.on(request.node);
  if (victim == nullptr || mutated(Mutant::kB1IgnoreRacks)) return true;
  std::vector<const Node*> before = survivors.verified;
  before.push_back(victim->node);
  const std::size_t wanted = std::min<std::size_t>(kRacksWanted, view.row->replication);
  return spread_of(survivors.verified).racks >= std::min(wanted, spread_of(before).racks);
}

Verdict judge_committed(Soft& soft, const BlockView& view, const DeletionRequest& request,
                        Now now) {
  const bool rotten = is_rotten(view, request);
  if (rotten && mutated(Mutant::kV2DeleteLastCorrupt)) {
    return yes(soft, request, DeleteReason::kRotten, {}, now);
  }
  const bool must_confirm = !rotten && !request.purge && !mutated(Mutant::kD4NoConfirmation);
  const std::uint32_t needed = survivors_needed(soft, view, rotten);
  Survivors survivors = survivors_of(soft, view, request, must_confirm, now);
  if (survivors.verified.size() < needed) {
    return {false,
            std::to_string(survivors.verified.size()) + " of " + std::to_string(needed) +
                " verified survivors",
            std::move(survivors.unverified), std::move(survivors.unconfirmed)};
  }
  if (must_confirm && !keeps_racks(view, request, survivors)) {
    return no("the survivors stand in fewer racks");
  }
  return yes(soft, request, rotten ? DeleteReason::kRotten : DeleteReason::kExcess,
             survivors.verified, now);
}

}  // namespace

Verdict fence(Soft& soft, const DeletionRequest& request, Now now) {
  const Node* node = soft.nodes.find(request.node);
  if (node == nullptr || node->session == 0) return no("the DataNode is not registered");
  if (node->state != wire::NodeState::kLive) return no("the DataNode is silent");
  const bool trusted =
      mutated(Mutant::kD4CountSilentNodes) || mutated(Mutant::kD5OrderBeforeReport);
  if (!node->reported && !trusted) {
    return no("the DataNode has not reported since its registration");
  }
  if (soft.refusals.hold(request.replica.id, request.node)) return no("it failed a moment ago");
  if (soft.behind()) return no("a DataNode has seen a newer history");
  if (soft.store.meta().safe_mode) return no("safe mode");
  const BlockView view = look(soft, request.replica.id);
  if (!view.row) {
    if (!was_forgotten(soft, request.replica.id)) return no("not of our history");
    return yes(soft, request, DeleteReason::kForgotten, {}, now);
  }
  switch (view.row->state) {
    case BlockState::kAllocated:
      return no("it belongs to a lease");
    case BlockState::kFreed:
      return no("it belongs to its readers");
    case BlockState::kCommitted:
      break;
  }
  return judge_committed(soft, view, request, now);
}

bool fence_holds(Soft& soft, const PendingOrder& deletion, Now now) {
  const wire::Order& order = deletion.order;
  if (soft.behind() || soft.store.meta().safe_mode) return false;
  const BlockView view = look(soft, order.block.id);
  if (!view.row) return true;
  if (view.row->state != BlockState::kCommitted) return false;
  const DeletionRequest request{
      deletion.node, order.block, "", order.kind == OrderKind::kPurge, {}};
  const bool rotten = is_rotten(view, request);
  if (rotten && mutated(Mutant::kV2DeleteLastCorrupt)) return true;
  Survivors survivors = survivors_of(soft, view, request, false, now);
  std::erase_if(survivors.verified, [&](const Node* node) {
    return std::ranges::find(deletion.survivors, node->row.id) == deletion.survivors.end();
  });
  return survivors.verified.size() >= survivors_needed(soft, view, rotten) &&
         (rotten || request.purge || keeps_racks(view, request, survivors));
}

void undoom(Node& node, const PendingOrder& deletion) {
  if (deletion.order.kind != OrderKind::kQuarantine || deletion.follows_another) return;
  Replica* replica = node.replicas.find(deletion.order.block.id);
  if (replica != nullptr) replica->set(Replica::kDoomed, false);
}

bool deletes(OrderKind kind) { return kind == OrderKind::kQuarantine || kind == OrderKind::kPurge; }

bool being_quarantined(const Soft& soft, BlockId block, NodeId node) {
  return soft.orders.pending(block, node, OrderKind::kQuarantine);
}

bool being_quarantined(const Soft& soft, BlockId block) {
  return !soft.orders.nodes_of(block, OrderKind::kQuarantine).empty();
}

}  // namespace dfs::namenode
