// Reduction of a failing plan: the fewest faults and operations with which it still fails.
//
// First a calm network, then faults, then operations, by delta debugging; a plan counts as failing
// if it breaks the same invariant as the whole one did.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "simulator/world/plan.h"
#include "simulator/world/verdicts.h"

namespace dfs::world {

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
