// Where two runs that should be the same begin to differ.
//
// A run's trace is its rolling hash after every event. Hashes that have differed once differ from
// then on, so the first that differs is found by halving.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dfs::world {

// After event number i + 1, for the i-th of a trace.
struct TraceMark {
  std::int64_t at_us = 0;
  std::uint64_t hash = 0;
  friend bool operator==(const TraceMark&, const TraceMark&) = default;
};

// The number of the first event after which the traces differ; nullopt: none.
[[nodiscard]] std::optional<std::uint64_t> first_difference(const std::vector<TraceMark>& one,
                                                            const std::vector<TraceMark>& other);
// A line for each event: its number, its simulated microseconds, the hash.
[[nodiscard]] std::string to_text(const std::vector<TraceMark>& trace);

}  // namespace dfs::world
