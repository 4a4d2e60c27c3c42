// One simulated cluster, from its plan to its verdicts: NameNode, DataNodes, clients, faults,
// oracles.
//
// run() is a pure function of the plan. It stops at the first violation. Phases: the planned
// duration with operations and faults; then faults end and operations run out; in the profiles
// liveness and disaster the cluster must then converge within convergence_bound(plan), and whatever
// clients do must work; at last all machines lose power at once, come back, and every file is read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulator/world/first_difference.h"
#include "simulator/world/plan.h"
#include "simulator/world/story.h"
#include "simulator/world/verdicts.h"

namespace dfs::world {

// What happened in one run or in many.
struct Counts {
  std::uint64_t events = 0;
  std::uint64_t operations = 0;
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> checks;
  std::map<std::string, std::uint64_t> probes;
  std::map<std::string, std::uint64_t> outcomes;  // of operations: "put ok", "get NotFound"
};

struct RunResult : Counts {
  std::uint64_t seed = 0;
  std::uint64_t trace_hash = 0;
  std::int64_t simulated_us = 0;
  std::vector<Violation> violations;
  std::vector<OperationKey> performed;  // operations that were begun
};

// `story`, if given, is told the run line by line; `trace` gets a mark for every event.
[[nodiscard]] RunResult run(const Plan& plan, const StoryLine& story = nullptr,
                            std::vector<TraceMark>* trace = nullptr);

// What a run's story tells of one moment, or of the last one before it.
[[nodiscard]] std::string told_at(const Plan& plan, std::int64_t at_us);

// How long after the end of all faults a cluster may take until nothing is left to do.
[[nodiscard]] Duration convergence_bound(const Plan& plan);

}  // namespace dfs::world
