// Blocks and DataNode machines together, in trouble and after it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/mutant.h"
#include "tests/namenode/fleet.h"

namespace dfs::namenode {
namespace {

using ::testing::IsEmpty;

// What two minutes of trouble and a rest of seven leave behind: what is wrong with the replicas,
// what was deleted that should not have been, and whether orders are still given.
std::vector<std::string> live_through(std::uint64_t seed) {
  Fleet fleet(seed, 3 + seed % 4);
  fleet.run(seconds(3));
  for (int i = 0; i < 5; ++i) fleet.write();
  for (int i = 0; i < 120; ++i) {
    fleet.trouble();
    fleet.run(seconds(1));
  }
  fleet.calm();
  fleet.run(seconds(400));
  std::vector<std::string> wrong = fleet.check();
  wrong.insert(wrong.end(), fleet.violations().begin(), fleet.violations().end());
  const std::uint64_t before = fleet.disturbances();
  fleet.run(seconds(60));
  if (fleet.disturbances() != before) wrong.push_back("orders are given at rest");
  return wrong;
}

class Fleets : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Fleets, C1_C2_C3_D4_V2_EverythingIsWholeAgainAfterTrouble) {
  EXPECT_THAT(live_through(GetParam()), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Fleets, ::testing::Range<std::uint64_t>(1, 13));

#if defined(DFS_MUTANTS)

// True if some seed shows the planted bug.
bool caught(Mutant mutant) {
  switch_on(mutant);
  bool found = false;
  for (std::uint64_t seed = 1; seed < 4 && !found; ++seed) found = !live_through(seed).empty();
  switch_on(Mutant::kNone);
  return found;
}

TEST(FleetMutant, AKeptOrphanIsSeen) { EXPECT_TRUE(caught(Mutant::kC2KeepOrphans)); }
TEST(FleetMutant, AResurrectedBlockIsSeen) { EXPECT_TRUE(caught(Mutant::kN2ResurrectFromReport)); }

#endif

}  // namespace
}  // namespace dfs::namenode
