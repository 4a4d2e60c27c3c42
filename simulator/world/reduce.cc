#include "simulator/world/reduce.h"

#include <algorithm>
#include <vector>

#include "simulator/world/world.h"

namespace dfs::world {
namespace {

constexpr Duration kGrace = seconds(5);

// Delta debugging: a part of `items` without which `fails` does not hold any more, by leaving out
// ever smaller pieces. It holds for all of them.
template <class Item>
std::vector<Item> minimize(std::vector<Item> items,
                           const std::function<bool(const std::vector<Item>&)>& fails) {
  for (std::size_t size = items.size(); size > 0;) {
    bool smaller = false;
    for (std::size_t begin = 0; begin < items.size();) {
      std::vector<Item> rest(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(begin));
      const std::size_t end = std::min(items.size(), begin + size);
      rest.insert(rest.end(), items.begin() + static_cast<std::ptrdiff_t>(end), items.end());
      if (fails(rest)) {
        items = std::move(rest);
        smaller = true;
      } else {
        begin = end;
      }
    }
    // What could not go before may go now that others have gone.
    if (size > 1) {
      size = std::min(size / 2, std::max<std::size_t>(1, items.size() / 2));
    } else if (!smaller) {
      break;
    }
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
    reduction_.operations_before = whole.performed.size();
    reduction_.faults_before = make_plan(reduction_.plan).faults.size();
    cut();
    reduce_faults();
    reduce_ill();
    reduce_series();
    reduce_operations();
    reduce_datanodes();
    shrink();
    reduce_faults();
    reduce_operations();
    reduction_.operations_after = reduction_.plan.selection.operations->size();
    reduction_.faults_after = reduction_.plan.selection.faults->size();
    return reduction_;
  }

 private:
  RunResult run_plan(const PlanOptions& options) {
    ++reduction_.runs;
    Plan plan = make_plan(options);
    plan.stop_at = stop_at_;
    return run(plan);
  }
  void keep(const RunResult& result) {
    performed_ = result.performed;
    for (const Violation& violation : result.violations) {
      if (violation.invariant == invariant_) reduction_.violation = violation;
    }
    // What fails much later than this would be another failure.
    stop_at_ = Instant{reduction_.violation.at_us} + kGrace;
  }
  // If it fails in the same way it is the plan from now on.
  bool still_fails(const PlanOptions& plan) {
    if (reduction_.runs >= kMostRuns) return false;
    const RunResult result = run_plan(plan);
    const bool same = std::any_of(
        result.violations.begin(), result.violations.end(),
        [this](const Violation& violation) { return violation.invariant == invariant_; });
    if (!same) return false;
    reduction_.plan = plan;
    keep(result);
    return true;
  }
  void tell(const std::string& what) { tell_(std::to_string(reduction_.runs) + " runs: " + what); }
  void try_to(const char* what, const std::function<void(PlanOptions&)>& change) {
    PlanOptions plan = reduction_.plan;
    change(plan);
    if (still_fails(plan)) tell(what);
  }

  // What comes after the failure, or was not begun before it, is no part of it.
  void cut() {
    try_to("nothing happens after the failure", [this](PlanOptions& plan) {
      const Duration until = seconds(reduction_.violation.at_us / seconds(1).us + 1);
      plan.duration = std::min(plan.duration, until);
    });
    Selection& selection = reduction_.plan.selection;
    selection.operations.emplace(performed_.begin(), performed_.end());
    const Plan whole = make_plan(reduction_.plan);
    std::set<std::size_t> faults;
    for (std::size_t i = 0; i < whole.faults.size(); ++i) {
      const bool before = whole.faults[i].at.us <= reduction_.violation.at_us;
      if (before && selection.has_fault(i)) faults.insert(i);
    }
    selection.faults = std::move(faults);
  }

  void reduce_faults() {
    const std::set<std::size_t>& chosen = *reduction_.plan.selection.faults;
    const std::vector<std::size_t> all(chosen.begin(), chosen.end());
    const auto left = minimize<std::size_t>(all, [this](const auto& some) {
      PlanOptions plan = reduction_.plan;
      plan.selection.faults.emplace(some.begin(), some.end());
      return still_fails(plan);
    });
    tell(std::to_string(left.size()) + " faults of " + std::to_string(all.size()) + " are left");
  }

  void reduce_ill() {
    const IllNodes ill = make_plan(reduction_.plan).ill;
    const std::vector<IllNode> all(ill.begin(), ill.end());
    if (all.empty()) return;
    reduction_.plan.ill = ill;  // whatever else is changed
    const auto left = minimize<IllNode>(all, [this](const auto& some) {
      PlanOptions plan = reduction_.plan;
      plan.ill.emplace(some.begin(), some.end());
      return still_fails(plan);
    });
    tell(std::to_string(left.size()) + " ill DataNodes of " + std::to_string(all.size()) +
         " are left");
  }

  void reduce_series() {
    std::vector<std::uint32_t> all;
    for (std::uint32_t i = 0; i < reduction_.plan.clients; ++i) all.push_back(i);
    const auto left = minimize<std::uint32_t>(all, [this](const auto& some) {
      PlanOptions plan = reduction_.plan;
      std::erase_if(*plan.selection.operations, [&some](const OperationKey& key) {
        return std::ranges::find(some, key.series) == some.end();
      });
      return still_fails(plan);
    });
    tell(std::to_string(left.size()) + " series of operations of " + std::to_string(all.size()) +
         " are left");
  }

  void reduce_operations() {
    const std::set<OperationKey>& chosen = *reduction_.plan.selection.operations;
    const std::vector<OperationKey> all(chosen.begin(), chosen.end());
    const auto left = minimize<OperationKey>(all, [this](const auto& some) {
      PlanOptions plan = reduction_.plan;
      plan.selection.operations.emplace(some.begin(), some.end());
      return still_fails(plan);
    });
    tell(std::to_string(left.size()) + " operations of " + std::to_string(all.size()) +
         " are left");
  }

  void reduce_datanodes() {
    while (reduction_.plan.datanodes > 1) {
      PlanOptions plan = reduction_.plan;
      --plan.datanodes;
      if (!still_fails(plan)) break;
      tell(std::to_string(plan.datanodes) + " DataNodes are left");
    }
  }

  void shrink() {
    for (const std::uint32_t blocks : {0u, 1u, 2u}) {
      PlanOptions plan = reduction_.plan;
      plan.selection.file_blocks = blocks;
      if (!still_fails(plan)) continue;
      tell("files have at most " + std::to_string(blocks) + " whole blocks");
      break;
    }
    for (const std::uint64_t bytes : {64u, 512u, 1024u}) {
      PlanOptions plan = reduction_.plan;
      plan.selection.block_size = bytes;
      if (!still_fails(plan)) continue;
      tell("blocks have " + std::to_string(bytes) + " bytes");
      break;
    }
    try_to("the network may be calm",
           [](PlanOptions& plan) { plan.selection.delays = Delays::kCalm; });
    try_to("all delays may be constant",
           [](PlanOptions& plan) { plan.selection.delays = Delays::kConstant; });
  }

  const std::function<void(const std::string&)>& tell_;
  std::string invariant_;
  Instant stop_at_ = kNever;
  std::vector<OperationKey> performed_;  // by the failing run
  Reduction reduction_;
};

}  // namespace

std::optional<Reduction> reduce(const PlanOptions& failing,
                                const std::function<void(const std::string&)>& tell) {
  return Reducer(failing, tell).reduce();
}

}  // namespace dfs::world
