#include "simulator/world/reduce.h"

#include <algorithm>
#include <vector>

#include "simulator/world/world.h"

namespace dfs::world {
namespace {

// Delta debugging (Zeller): the smallest part of `items`, by removing ever smaller pieces, for
// which `fails` still holds. It holds for all of them.
template <class Item>
std::vector<Item> minimize(std::vector<Item> items,
                           const std::function<bool(const std::vector<Item>&)>& fails) {
  std::size_t pieces = 2;
  while (!items.empty()) {
    const std::size_t size = (items.size() + pieces - 1) / pieces;
    bool smaller = false;
    for (std::size_t begin = 0; begin < items.size(); begin += size) {
      std::vector<Item> rest(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(begin));
      const std::size_t end = std::min(items.size(), begin + size);
      rest.insert(rest.end(), items.begin() + static_cast<std::ptrdiff_t>(end), items.end());
      if (!fails(rest)) continue;
      items = std::move(rest);
      pieces = std::max<std::size_t>(2, pieces - 1);
      smaller = true;
      break;
    }
    if (smaller) continue;
    if (size == 1) break;
    pieces = std::min(items.size(), pieces * 2);
  }
  return items;
}

class Reducer {
 public:
  Reducer(const PlanOptions& failing, const std::function<void(const std::string&)>& tell)
      : tell_(tell) {
    reduction_.plan = failing;
  }

  std::optional<Reduction> reduce() {
    const RunResult whole = run_plan(reduction_.plan);
    if (whole.violations.empty()) return std::nullopt;
    invariant_ = whole.violations.front().invariant;
    keep(whole);
    const std::size_t faults = make_plan(reduction_.plan).faults.size();
    reduction_.operations_before = whole.performed.size();
    reduction_.faults_before = faults;

    PlanOptions calm = reduction_.plan;
    calm.selection.calm_network = true;
    if (still_fails(calm)) tell_("the network may be calm");

    // What was not begun before the failure is no part of it.
    reduction_.plan.selection.operations.emplace(performed_.begin(), performed_.end());
    reduce_faults(faults);
    reduce_operations();
    reduce_faults(faults);
    reduction_.operations_after = reduction_.plan.selection.operations->size();
    reduction_.faults_after = reduction_.plan.selection.faults->size();
    return reduction_;
  }

 private:
  RunResult run_plan(const PlanOptions& plan) {
    ++reduction_.runs;
    return run(make_plan(plan));
  }
  void keep(const RunResult& result) {
    performed_ = result.performed;
    for (const Violation& violation : result.violations) {
      if (violation.invariant == invariant_) reduction_.violation = violation;
    }
  }
  // If it fails in the same way it is the plan from now on.
  bool still_fails(const PlanOptions& plan) {
    const RunResult result = run_plan(plan);
    const bool same = std::any_of(
        result.violations.begin(), result.violations.end(),
        [this](const Violation& violation) { return violation.invariant == invariant_; });
    if (!same) return false;
    reduction_.plan = plan;
    keep(result);
    return true;
  }

  void reduce_faults(std::size_t count) {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < count; ++i) {
      if (reduction_.plan.selection.has_fault(i)) all.push_back(i);
    }
    const std::vector<std::size_t> left = minimize<std::size_t>(all, [this](const auto& chosen) {
      PlanOptions plan = reduction_.plan;
      plan.selection.faults.emplace(chosen.begin(), chosen.end());
      return still_fails(plan);
    });
    reduction_.plan.selection.faults.emplace(left.begin(), left.end());
    tell_(std::to_string(left.size()) + " faults of " + std::to_string(count) + " are left");
  }

  void reduce_operations() {
    const std::set<OperationKey>& chosen = *reduction_.plan.selection.operations;
    const std::vector<OperationKey> all(chosen.begin(), chosen.end());
    const auto left = minimize<OperationKey>(all, [this](const auto& some) {
      PlanOptions plan = reduction_.plan;
      plan.selection.operations.emplace(some.begin(), some.end());
      return still_fails(plan);
    });
    tell_(std::to_string(left.size()) + " operations of " + std::to_string(all.size()) +
          " are left");
  }

  const std::function<void(const std::string&)>& tell_;
  std::string invariant_;
  std::vector<OperationKey> performed_;  // by the failing run
  Reduction reduction_;
};

}  // namespace

std::optional<Reduction> reduce(const PlanOptions& failing,
                                const std::function<void(const std::string&)>& tell) {
  return Reducer(failing, tell).reduce();
}

}  // namespace dfs::world
