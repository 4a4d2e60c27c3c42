// Where new copies go: distinct hosts, two racks where there are two, room, little load, and
// chance.
//
// Suspect, dead, unregistered and decommissioned nodes get nothing. Among what is left two
// candidates are drawn and the less busy one is taken, which spreads load without moving in step.
#pragma once

#include <string>
#include <vector>

#include "core/namenode/blocks/block_view.h"

namespace dfs::namenode {

// Targets for a new block, see Blocks::choose_targets.
[[nodiscard]] Result<std::vector<wire::NodeAddress>> place_new(Soft& soft,
                                                               std::uint32_t replication,
                                                               std::uint64_t block_size,
                                                               const std::vector<NodeId>& exclude);

// Distinct hosts that could take a new block of some size.
[[nodiscard]] std::uint32_t writable_hosts_of(const Soft& soft);

// Copies are not asked to stand in more racks than that.
inline constexpr std::size_t kRacksWanted = 2;

// The failure domains that a set of copies spans.
struct Spread {
  std::size_t hosts = 0;
  std::size_t racks = 0;
  friend auto operator<=>(const Spread&, const Spread&) = default;
};
[[nodiscard]] Spread spread_of(const std::vector<const Node*>& nodes);
// What `copies` copies could span on the nodes that are fit for repairs now: at most that many
// hosts, at most kRacksWanted racks.
[[nodiscard]] Spread spread_wanted(const Soft& soft, std::uint32_t copies);

// The node takes part in as many copies as it may.
[[nodiscard]] bool busy_copying(const Soft& soft, NodeId node);

struct RepairTarget {
  Node* node = nullptr;        // nullptr: none now
  bool busy = false;           // … but there will be one when a copy has ended
  std::uint32_t failures = 0;  // of copies of the block to it
};
// A node for one more copy of the block: it has none, has reported, has room, is not busy. Prefers
// those that have failed it least, then hosts and racks without a copy; with `wider` set it accepts
// no others.
[[nodiscard]] RepairTarget place_copy(Soft& soft, const BlockView& view, bool wider);

}  // namespace dfs::namenode
