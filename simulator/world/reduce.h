// Reduction of a failing plan: the least of it with which it still fails.
//
// In this order: cut after the failing event; leave out faults, ill DataNodes, clients (a whole
// series of operations), operations (by delta debugging), DataNodes; shrink blocks and files; make
// the network calm, then every delay constant; then once more faults and operations, since less may
// do now. A plan counts as failing if it breaks the same invariant as the whole one did. The
// process of a client whose series is out stays, and has nothing to do. At most kMostRuns runs.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "simulator/world/plan.h"
#include "simulator/world/verdicts.h"

namespace dfs::world {

inline constexpr std::size_t kMostRuns = 600;

struct Reduction {
  PlanOptions plan;
  Violation violation;  // of the reduced plan
  std::size_t operations_before = 0;
  std::size_t operations_after = 0;
  std::size_t faults_before = 0;
  std::size_t faults_after = 0;
  std::size_t runs = 0;
};

// nullopt: the plan does not fail. `tell` hears of each step that made it smaller.
[[nodiscard]] std::optional<Reduction> reduce(const PlanOptions& failing,
                                              const std::function<void(const std::string&)>& tell);

}  // namespace dfs::world
