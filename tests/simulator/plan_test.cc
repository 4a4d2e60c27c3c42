// What plans are drawn from a seed.
#include "simulator/world/plan.h"

#include <gtest/gtest.h>

namespace dfs::world {
namespace {

Plan plan_of(std::uint64_t seed, Profile profile) {
  PlanOptions options;
  options.seed = seed;
  options.profile = profile;
  return make_plan(options);
}

std::set<FaultKind> planned_kinds(const Plan& plan) {
  std::set<FaultKind> kinds;
  for (const PlannedFault& fault : plan.faults) kinds.insert(fault.kind);
  return kinds;
}

TEST(Plan, HasAFaultInEverySecondButTheFirstAndTheLast) {
  for (const Profile profile : {Profile::kSafety, Profile::kLiveness, Profile::kDisaster}) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const Plan plan = plan_of(seed, profile);
      std::set<std::int64_t> struck;
      for (const PlannedFault& fault : plan.faults) struck.insert(fault.at.us / 1'000'000);
      for (std::int64_t second = 1; second < plan.duration.us / 1'000'000; ++second) {
        EXPECT_TRUE(struck.contains(second)) << "seed " << seed << ", second " << second;
      }
    }
  }
}

TEST(Plan, HasFewKindsOfFaultsInAboutAQuarterOfTheSeeds) {
  for (const Profile profile : {Profile::kSafety, Profile::kLiveness, Profile::kDisaster}) {
    int few = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
      few += planned_kinds(plan_of(seed, profile)).size() <= 5 ? 1 : 0;
    }
    EXPECT_GT(few, 70) << to_string(profile);
    EXPECT_LT(few, 130) << to_string(profile);
  }
}

TEST(Plan, StaysWithinTheBudgetOutsideOfTheProfileDisaster) {
  std::set<FaultKind> beyond;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    for (const Profile profile : {Profile::kSafety, Profile::kLiveness}) {
      for (const FaultKind kind : planned_kinds(plan_of(seed, profile))) {
        EXPECT_TRUE(within_budget(kind)) << "seed " << seed << ": " << to_string(kind);
      }
    }
    for (const FaultKind kind : planned_kinds(plan_of(seed, Profile::kDisaster))) {
      if (!within_budget(kind)) beyond.insert(kind);
    }
  }
  EXPECT_EQ(beyond.size(), 5U);
}

TEST(Plan, HasInAllSeedsTheFaultsThatWereChosen) {
  PlanOptions options;
  options.faults = std::set<FaultKind>{FaultKind::kBitRot, FaultKind::kNameNodeCrash};
  for (options.seed = 1; options.seed <= 50; ++options.seed) {
    EXPECT_EQ(planned_kinds(make_plan(options)), *options.faults) << "seed " << options.seed;
  }
}

}  // namespace
}  // namespace dfs::world
