// X1: a long sweep has checked what its profile judges, and has met what a long sweep meets.
//
// An oracle that compares nothing finds nothing, and a rare branch that nobody enters any more is
// not tested. Both look like success, so they are violations of their own. What need not be met is
// one table, in coverage.cc.
#pragma once

#include <vector>

#include "simulator/world/world.h"

namespace dfs::world {

inline constexpr std::uint64_t kLongSweep = 1000;  // seeds

// What `met`, the sums over so many seeds, lacks. Nothing is asked of a sweep that is short, or
// that leaves out faults, invariants, machines or time.
[[nodiscard]] std::vector<Violation> never_met(const PlanOptions& options, std::uint64_t seeds,
                                               const Counts& met);

// Whether a long sweep of the profile has to check the invariant, or to hit the probe.
[[nodiscard]] bool must_check(Profile profile, std::string_view invariant);
[[nodiscard]] bool must_hit(Profile profile, std::string_view probe);

}  // namespace dfs::world
