// Which DataNodes a plan lets stay ill, and what the judges of the rest make of it.
#include "simulator/world/illness.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "simulator/world/coverage.h"
#include "simulator/world/plan.h"
#include "simulator/world/world.h"

namespace dfs::world {
namespace {

Plan plan_of(std::uint64_t seed, Profile profile) {
  PlanOptions options;
  options.seed = seed;
  options.profile = profile;
  return make_plan(options);
}

TEST(Illness, IsDrawnInAboutHalfOfTheLivenessPlansAndInNoOthers) {
  int ill = 0;
  std::set<Illness> drawn;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const Plan plan = plan_of(seed, Profile::kLiveness);
    ill += plan.ill.empty() ? 0 : 1;
    for (const IllNode& node : plan.ill) drawn.insert(node.illness);
    EXPECT_TRUE(plan_of(seed, Profile::kSafety).ill.empty());
    EXPECT_TRUE(plan_of(seed, Profile::kDisaster).ill.empty());
  }
  EXPECT_GT(ill, 150);
  EXPECT_LT(ill, 230);
  EXPECT_EQ(drawn.size(), std::size(kIllnesses));
}

TEST(Illness, LeavesACoreOfAtLeastTheUsualReplication) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const Plan plan = plan_of(seed, Profile::kLiveness);
    std::set<sim::Address> ill;
    for (const IllNode& node : plan.ill) {
      EXPECT_GE(node.node, 2u);
      EXPECT_LT(node.node, 2u + plan.datanodes);
      EXPECT_TRUE(ill.insert(node.node).second) << "ill in two ways";
    }
    EXPECT_GE(plan.datanodes - ill.size(), std::max(2u, plan.namenode.default_replication));
  }
}

TEST(Illness, ChangesNothingElseOfAPlan) {
  PlanOptions options;
  options.profile = Profile::kLiveness;
  options.seed = 2;
  ASSERT_FALSE(make_plan(options).ill.empty());
  options.duration = seconds(5);
  const RunResult whole = run(make_plan(options));
  options.ill.emplace();
  const RunResult healed = run(make_plan(options));
  EXPECT_EQ(whole.performed, healed.performed);
  EXPECT_NE(whole.trace_hash, healed.trace_hash);
}

TEST(Illness, IsNotDrawnWhereFaultsWereChosenAndHappensWhereItWas) {
  PlanOptions options;
  options.profile = Profile::kLiveness;
  options.faults.emplace();
  for (options.seed = 1; options.seed <= 20; ++options.seed) {
    EXPECT_TRUE(make_plan(options).ill.empty());
  }
  options.ill = IllNodes{{3, Illness::kDeaf}};
  EXPECT_EQ(make_plan(options).ill, *options.ill);
}

TEST(Illness, IsReadAsItIsWritten) {
  for (std::size_t i = 0; i < std::size(kIllnesses); ++i) {
    const IllNode node{7, static_cast<Illness>(i)};
    EXPECT_EQ(ill_node_from_string(to_string(node)), node);
  }
  for (const char* text : {"", ":", "3", "3:", "3:well", ":deaf", "x:deaf", "3 :deaf", "-1:deaf"}) {
    EXPECT_FALSE(ill_node_from_string(text)) << text;
  }
}

// Five DataNodes, hardly any faults, each illness once: the core comes to rest with any of them.
class EachIllness : public testing::TestWithParam<std::size_t> {};

TEST_P(EachIllness, IsMetAndLeavesTheCoreAtRest) {
  PlanOptions options;
  options.profile = Profile::kLiveness;
  options.seed = 3;
  options.duration = seconds(6);
  options.faults.emplace();
  options.ill = IllNodes{{4, static_cast<Illness>(GetParam())}};
  const RunResult result = run(make_plan(options));
  EXPECT_TRUE(result.probes.contains(std::string(kIllnessProbes[GetParam()])));
  for (const Violation& violation : result.violations) ADD_FAILURE() << violation.detail;
  for (const char* invariant : {"C1", "C2", "C3", "C4", "A1"}) {
    EXPECT_TRUE(result.checks.contains(invariant)) << invariant;
  }
}

INSTANTIATE_TEST_SUITE_P(All, EachIllness, testing::Range<std::size_t>(0, std::size(kIllnesses)),
                         [](const auto& index) {
                           std::string name(kIllnesses[index.param]);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Illness, IsAskedOfLongLivenessSweepsAlone) {
  for (const std::string_view probe : kIllnessProbes) {
    EXPECT_TRUE(must_hit(Profile::kLiveness, probe));
    EXPECT_FALSE(must_hit(Profile::kSafety, probe));
    EXPECT_FALSE(must_hit(Profile::kDisaster, probe));
  }
}

}  // namespace
}  // namespace dfs::world
