// B2: repair does not flood the cluster: never two pending orders of one kind for one block to one
// node, never more copies at a node than max_copies_per_node, and of the bytes that are ordered to
// be copied only a small part for blocks that had all their copies.
//
// An order is pending from its sending until its result, its time-out, its node's next registration
// or death, or the end of the NameNode. The last two are not seen here: an order counts as pending
// only while the NameNode cannot have given it up, by the fastest of clocks.
#include <algorithm>

#include "core/namenode/blocks/running_clock.h"
#include "simulator/world/oracles.h"
#include "simulator/world/orders.h"

namespace dfs::world {
namespace {

// Bytes copied for nothing: news travels later than orders. At most this part of the others, once
// there are a few blocks of them.
constexpr std::uint64_t kWastedPart = 4;
constexpr std::uint64_t kWastedBlocks = 16;

class Traffic final : public Oracle {
 public:
  using Oracle::Oracle;

  void namenode_starts(namenode::Store& /*store*/) override {
    reports_.namenode_starts();
    pending_.clear();
    last_.clear();
    heard_us_.clear();
    unread_.clear();
  }

  void answered(const wire::Request& request, const wire::Reply& reply, bool) override {
    reports_.answered(request, reply);
    if (const auto* registered = std::get_if<wire::RegisterReply>(&reply)) {
      std::erase_if(pending_, [&](const auto& each) { return each.second.to == registered->node; });
      heard_us_[registered->node] = scene_.now_us();
    }
    const auto* heartbeat = std::get_if<wire::Heartbeat>(&request);
    const auto* answer = std::get_if<wire::HeartbeatReply>(&reply);
    if (heartbeat == nullptr || answer == nullptr) return;
    const NodeId node = heartbeat->mark.node;
    wire::SessionMark& last = last_[node];
    if (last == heartbeat->mark) return;  // the same message again gets the same answer
    heard_us_[node] = scene_.now_us();
    last = heartbeat->mark;
    for (const wire::OrderResult& result : heartbeat->results) pending_.erase(result.order);
    for (const wire::ReplicaChange& change : heartbeat->changes) take(node, change);
    for (const wire::Order& order : answer->orders) take(node, order);
  }

 private:
  struct Pending {
    wire::OrderKind kind = wire::OrderKind::kCopy;
    BlockId block;
    NodeId to;
    NodeId from;  // kCopy: the first source
    std::int64_t sent_us = 0;
  };

  // Less than `limit` by the NameNode's time: it drifts by less than a thousandth, and moves on
  // with ticks, so that what happens between two of them seems to have happened at the first.
  [[nodiscard]] bool within(std::int64_t since_us, Duration limit) const {
    const Duration sure = limit - namenode::RunningClock::kLongestGap;
    return scene_.now_us() - since_us < sure.us - sure.us / 1000;
  }
  [[nodiscard]] bool certain(const Pending& order) const {
    const auto heard = heard_us_.find(order.to);
    return within(order.sent_us, scene_.plan.namenode.order_timeout) && heard != heard_us_.end() &&
           within(heard->second, scene_.plan.namenode.dead_after);
  }

  void take(NodeId node, const wire::ReplicaChange& change) {
    if (change.event == wire::ReplicaEvent::kUnread) {
      unread_.insert({node, change.replica.id});
    } else if (change.event != wire::ReplicaEvent::kCorrupt) {
      unread_.erase({node, change.replica.id});
    }
  }

  void take(NodeId node, const wire::Order& order) {
    std::erase_if(pending_, [&](const auto& each) { return !certain(each.second); });
    const bool twice = std::ranges::any_of(pending_, [&](const auto& each) {
      return each.second.to == node && each.second.block == order.block.id &&
             each.second.kind == order.kind;
    });
    scene_.verdicts.expect(!twice, "B2", [&] {
      return "node " + std::to_string(scene_.address_of(node)) + " is told twice to " +
             std::string(wire::to_string(order.kind)) + " block " +
             std::to_string(order.block.id.value);
    });
    const bool copies = order.kind == wire::OrderKind::kCopy && !order.sources.empty();
    if (copies) count_bytes(node, order);
    const NodeId from = copies ? order.sources.front().node : node;
    pending_[order.order] = {order.kind, order.block.id, node, from, scene_.now_us()};
    if (!copies) return;
    expect_few(node);
    if (from != node) expect_few(from);
  }

