#include "core/namenode/blocks/placement.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

#include "core/base/mutant.h"

namespace dfs::namenode {
namespace {

// (rack, host), in the rows of nodes.
using Host = std::pair<std::string_view, std::string_view>;

Host host_of(const Node& node) { return {node.row.rack, node.row.host}; }

// A block that is smaller than the block size may still fit where a whole one does not.
constexpr std::uint64_t kLeastRoom = std::uint64_t{1} << 20;

std::uint64_t load_of(const Node& node) {
  return node.stats.transfers + node.chosen_before + node.chosen_now;
}

// Draws two and keeps the less busy one, the roomier one when both are as busy.
Node* draw(std::vector<Node*>& candidates, Random& random) {
  Node* a = candidates[random.below(candidates.size())];
  Node* b = candidates[random.below(candidates.size())];
  if (load_of(*a) != load_of(*b)) return load_of(*a) < load_of(*b) ? a : b;
  return a->stats.remaining >= b->stats.remaining ? a : b;
}

struct Choice {
  std::vector<Node*> nodes;
  std::set<Host> hosts;
  std::set<std::string_view> racks;

  void add(Node* node) {
    nodes.push_back(node);
    hosts.insert(host_of(*node));
    racks.insert(node->row.rack);
  }
};

// Adds nodes of `pool` on hosts not chosen yet until there are `wanted`; the second one from
// another rack when the pool has one.
void fill(Choice& choice, const std::vector<Node*>& pool, std::size_t wanted, Random& random) {
  while (choice.nodes.size() < wanted) {
    std::vector<Node*> free;
    std::vector<Node*> elsewhere;
    for (Node* node : pool) {
      if (choice.hosts.contains(host_of(*node))) continue;
      free.push_back(node);
      if (!choice.racks.contains(node->row.rack)) elsewhere.push_back(node);
    }
    if (free.empty()) return;
    const bool widen = choice.racks.size() == 1 && !elsewhere.empty();
    choice.add(draw(widen ? elsewhere : free, random));
  }
}

Status not_enough(const Soft& soft, std::size_t wanted, std::size_t found) {
  std::set<Host> hosts;
  for (const auto& [id, node] : soft.nodes.all()) {
    if (node.usable()) hosts.insert(host_of(node));
  }
  if (hosts.size() >= wanted) return {Code::kNoSpace, "No space left on any DataNode"};
  return {Code::kNotEnoughDataNodes,
          "only " + std::to_string(found) + " of the " + std::to_string(wanted) +
              " DataNodes (on different hosts) that a write needs are able to store; start more"};
}

}  // namespace

Result<std::vector<wire::NodeAddress>> place_new(Soft& soft, std::uint32_t replication,
                                                 std::uint64_t block_size,
                                                 const std::vector<NodeId>& exclude) {
  DFS_ASSERT(replication > 0);
  const std::size_t least = std::min<std::uint32_t>(2, replication);
  Random random = soft.seed.fork("placement").fork(++soft.placements);
  // From best to last resort: room for a whole block; room for a small one; what the client avoids.
  std::vector<Node*> roomy;
  std::vector<Node*> tight;
  std::vector<Node*> avoided(exclude.size());  // in its order
  for (auto& [id, node] : soft.nodes.all()) {
    if (!node.usable() || !node.has_room(std::min(kLeastRoom, block_size))) continue;
    const auto avoid = std::ranges::find(exclude, id);
    if (avoid != exclude.end()) {
      avoided[static_cast<std::size_t>(avoid - exclude.begin())] = &node;
    } else {
      (node.has_room(block_size) ? roomy : tight).push_back(&node);
    }
  }
  Choice choice;
  fill(choice, roomy, replication, random);
  fill(choice, tight, replication, random);
  for (Node* node : avoided) {
    if (node != nullptr && choice.nodes.size() < least && !choice.hosts.contains(host_of(*node))) {
      choice.add(node);
    }
  }
  if (choice.nodes.size() < least) {
    return not_enough(soft, least, choice.nodes.size());
  }
  std::vector<wire::NodeAddress> targets;
  for (Node* node : choice.nodes) {
    ++node->chosen_now;
    targets.push_back(node->address());
  }
  return targets;
}

std::uint32_t writable_hosts_of(const Soft& soft) {
  std::set<Host> hosts;
  for (const auto& [id, node] : soft.nodes.all()) {
    if (node.usable() && node.has_room(1)) hosts.insert(host_of(node));
  }
  return static_cast<std::uint32_t>(hosts.size());
}

Spread spread_of(const std::vector<const Node*>& nodes) {
  std::set<Host> hosts;
  std::set<std::string_view> racks;
  for (const Node* node : nodes) {
    hosts.insert(host_of(*node));
    racks.insert(node->row.rack);
  }
  return {hosts.size(), racks.size()};
}

Spread spread_wanted(const Soft& soft, std::uint32_t copies) {
  std::vector<const Node*> fit;
  for (const auto& [id, node] : soft.nodes.all()) {
    if (node.usable() && node.reported) fit.push_back(&node);
  }
  const Spread all = spread_of(fit);
  return {std::min<std::size_t>(all.hosts, copies),
          std::min({all.racks, kRacksWanted, std::size_t{copies}})};
}

bool busy_copying(const Soft& soft, NodeId node) {
  return soft.orders.copies_with(node) >= soft.config.max_copies_per_node &&
         !mutated(Mutant::kB2NoThrottle);
}

RepairTarget place_copy(Soft& soft, const BlockView& view, bool wider) {
  std::set<Host> hosts;
  std::set<std::string_view> racks;
  const auto holds = [&](const Node& node) {
    hosts.insert(host_of(node));
    racks.insert(node.row.rack);
  };
  for (const Copy& copy : view.copies) {
    if (copy.may_count()) holds(*copy.node);
  }
  const std::vector<NodeId> coming = soft.orders.nodes_of(view.id, wire::OrderKind::kCopy);
  for (const NodeId id : coming) holds(*soft.nodes.find(id));

  const bool widen = racks.size() == 1 && spread_wanted(soft, 2).racks > 1;
  using Rank = std::tuple<std::uint32_t, bool, bool>;  // smaller is better
  std::vector<std::pair<Rank, Node*>> ranked;
  Rank best{UINT32_MAX, true, true};
  RepairTarget target;
  std::uint32_t least_busy = UINT32_MAX;  // failures of those that are
  for (auto& [id, node] : soft.nodes.all()) {
    if (!node.usable() || !node.reported || !node.has_room(view.row->length)) continue;
    if (view.on(id) != nullptr || std::find(coming.begin(), coming.end(), id) != coming.end()) {
      continue;
    }
    const bool same_host = hosts.contains(host_of(node));
    const bool same_rack = widen && racks.contains(node.row.rack);
    if (wider && (same_host || same_rack)) continue;
    const std::uint32_t failures = soft.failures_on(view.id, id);
    if (busy_copying(soft, id)) {
      target.busy = true;
      least_busy = std::min(least_busy, failures);
      continue;
    }
    const Rank rank{failures, same_host, same_rack};
    best = std::min(best, rank);
    ranked.push_back({rank, &node});
  }
  std::vector<Node*> candidates;
  for (const auto& [rank, node] : ranked) {
    if (rank == best) candidates.push_back(node);
  }
  // One that has failed is no better than to wait for one that has not.
  if (candidates.empty() || least_busy < std::get<0>(best)) return target;
  Random random = soft.seed.fork("repair").fork(view.id.value).fork(++soft.placements);
  return {draw(candidates, random), false, std::get<0>(best)};
}

}  // namespace dfs::namenode
