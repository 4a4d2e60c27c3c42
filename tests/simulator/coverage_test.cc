// X1: a long sweep fails where an invariant was never checked or a probe never hit.
#include <gtest/gtest.h>

#include "simulator/world/coverage.h"

namespace dfs::world {
namespace {

Counts everything() {
  Counts met;
  for (const std::string_view invariant : kInvariants) met.checks[std::string(invariant)] = 1;
  for (const std::string_view probe : all_probes()) met.probes[std::string(probe)] = 1;
  return met;
}

PlanOptions of(Profile profile) {
  PlanOptions options;
  options.profile = profile;
  return options;
}

TEST(Coverage, AsksNothingMoreOfASweepThatHasMetEverything) {
  for (const Profile profile : {Profile::kSafety, Profile::kLiveness, Profile::kDisaster}) {
    EXPECT_TRUE(never_met(of(profile), kLongSweep, everything()).empty());
  }
}

TEST(Coverage, EachInvariantOfTheProfileIsMissedWhereItWasNeverChecked) {
  for (const Profile profile : {Profile::kSafety, Profile::kLiveness, Profile::kDisaster}) {
    for (const std::string_view invariant : kInvariants) {
      Counts met = everything();
      met.checks.erase(std::string(invariant));
      const std::vector<Violation> missing = never_met(of(profile), kLongSweep, met);
      ASSERT_EQ(missing.size(), must_check(profile, invariant) ? 1u : 0u) << invariant;
      if (missing.empty()) continue;
      EXPECT_EQ(missing.front().invariant, "X1");
      EXPECT_EQ(missing.front().detail,
                std::string(invariant) + " was never checked in 1000 seeds");
    }
  }
}

TEST(Coverage, EachProbeThatIsNotExcusedIsMissed) {
  Counts met = everything();
  met.probes.erase("lease expired");
  met.probes.erase("lost block listed by fsck");
  met.probes.erase("struck before a restore");
  EXPECT_EQ(never_met(of(Profile::kSafety), kLongSweep, met).size(), 1u);
  const std::vector<Violation> missing = never_met(of(Profile::kDisaster), kLongSweep, met);
  ASSERT_EQ(missing.size(), 2u);
  EXPECT_EQ(missing.front().detail, "'lost block listed by fsck' was never met in 1000 seeds");
}

TEST(Coverage, OnlyInvariantsThatAreJudgedAtRestNeedNoCheckInTheProfileSafety) {
  EXPECT_FALSE(must_check(Profile::kSafety, "C4"));
  EXPECT_TRUE(must_check(Profile::kLiveness, "C4"));
  EXPECT_FALSE(must_check(Profile::kSafety, "A1"));
  EXPECT_TRUE(must_check(Profile::kSafety, "T1"));
}

TEST(Coverage, AsksNothingOfASweepThatIsShortOrLeavesSomethingOut) {
  const Counts nothing;
  EXPECT_FALSE(never_met(PlanOptions{}, kLongSweep, nothing).empty());
  EXPECT_TRUE(never_met(PlanOptions{}, kLongSweep - 1, nothing).empty());
  PlanOptions calm;
  calm.faults.emplace();
  PlanOptions one;
  one.invariants = {"D1"};
  PlanOptions brief;
  brief.duration = seconds(59);
  PlanOptions few;
  few.datanodes = 3;
  for (const PlanOptions& options : {calm, one, brief, few}) {
    EXPECT_TRUE(never_met(options, kLongSweep, nothing).empty());
  }
}

}  // namespace
}  // namespace dfs::world
