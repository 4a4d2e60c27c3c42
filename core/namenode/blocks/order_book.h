// Orders to DataNodes that have no result yet: at most one of a kind for a (block, node).
//
// An order waits until its node's next heartbeat fetches it, then for its result. One that stays
// without a result for the time-out is forgotten; whoever wanted it looks at the block again and
// orders again if it is still needed (C1, HDFS-17218). The limits here bound what a node is told at
// once: orders in a reply, copies that it takes part in, verifications.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "core/base/time.h"
#include "core/wire/datanode_messages.h"

namespace dfs::namenode {

struct PendingOrder {
  wire::Order order;
  NodeId node;
  NodeId source;      // kCopy: the first source, which bears the load
  Instant placed_at;  // running time
  bool sent = false;
  Instant sent_at;  // running time
  // kQuarantine: an older one of its kind has been given up, but may still be carried out.
  bool follows_another = false;
  // kQuarantine, kPurge: the nodes whose copies were judged to survive it; none if the block is
  // forgotten.
  std::vector<NodeId> survivors;
};

class OrderBook {
 public:
  static constexpr std::size_t kOrdersPerReply = 100;
  // So many of the less urgent ones have their place in a reply however many others wait.
  static constexpr std::size_t kLeastOfEach = 10;
  // A deletion was judged by what was known then: it is fetched soon or judged again.
  static constexpr Duration kDeletionsKeep = seconds(10);
  // Verifications that a node has at once: they read much, and must end within the time-out.
  static constexpr std::uint64_t kVerifiesPerNode = 50;
  static constexpr std::uint64_t kVerifyBytesPerNode = std::uint64_t{1} << 30;

  // Order numbers count up from `first`, which differs at each start of the NameNode.
  explicit OrderBook(std::uint64_t first) : next_(first) {}

  // Gives the order its number and keeps it until it is taken and ends. False if one of its kind is
  // pending for the (block, node).
  bool place(NodeId node, wire::Order order, Instant running, bool follows_another = false,
             std::vector<NodeId> survivors = {});
  [[nodiscard]] bool pending(BlockId block, NodeId node, wire::OrderKind kind) const;
  // Nodes with a pending order of the kind for the block.
  [[nodiscard]] std::vector<NodeId> nodes_of(BlockId block, wire::OrderKind kind) const;

  // nullptr if there is none of this number.
  [[nodiscard]] const PendingOrder* find(std::uint64_t order) const;

  // What to tell the node now.
  [[nodiscard]] std::vector<wire::Order> take(NodeId node, Instant running);
  // The order has ended. nullopt if it is none of this node's, or was forgotten.
  [[nodiscard]] std::optional<PendingOrder> finish(NodeId node, std::uint64_t order);
  // Removes and returns the orders that were sent before running - timeout, and deletions that were
  // not fetched in time.
  [[nodiscard]] std::vector<PendingOrder> expire(Instant running, Duration timeout);
  // Removes and returns all orders of the node: its session is over.
  [[nodiscard]] std::vector<PendingOrder> drop(NodeId node);
  // Removes orders of the kind for the block that were not sent yet.
  void withdraw(BlockId block, wire::OrderKind kind);

  // Copies that the node is the target or the first source of.
  [[nodiscard]] std::uint32_t copies_with(NodeId node) const;
  [[nodiscard]] std::uint64_t count(wire::OrderKind kind) const;
  [[nodiscard]] std::uint64_t count(NodeId node, wire::OrderKind kind) const;
  // The node may be given another verification.
  [[nodiscard]] bool room_to_verify(NodeId node) const;

 private:
  using Key = std::tuple<BlockId, wire::OrderKind, NodeId>;

  PendingOrder remove(std::map<std::uint64_t, PendingOrder>::iterator at);

  std::uint64_t next_;
  std::map<std::uint64_t, PendingOrder> orders_;
  std::map<Key, std::uint64_t> by_block_;
  std::map<std::pair<NodeId, int>, std::set<std::uint64_t>> unsent_;  // (node, urgency)
  std::map<std::pair<NodeId, wire::OrderKind>, std::uint64_t> counts_;
  std::map<NodeId, std::uint32_t> copies_;
  std::map<NodeId, std::uint64_t> verify_bytes_;
  std::set<std::pair<Instant, std::uint64_t>> sent_;
};

}  // namespace dfs::namenode
