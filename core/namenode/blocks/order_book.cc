#include "core/namenode/blocks/order_book.h"

#include <algorithm>
#include <iterator>

#include "core/base/mutant.h"

namespace dfs::namenode {
namespace {

using wire::OrderKind;

// The order in which a reply is filled: what saves data first, what reads much last.
constexpr int kDeletion = 3;
int urgency(OrderKind kind) {
  switch (kind) {
    case OrderKind::kRestore:
      return 0;
    case OrderKind::kCopy:
      return 1;
    case OrderKind::kConfirm:
      return 2;
    case OrderKind::kQuarantine:
    case OrderKind::kPurge:
      return kDeletion;
    case OrderKind::kVerify:
      break;
  }
  return 4;
}

}  // namespace

bool OrderBook::place(NodeId node, wire::Order order, Instant running, bool follows_another,
                      std::vector<NodeId> survivors) {
  const Key key{order.block.id, order.kind, node};
  if (by_block_.contains(key)) return false;
  order.order = next_++;
  PendingOrder pending{
      std::move(order),    node, NodeId{}, running, false, Instant{}, follows_another,
      std::move(survivors)};
  const std::uint64_t number = pending.order.order;
  if (pending.order.kind == OrderKind::kCopy) {
    DFS_ASSERT(!pending.order.sources.empty());
    pending.source = pending.order.sources.front().node;
    ++copies_[node];
    if (pending.source != node) ++copies_[pending.source];
  }
  if (pending.order.kind == OrderKind::kVerify) verify_bytes_[node] += pending.order.block.length;
  if (pending.order.kind != OrderKind::kCopy || !mutated(Mutant::kB2RequeueWhilePending))
    by_block_[key] = number;
  unsent_[{node, urgency(pending.order.kind)}].insert(number);
  ++counts_[{node, pending.order.kind}];
  orders_.emplace(number, std::move(pending));
  return true;
}

bool OrderBook::pending(BlockId block, NodeId node, wire::OrderKind kind) const {
  return by_block_.contains({block, kind, node});
}

std::vector<NodeId> OrderBook::nodes_of(BlockId block, wire::OrderKind kind) const {
  std::vector<NodeId> nodes;
  for (auto at = by_block_.lower_bound({block, kind, NodeId{}}); at != by_block_.end(); ++at) {
    if (std::get<0>(at->first) != block || std::get<1>(at->first) != kind) break;
    nodes.push_back(std::get<2>(at->first));
  }
  return nodes;
}

const PendingOrder* OrderBook::find(std::uint64_t order) const {
  const auto at = orders_.find(order);
  return at == orders_.end() ? nullptr : &at->second;
}

std::vector<wire::Order> OrderBook::take(NodeId node, Instant running) {
  std::vector<wire::Order> taken;
  const auto of_node = [&](auto at) { return at != unsent_.end() && at->first.first == node; };
  const auto least = [](const std::set<std::uint64_t>& waiting) {
    return std::min(waiting.size(), kLeastOfEach);
  };
  const auto first = unsent_.lower_bound({node, 0});
  std::size_t kept_back = 0;  // places for the less urgent ones
  for (auto at = first; of_node(at); ++at) kept_back += least(at->second);
  for (auto at = first; of_node(at);) {
    std::set<std::uint64_t>& waiting = at->second;
    kept_back -= least(waiting);
    while (taken.size() + kept_back < kOrdersPerReply && !waiting.empty()) {
      const std::uint64_t number = *waiting.begin();
      waiting.erase(waiting.begin());
      PendingOrder& pending = orders_.at(number);
      pending.sent = true;
      pending.sent_at = running;
      sent_.insert({running, number});
      taken.push_back(pending.order);
    }
    at = waiting.empty() ? unsent_.erase(at) : std::next(at);
  }
  return taken;
}

std::optional<PendingOrder> OrderBook::finish(NodeId node, std::uint64_t order) {
  const auto at = orders_.find(order);
  if (at == orders_.end() || at->second.node != node || !at->second.sent) return std::nullopt;
  return remove(at);
}

std::vector<PendingOrder> OrderBook::expire(Instant running, Duration timeout) {
  std::vector<PendingOrder> expired;
  while (!sent_.empty() && running - sent_.begin()->first >= timeout) {
    expired.push_back(remove(orders_.find(sent_.begin()->second)));
  }
  std::vector<std::uint64_t> late;
  for (const auto& [key, waiting] : unsent_) {
    if (key.second != kDeletion) continue;
    for (const std::uint64_t number : waiting) {
      if (running - orders_.at(number).placed_at < kDeletionsKeep) break;
      late.push_back(number);
    }
  }
  for (const std::uint64_t number : late) expired.push_back(remove(orders_.find(number)));
  return expired;
}

std::vector<PendingOrder> OrderBook::drop(NodeId node) {
  std::vector<PendingOrder> dropped;
  for (auto at = orders_.begin(); at != orders_.end();) {
    const auto next = std::next(at);
    if (at->second.node == node) dropped.push_back(remove(at));
    at = next;
  }
  return dropped;
}

void OrderBook::withdraw(BlockId block, wire::OrderKind kind) {
  for (const NodeId node : nodes_of(block, kind)) {
    const auto at = orders_.find(by_block_.at({block, kind, node}));
    if (!at->second.sent) (void)remove(at);
  }
}

std::uint32_t OrderBook::copies_with(NodeId node) const {
  const auto at = copies_.find(node);
  return at == copies_.end() ? 0 : at->second;
}

std::uint64_t OrderBook::count(wire::OrderKind kind) const {
  std::uint64_t sum = 0;
  for (const auto& [key, number] : counts_) {
    if (key.second == kind) sum += number;
  }
  return sum;
}

std::uint64_t OrderBook::count(NodeId node, wire::OrderKind kind) const {
  const auto at = counts_.find({node, kind});
  return at == counts_.end() ? 0 : at->second;
}

bool OrderBook::room_to_verify(NodeId node) const {
  const auto bytes = verify_bytes_.find(node);
  return count(node, OrderKind::kVerify) < kVerifiesPerNode &&
         (bytes == verify_bytes_.end() || bytes->second < kVerifyBytesPerNode);
}

PendingOrder OrderBook::remove(std::map<std::uint64_t, PendingOrder>::iterator at) {
  PendingOrder pending = std::move(at->second);
  const std::uint64_t number = at->first;
  const OrderKind kind = pending.order.kind;
  by_block_.erase({pending.order.block.id, kind, pending.node});
  if (pending.sent) {
    sent_.erase({pending.sent_at, number});
  } else {
    const auto waiting = unsent_.find({pending.node, urgency(kind)});
    DFS_ASSERT(waiting != unsent_.end());
    waiting->second.erase(number);
    if (waiting->second.empty()) unsent_.erase(waiting);
  }
  if (--counts_[{pending.node, kind}] == 0) counts_.erase({pending.node, kind});
  if (kind == OrderKind::kCopy) {
    const auto less = [this](NodeId node) {
      if (--copies_[node] == 0) copies_.erase(node);
    };
    less(pending.node);
    if (pending.source != pending.node) less(pending.source);
  }
  if (kind == OrderKind::kVerify) {
    const auto bytes = verify_bytes_.find(pending.node);
    bytes->second -= pending.order.block.length;
    if (bytes->second == 0) verify_bytes_.erase(bytes);
  }
  orders_.erase(at);
  return pending;
}

}  // namespace dfs::namenode
