// Many seeds, in processes of their own: what they broke, what they checked, how fast they were.
//
// A seed whose process dies (an assertion, a signal, a sanitizer) is told of as a violation of
// "crash", and the others are run all the same.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "simulator/world/world.h"

namespace dfs::world {

struct SweepOptions {
  PlanOptions plan;  // its seed is ignored
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  std::uint32_t jobs = 1;    // at least 1: processes at once
  std::int64_t seconds = 0;  // 0: no limit
  bool twice = false;
  // Each job stops at its first violation: the lowest of them is the lowest of all seeds.
  bool stop_at_first = false;
  std::function<std::string(const PlanOptions&)> replay;
};

struct SweepResult : Counts {
  std::uint64_t first = 0;
  std::uint64_t seeds = 0;       // that were run
  std::uint64_t trace_hash = 0;  // of all traces, in the order of seeds
  std::int64_t wall_ms = 0;
  std::uint32_t jobs = 1;
  std::uint64_t simulated_us = 0;
  struct Found {
    std::uint64_t seed = 0;
    Violation violation;
    std::string replay;
  };
  std::vector<Found> violations;
  bool complete = true;  // no process died

  [[nodiscard]] bool clean() const { return complete && violations.empty(); }
  // In a second of wall time; `per_core` is what one of the processes made of it.
  [[nodiscard]] std::uint64_t events_per_second() const;
  [[nodiscard]] std::uint64_t simulated_seconds_per_second() const;
  [[nodiscard]] std::uint64_t simulated_seconds_per_core() const;
};

[[nodiscard]] SweepResult sweep(const SweepOptions& options);
// Runs the plan again and reports the first event at which it differs from `trace` as a violation
// of "determinism".
void compare_second_run(const Plan& plan, const std::vector<TraceMark>& trace, RunResult& result);

[[nodiscard]] boost::json::object to_json(const SweepResult& result);
[[nodiscard]] std::string to_text(const SweepResult& result);

}  // namespace dfs::world
