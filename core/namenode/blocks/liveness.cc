#include "core/namenode/blocks/liveness.h"

#include <algorithm>

#include "core/base/mutant.h"
#include "core/namenode/blocks/decommission.h"
#include "core/namenode/blocks/fence.h"
#include "core/namenode/blocks/repair.h"

namespace dfs::namenode {
namespace {

using wire::OrderKind;

// A pending order is over without a result: whoever wanted it looks again.
void abandon(Soft& soft, const PendingOrder& pending, bool timed_out) {
  const BlockId block = pending.order.block.id;
  const Node& node = *soft.nodes.find(pending.node);
  soft.agenda.note(block);
  if (!pending.sent) undoom(*soft.nodes.find(pending.node), pending);
  if (pending.order.kind == OrderKind::kVerify && node.alive()) {
    soft.verify.want(pending.node, block, false);
  }
  if (pending.order.kind != OrderKind::kCopy) return;
  if (mutated(Mutant::kC1LoseTaskOnTimeout)) {
    soft.troubles[block].not_before = kNever;
    return;
  }
  if (timed_out) copy_ended(soft, pending, Status(Code::kTimedOut, "no result in time"));
}

void end_session(Soft& soft, Node& node) {
  node.session = 0;
  node.reported = false;
  node.report = {};
  for (const PendingOrder& pending : soft.orders.drop(node.row.id)) abandon(soft, pending, false);
}

void watch_for_mass_loss(Soft& soft, const std::vector<NodeId>& died) {
  MassLoss& loss = soft.mass_loss;
  // Who leaves is not missed. Who has not been heard of since a restart is: it may have vanished
  // with the others a moment before.
  for (const NodeId id : died) {
    if (!soft.nodes.find(id)->leaving()) loss.deaths.push_back({soft.running(), id});
  }
  while (!loss.deaths.empty() &&
         soft.running() - loss.deaths.front().first > soft.config.dead_after) {
    loss.deaths.pop_front();
  }
  // One that was installed anew is known under its old number, too.
  std::set<std::string_view> served;
  for (const auto& [id, node] : soft.nodes.all()) {
    if (node.session != 0 && node.alive()) served.insert(node.row.client_address);
  }
  std::set<NodeId> gone;
  for (const auto& [when, id] : loss.deaths) {
    const Node& node = *soft.nodes.find(id);
    if (!node.alive() && !served.contains(node.row.client_address)) gone.insert(id);
  }
  std::size_t there = gone.size();
  for (const auto& [id, node] : soft.nodes.all()) {
    if (node.session == 0 || !node.alive() || node.leaving()) continue;
    ++there;
    // Those who are cut off at the same moment do not die at the same moment: their last heartbeats
    // came one after the other.
    if (node.state == wire::NodeState::kSuspect) gone.insert(id);
  }
  if (gone.size() * 100 <= there * soft.config.mass_loss_percent) return;
  loss.lost = std::move(gone);
  loss.of = there;
  loss.wait_until = soft.running() + soft.config.mass_loss_wait;
}

}  // namespace

Status check_single(const Soft& soft, const wire::Register& request) {
  const std::optional<DataNodeRow> row = soft.store.datanode_by_uuid(request.uuid);
  const Node* node = row ? soft.nodes.find(row->id) : nullptr;
  if (node == nullptr || node->incarnation == request.incarnation) return {};
  // After a start everybody is given the time to be heard.
  const bool awaited =
      node->incarnation.empty() && soft.running() < Instant{soft.config.suspect_after.us};
  if (node->state != wire::NodeState::kLive && !awaited) return {};
  const bool elsewhere = node->row.client_address != request.client_address;
  // A registration that nothing has followed may be one that was late, of a process that is gone.
  const bool replaced =
      node->hears && std::ranges::find(node->replaced, request.incarnation) != node->replaced.end();
  if (!elsewhere && !replaced) return {};
  return {Code::kUnavailable,
          "another process of DataNode " + std::to_string(row->id.value) + " is at work at " +
              node->row.client_address + "; the directory of this one, at " +
              request.client_address +
              ", may be a copy of that one's: stop one of them, or give this one a directory of "
              "its own; if it has moved, it is taken once the old process has been silent for " +
              std::to_string(soft.config.suspect_after.us / 1'000'000) + " s"};
}

void node_registered(Soft& soft, const wire::Register& request, const wire::RegisterReply& reply) {
  Node* known = soft.nodes.find(reply.node);
  if (known != nullptr) end_session(soft, *known);
  // There is one more to hold copies, or another one is at an address.
  if (known == nullptr || known->row.client_address != request.client_address) {
    doubt_departures(soft);
  }
  const bool returns = known != nullptr && (!known->alive() || known->returns);
  const std::optional<DataNodeRow> row = soft.store.datanode(reply.node);
  Node& node = soft.nodes.registered(request, reply, row && row->decommissioned, soft.running());
  node.returns = returns;
  node_heard(soft, node);
  history_seen(soft, request.seen);
  soft.sweep.again = true;
}

void node_heard(Soft& soft, const Node& node) {
  MassLoss& loss = soft.mass_loss;
  if (loss.lost.erase(node.row.id) == 0) return;
  if (loss.lost.size() * 100 <= loss.of * soft.config.mass_loss_percent) {
    loss.lost.clear();
    loss.wait_until = {};
  }
}

void age_nodes(Soft& soft) {
  const std::vector<NodeId> died = soft.nodes.age(soft.config, soft.running());
  for (const NodeId id : died) {
    doubt_departures(soft);
    Node& node = *soft.nodes.find(id);
    end_session(soft, node);
    node.no_news_before = {};  // what it had is missed since
    soft.verify.drop(id);
    soft.scans.want(id);
    soft.sweep.again = true;
  }
  if (died.empty()) return;
  ++soft.changes;
  watch_for_mass_loss(soft, died);
}

void history_seen(Soft& soft, const wire::HistoryMark& seen) {
  if (mutated(Mutant::kD5ForgetHistory)) return;
  // Of one epoch two histories that have parted may each be ahead in something: both count.
  wire::HistoryMark& newest = soft.newest;
  if (seen.epoch > newest.epoch) newest = seen;
  if (seen.epoch < newest.epoch) return;
  newest.applied = std::max(newest.applied, seen.applied);
  newest.block = std::max(newest.block, seen.block);
}

void expire_orders(Soft& soft) {
  for (const PendingOrder& pending :
       soft.orders.expire(soft.running(), soft.config.order_timeout)) {
    abandon(soft, pending, true);
  }
}

void expire_claims(Soft& soft) {
  while (!soft.claims.empty() && soft.claims.front().until <= soft.running()) {
    const Claim claim = soft.claims.front();
    soft.claims.pop_front();
    Node* node = soft.nodes.find(claim.node);
    if (node == nullptr) continue;
    const Replica* replica = node->replicas.find(claim.block);
    if (replica == nullptr || !replica->is(Replica::kClaimed)) continue;
    node->replicas.erase(claim.block);
    soft.agenda.note(claim.block);
  }
}

std::string mass_loss_note(const Soft& soft) {
  const MassLoss& loss = soft.mass_loss;
  if (soft.running() >= loss.wait_until) return "";
  const std::int64_t left = (loss.wait_until - soft.running()).us / seconds(1).us;
  return std::to_string(loss.lost.size()) + " of " + std::to_string(loss.of) +
         " DataNodes vanished at once: waiting up to " + std::to_string(left + 1) +
         " s for them before their replicas are copied";
}

}  // namespace dfs::namenode