  void expect_few(NodeId node) {
    const auto streams = std::ranges::count_if(pending_, [&](const auto& each) {
      return each.second.kind == wire::OrderKind::kCopy &&
             (each.second.to == node || each.second.from == node);
    });
    scene_.verdicts.expect(streams <= scene_.plan.namenode.max_copies_per_node, "B2", [&] {
      return "node " + std::to_string(scene_.address_of(node)) + " takes part in " +
             std::to_string(streams) + " copies instead of " +
             std::to_string(scene_.plan.namenode.max_copies_per_node);
    });
  }

  void count_bytes(NodeId node, const wire::Order& order) {
    (wanted(node, order.block.id) ? needed_ : wasted_) += order.block.length;
    const std::uint64_t most =
        needed_ / kWastedPart +
        kWastedBlocks * std::max(scene_.plan.block_size, scene_.plan.big_block_size);
    scene_.verdicts.expect(wasted_ <= most, "B2", [&] {
      return std::to_string(wasted_) + " bytes were ordered to be copied of blocks that had all " +
             "their copies, beside " + std::to_string(needed_) + " of others";
    });
  }

  // The block has fewer copies than it should that the NameNode can believe in, or on fewer hosts,
  // or all in one rack. Whose disks were exchanged stands at the other's host until that one has
  // registered too.
  [[nodiscard]] bool wanted(NodeId target, BlockId block) const {
    const ModelBlockState* state = scene_.applied.block(block);
    const BlockTruth* truth = scene_.atlas.find(block);
    if (state == nullptr || truth == nullptr) return true;
    std::set<NodeId> holders;
    std::set<std::string> hosts;
    std::set<std::string> all_hosts;
    std::set<std::string> racks;
    std::set<std::string> all_racks;
    for (const auto& [node, host] : reports_.registered()) {
      if (superseded(node) || scene_.applied.leaving().contains(node)) continue;
      const std::string rack = host.substr(0, host.rfind('/'));
      all_hosts.insert(host);
      all_racks.insert(rack);
      if (node == target || !(has(node, *truth) || coming(node, block))) continue;
      holders.insert(node);
      hosts.insert(host);
      racks.insert(rack);
    }
    const std::size_t wide =
        std::min({all_racks.size(), std::size_t{2}, std::size_t{state->replication}});
    const std::size_t apart = std::min(all_hosts.size(), std::size_t{state->replication});
    return holders.size() < state->replication || hosts.size() < apart || racks.size() < wide;
  }

  // Its machine was wiped and has another number now.
  [[nodiscard]] bool superseded(NodeId node) const {
    const auto address = scene_.addresses.find(node);
    if (address == scene_.addresses.end()) return false;
    const auto later = reports_.registered().upper_bound(node);
    return std::any_of(later, reports_.registered().end(), [&](const auto& each) {
      return scene_.address_of(each.first) == address->second;
    });
  }

  [[nodiscard]] bool has(NodeId node, const BlockTruth& truth) const {
    if (unread_.contains({node, truth.info.id})) return false;
    const Address address = scene_.address_of(node);
    const auto heard = heard_us_.find(node);
    const auto at = std::ranges::find(scene_.datanodes, address, &sim::DataNodeNode::address);
    if (at == scene_.datanodes.end() || heard == heard_us_.end()) return false;
    for (std::uint32_t volume = 0; volume < (*at)->volumes(); ++volume) {
      if ((*at)->disk(volume).faulty()) return false;
    }
    return reports_.reported(node) && truth.good.contains(address) &&
           within(heard->second, scene_.plan.namenode.suspect_after);
  }

  [[nodiscard]] bool coming(NodeId node, BlockId block) const {
    return std::ranges::any_of(pending_, [&](const auto& each) {
      return each.second.kind == wire::OrderKind::kCopy && each.second.to == node &&
             each.second.block == block;
    });
  }

  Reports reports_;
  std::map<std::uint64_t, Pending> pending_;  // by number
  std::map<NodeId, wire::SessionMark> last_;
  std::map<NodeId, std::int64_t> heard_us_;
  std::set<std::pair<NodeId, BlockId>> unread_;  // told to be there, and that it cannot be read
  std::uint64_t needed_ = 0;                     // bytes
  std::uint64_t wasted_ = 0;
};

}  // namespace

std::unique_ptr<Oracle> make_b2(Scene& scene) { return std::make_unique<Traffic>(scene); }

}  // namespace dfs::world
