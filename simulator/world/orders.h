// What the judges of orders share: which DataNodes have told a NameNode's incarnation everything,
// who leaves, which deletions are ordered and which copies are gone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "simulator/world/last_words.h"
#include "simulator/world/oracle.h"

namespace dfs::world {

// Follows registrations and full reports of the NameNode's present incarnation.
class Reports {
 public:
  void namenode_starts() {
    reported_.clear();
    ever_reported_.clear();
    registered_.clear();
  }
  void answered(const wire::Request& request, const wire::Reply& reply);
  // The node has reported in full since it last registered with this incarnation.
  [[nodiscard]] bool reported(NodeId node) const { return reported_.contains(node); }
  // … or in an earlier session with this incarnation.
  [[nodiscard]] bool ever_reported(NodeId node) const { return ever_reported_.contains(node); }
  [[nodiscard]] const std::set<NodeId>& all_reported() const { return reported_; }
  [[nodiscard]] const std::map<NodeId, std::string>& registered() const { return registered_; }

 private:
  void has_reported(NodeId node) {
    reported_.insert(node);
    ever_reported_.insert(node);
  }

  std::set<NodeId> reported_;
  std::set<NodeId> ever_reported_;
  std::map<NodeId, std::string> registered_;  // and their hosts
};

// A deletion holds for so long after it was judged, until its node fetches it.
inline constexpr Duration kOrdersKeep = seconds(12);
// A node whose disks a fault took this recently may still be counted on: it was heard before.
inline constexpr Duration kForgiven = seconds(45);

// That the fence may count on a node's copy: the node has reported in full and told within the
// scrub period, and last, that it is whole; its disk has it, or a fault took it since then.
// nullopt: it may not, else since when a fault may have taken it and nobody has been told.
[[nodiscard]] std::optional<std::int64_t> believable_since(const Scene& scene,
                                                           const Reports& reports,
                                                           const LastWords& words, NodeId node,
                                                           const wire::BlockInfo& replica);
using Survivors = std::map<NodeId, std::int64_t>;  // and since when they may be gone untold
// Those on other machines than `subject` that the fence may count on. If they `must_confirm`, they
// have. A machine that got new disks may be among them under its old number, and under several.
[[nodiscard]] Survivors believable_survivors(const Scene& scene, const Reports& reports,
                                             const LastWords& words, NodeId subject,
                                             const wire::BlockInfo& replica, bool must_confirm);
[[nodiscard]] std::set<Address> machines_of(const Scene& scene, const Survivors& survivors);

struct Deletion {
  NodeId node;
  wire::Order order;
};

// The deletions that the answer to a heartbeat orders. The same answer, told again to a node that
// did not get it, orders nothing new: it was right or wrong when it was made.
class Deletions {
 public:
  [[nodiscard]] std::vector<Deletion> in(const wire::Request& request, const wire::Reply& reply);

 private:
  std::map<NodeId, wire::SessionMark> answered_;  // the last heartbeat of each node
};

// A good copy of a file's block that a node has just moved out of current/, and with it its last.
struct CopyGone {
  const ModelBlockState& state;
  const BlockTruth& truth;  // as it was before
  // The other nodes whose disk has a copy that they have not long told to be bad, and those on
  // which the order relied and whose copy a fault took, whatever they have told of it since.
  std::set<Address> left;
};
// nullopt: it was none. What a history ordered that an operator then gave up may still be carried
// out, so that its blocks are none either.
[[nodiscard]] std::optional<CopyGone> copy_gone(const Scene& scene, const LastWords& words,
                                                Address node, BlockId block, sim::Folder from,
                                                const Survivors& relied_on);

// The machine got its disks so short a while ago that orders may know them in another one.
[[nodiscard]] bool exchanged_lately(const Scene& scene, Address machine);

// Who has been leaving for so long that no deletion can still rely on its copies.
class Leavers {
 public:
  explicit Leavers(const Scene& scene) : scene_(scene) {}
  void applying(const namenode::Command& command);
  [[nodiscard]] bool left(NodeId node) const;

 private:
  const Scene& scene_;
  std::map<NodeId, std::int64_t> asked_us_;
};

// How many copies a deletion had to leave when it was judged: an order that has been fetched is
// carried out although more copies are asked for since, and told again to a node that did not get
// the answer.
class AskedBefore {
 public:
  explicit AskedBefore(const Scene& scene) : scene_(scene) {}
  void applying(const namenode::Outcome& outcome);
  [[nodiscard]] std::uint32_t least(BlockId block, const ModelBlockState& state) const;

 private:
  struct Change {
    std::int64_t at_us = 0;
    std::uint32_t before = 0;
  };
  [[nodiscard]] bool counts(const Change& change) const;

  const Scene& scene_;
  std::map<BlockId, std::vector<Change>> changes_;  // recent ones
};

}  // namespace dfs::world
