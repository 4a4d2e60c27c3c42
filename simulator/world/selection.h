// What of a plan is carried out: all of it, or chosen operations and faults (reduction, saved
// failures).
//
// Every operation and every fault draws from a key of its own, so leaving some out changes nothing
// of what the others draw.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

namespace dfs::world {

// An operation's place in its series.
struct OperationKey {
  std::uint32_t series = 0;
  std::uint64_t number = 0;
  friend auto operator<=>(const OperationKey&, const OperationKey&) = default;
};

struct Selection {
  std::optional<std::set<OperationKey>> operations;  // nullopt: all
  std::optional<std::set<std::size_t>> faults;       // by their index in Plan::faults
  bool calm_network = false;                         // no loss, delay or reset by chance

  [[nodiscard]] bool has(OperationKey key) const {
    return !operations || operations->contains(key);
  }
  [[nodiscard]] bool has_fault(std::size_t index) const {
    return !faults || faults->contains(index);
  }
  friend bool operator==(const Selection&, const Selection&) = default;
};

}  // namespace dfs::world
