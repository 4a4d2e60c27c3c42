#include "core/namenode/blocks/heartbeat.h"

#include <utility>

#include "core/base/mutant.h"
#include "core/namenode/blocks/decommission.h"
#include "core/namenode/blocks/fence.h"
#include "core/namenode/blocks/liveness.h"
#include "core/namenode/blocks/removal.h"
#include "core/namenode/blocks/repair.h"
#include "core/namenode/blocks/report.h"

namespace dfs::namenode {
namespace {

using wire::OrderKind;

constexpr std::size_t kMostLooks = 200;            // in a heartbeat, for something to verify
constexpr std::size_t kMostPurgeWishes = 100'000;  // beyond it all wait once more

bool was_to_move(OrderKind kind) { return kind == OrderKind::kRestore || deletes(kind); }

// The node says that it has no such replica, or has one that we do not know of.
bool contradicts(const PendingOrder& ended, const Status& status, const Replica* known) {
  switch (ended.order.kind) {
    case OrderKind::kVerify:
    case OrderKind::kConfirm:
    case OrderKind::kQuarantine:
      return status.code() == Code::kNotFound && known != nullptr;
    case OrderKind::kRestore:
      return known == nullptr ? status.ok() : status.code() == Code::kNotFound;
    case OrderKind::kCopy:
    case OrderKind::kPurge:
      break;
  }
  return false;
}

// A node that has a rotten replica was asked whether it has a better one too. It has not, which is
// no reason to leave it alone.
bool has_nothing_better(const PendingOrder& ended, const Status& status, const Replica* known) {
  if (ended.order.kind != OrderKind::kRestore || known == nullptr) return false;
  const bool rotten = known->is(Replica::kCorrupt) || known->info() != ended.order.block;
  return rotten && (status.code() == Code::kCorrupt || status.code() == Code::kAlreadyExists);
}

void take_result(Soft& soft, Node& node, const wire::OrderResult& result) {
  const std::optional<PendingOrder> ended = soft.orders.finish(node.row.id, result.order);
  if (!ended) return;
  const BlockId block = ended->order.block.id;
  soft.agenda.note(block);
  Replica* replica = node.replicas.find(block);
  const bool contradiction = contradicts(*ended, result.status, replica);
  if (contradiction) node.contradicted = true;
  const bool gone = result.status.code() == Code::kNotFound && !contradiction;
  const bool failed =
      !result.status.ok() && !gone && !has_nothing_better(*ended, result.status, replica);
  if (failed && was_to_move(ended->order.kind)) {
    soft.refusals.add(block, node.row.id, soft.running());
    soft.agenda.note_at(block, soft.running() + Refusals::kHold + seconds(1));
  }
  switch (ended->order.kind) {
    case OrderKind::kCopy:
      copy_ended(soft, *ended, result.status);
      break;
    case OrderKind::kConfirm:
      if (result.status.ok()) confirmed(soft, block, node, true);
      if (result.status.code() == Code::kNotFound) confirmed(soft, block, node, false);
      break;
    case OrderKind::kQuarantine:
      // Done, it will be told of as removed; refused, it will not happen any more.
      if (result.status.ok() || replica == nullptr) break;
      undoom(node, *ended);
      if (result.status.code() == Code::kNotFound) confirmed(soft, block, node, false);
      break;
    case OrderKind::kRestore:
      // Whatever was to happen to it before that has happened. What was ordered since has not.
      if (result.status.ok() && replica != nullptr &&
          !being_quarantined(soft, block, node.row.id)) {
        replica->set(Replica::kDoomed, false);
      }
      break;
    case OrderKind::kPurge:
    case OrderKind::kVerify:
      break;
  }
}

// A quarantined replica whose time is over: taken back if its block is short of copies, else purged
// if the fence agrees. One that has been granted and is not done yet is named again.
void take_purge_wish(Soft& soft, const Node& node, const wire::BlockInfo& replica, Now now) {
  if (soft.orders.pending(replica.id, node.row.id, OrderKind::kPurge)) return;
  const BlockView view = look(soft, replica.id);
  const std::uint32_t spare = mutated(Mutant::kC3RestoreExcess) ? 1 : 0;
  const bool wanted =
      view.row && view.row->state == BlockState::kCommitted && view.info() == replica;
  // A node that leaves gives back what nobody else has.
  const bool needed =
      wanted && (node.leaving() ? view.hoped() == 0
                                : view.good + view.unknown < view.row->replication + spare);
  if (needed) {
    if (view.on(node.row.id) != nullptr || !node.reported) return;
    if (soft.refusals.hold(replica.id, node.row.id)) return;
    wire::Order order;
    order.kind = OrderKind::kRestore;
    order.block = replica;
    (void)soft.orders.place(node.row.id, std::move(order), soft.running());
    return;
  }
  if (soft.purge_wishes.size() >= kMostPurgeWishes) soft.purge_wishes.clear();
  const std::uint32_t since =
      soft.purge_wishes.try_emplace({replica.id, node.row.id}, soft.second(now)).first->second;
  const Verdict verdict = fence(soft, {node.row.id, replica, "purge", true, {}, since}, now);
  for (const NodeId survivor : verdict.verify) soft.verify.want(survivor, replica.id, false);
}

// What the node is to do now; deletions that do not hold any more are taken back.
std::vector<wire::Order> take_orders(Soft& soft, Node& node, Now now) {
  std::vector<wire::Order> orders = soft.orders.take(node.row.id, soft.running());
  std::erase_if(orders, [&](const wire::Order& order) {
    if (!deletes(order.kind) || fence_holds(soft, *soft.orders.find(order.order), now)) {
      return false;
    }
    undoom(node, *soft.orders.finish(node.row.id, order.order));
    soft.agenda.note(order.block.id);
    return true;
  });
  return orders;
}

// Hands the node what it is to read whole, as much as it can take.
void order_verifications(Soft& soft, const Node& node) {
  for (std::size_t i = 0; i < kMostLooks && soft.orders.room_to_verify(node.row.id); ++i) {
    const std::optional<BlockId> block = soft.verify.take(node.row.id);
    if (!block) return;
    wire::Order order;
    order.kind = OrderKind::kVerify;
    if (const Replica* replica = node.replicas.find(*block)) {
      order.block = replica->info();
    } else if (const std::optional<BlockRow> row = soft.store.block(*block);
               row && row->state != BlockState::kAllocated && !node.ever_reported) {
      order.block = {*block, row->length, row->crc};  // known from a hint
    } else {
      continue;
    }
    (void)soft.orders.place(node.row.id, std::move(order), soft.running());
  }
}

}  // namespace

wire::HeartbeatReply take_heartbeat(Soft& soft, Node& node, const wire::Heartbeat& message,
                                    Now now) {
  history_seen(soft, message.seen);
  node_heard(soft, node);
  // Not before: one that does not hear us registers again and again.
  if (std::exchange(node.returns, false)) doubt_departures(soft);
  node.stats = message.stats;
  node.measured = true;
  node.chosen_before = node.chosen_now;
  node.chosen_now = 0;
  for (const wire::ReplicaChange& change : message.changes) take_change(soft, node, change, now);
  for (const wire::OrderResult& result : message.results) take_result(soft, node, result);
  for (const wire::BlockInfo& replica : message.purge_wanted) {
    take_purge_wish(soft, node, replica, now);
  }
  order_verifications(soft, node);
  wire::HeartbeatReply reply;
  reply.history = soft.history();
  reply.orders = take_orders(soft, node, now);
  reply.report = (!node.reported && !node.report.begun) || node.contradicted;
  return reply;
}

}  // namespace dfs::namenode
