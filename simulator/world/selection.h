// What of a plan is carried out, and what of it is made simpler: all of it as drawn, or chosen
// operations and faults, small files and constant delays (reduction, saved failures).
//
// Every operation and every fault draws from a key of its own, so leaving some out changes nothing
// of what the others draw.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

namespace dfs::world {

// An operation's place in its series.
struct OperationKey {
  std::uint32_t series = 0;
  std::uint64_t number = 0;
  friend auto operator<=>(const OperationKey&, const OperationKey&) = default;
};

enum class Delays {
  kDrawn,
  kCalm,      // nothing is lost, reset or very late by chance
  kConstant,  // and messages, disks and commits take their typical time, always
};
inline constexpr std::string_view kDelays[] = {"drawn", "calm", "constant"};

struct Selection {
  std::optional<std::set<OperationKey>> operations;  // nullopt: all
  std::optional<std::set<std::size_t>> faults;       // by their index in Plan::faults
  Delays delays = Delays::kDrawn;
  std::optional<std::uint64_t> block_size;   // of every file
  std::optional<std::uint32_t> file_blocks;  // whole blocks, at most

  [[nodiscard]] bool has(OperationKey key) const {
    return !operations || operations->contains(key);
  }
  [[nodiscard]] bool has_fault(std::size_t index) const {
    return !faults || faults->contains(index);
  }
  friend bool operator==(const Selection&, const Selection&) = default;
};

}  // namespace dfs::world
