// Reduction: a planted bug's failing plan becomes a small one that still fails.
#include "simulator/world/reduce.h"

#include <gtest/gtest.h>

#include "core/base/mutant.h"
#include "simulator/world/plan_file.h"
#include "simulator/world/world.h"

namespace dfs::world {
namespace {

void say_nothing(const std::string& /*line*/) {}

class Reduce : public testing::Test {
 protected:
  ~Reduce() override { switch_on(Mutant::kNone); }

  // The reduction of the first seed, from `first` on, whose plan breaks the invariant.
  static std::optional<Reduction> reduce_first(PlanOptions options, const std::string& invariant,
                                               std::uint64_t first = 1) {
    options.invariants = {invariant};
    std::optional<Reduction> reduced;
    for (options.seed = first; !reduced && options.seed < first + 20; ++options.seed) {
      reduced = reduce(options, say_nothing);
    }
    return reduced;
  }

  // What was saved of it fails with the bug, and does not without.
  static void expect_fails_by_the_bug_alone(const Reduction& reduced) {
    const Result<PlanFile> saved = parse_plan(to_text(PlanFile{"", reduced.plan, ""}));
    ASSERT_TRUE(saved.ok());
    const RunResult broken = run(make_plan(saved->plan));
    ASSERT_FALSE(broken.violations.empty());
    EXPECT_EQ(broken.violations.front().invariant, reduced.violation.invariant);
    EXPECT_EQ(broken.violations.front().event, reduced.violation.event);
    switch_on(Mutant::kNone);
    EXPECT_TRUE(run(make_plan(saved->plan)).violations.empty());
  }
};

TEST_F(Reduce, OfAPlanThatDoesNotFailIsNothing) {
  PlanOptions options;
  options.duration = seconds(2);
  options.faults.emplace();
  EXPECT_FALSE(reduce(options, say_nothing));
}

TEST_F(Reduce, BringsAPlantedBugToATenthOfItsOperations) {
  switch_on(Mutant::kN3RenameIntoOwnSubtree);
  const std::optional<Reduction> reduced = reduce_first({}, "N3");
  ASSERT_TRUE(reduced);
  EXPECT_LE(reduced->operations_after * 10, reduced->operations_before);
  EXPECT_EQ(reduced->faults_after, 0u);
  EXPECT_EQ(reduced->plan.selection.delays, Delays::kConstant);
  EXPECT_LE(reduced->plan.datanodes, 2u);
  EXPECT_LE(reduced->runs, kMostRuns);
  expect_fails_by_the_bug_alone(*reduced);
}

TEST_F(Reduce, KeepsTheFaultThatAPlantedBugNeeds) {
  switch_on(Mutant::kV3ErrorMeansAbsent);
  PlanOptions options;
  options.duration = seconds(25);
  options.faults = {FaultKind::kReadError, FaultKind::kDataNodeCrash, FaultKind::kPartition};
  // What is left is a plan of which nothing alone can go, not the smallest of all plans: one fault
  // of seeds 2, 5, 8 and 9, three or four of seeds 4, 6 and 12.
  const std::optional<Reduction> reduced = reduce_first(options, "V3", 8);
  ASSERT_TRUE(reduced);
  EXPECT_LE(reduced->operations_after * 10, reduced->operations_before);
  EXPECT_GE(reduced->faults_after, 1u);
  EXPECT_LE(reduced->faults_after, 2u);
  EXPECT_LE(reduced->runs, kMostRuns);
  expect_fails_by_the_bug_alone(*reduced);
}

}  // namespace
}  // namespace dfs::world
