// Reduction: a planted bug's failing plan becomes a small one that still fails.
#include "simulator/world/reduce.h"

#include <gtest/gtest.h>

#include "core/base/mutant.h"
#include "simulator/world/plan_file.h"
#include "simulator/world/world.h"

namespace dfs::world {
namespace {

void say_nothing(const std::string& /*line*/) {}

TEST(Reduce, OfAPlanThatDoesNotFailIsNothing) {
  PlanOptions options;
  options.duration = seconds(2);
  options.faults.emplace();
  EXPECT_FALSE(reduce(options, say_nothing));
}

TEST(Reduce, BringsAPlantedBugToATenthOfItsOperations) {
  switch_on(Mutant::kN3RenameIntoOwnSubtree);
  PlanOptions options;
  options.invariants = {"N3"};
  std::optional<Reduction> reduced;
  for (options.seed = 1; !reduced && options.seed < 20; ++options.seed) {
    reduced = reduce(options, say_nothing);
  }
  ASSERT_TRUE(reduced);
  EXPECT_LE(reduced->operations_after * 10, reduced->operations_before);
  EXPECT_EQ(reduced->violation.invariant, "N3");

  const Result<PlanFile> saved = parse_plan(to_text(PlanFile{"", reduced->plan, "N3"}));
  ASSERT_TRUE(saved.ok());
  EXPECT_FALSE(run(make_plan(saved->plan)).violations.empty());
  switch_on(Mutant::kNone);
  EXPECT_TRUE(run(make_plan(saved->plan)).violations.empty());
}

}  // namespace
}  // namespace dfs::world
