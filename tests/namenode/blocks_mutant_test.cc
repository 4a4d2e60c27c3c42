// Each planted bug of Blocks does the damage that it is named for, so that an oracle can see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/mutant.h"
#include "tests/namenode/cluster.h"

#if defined(DFS_MUTANTS)

namespace dfs::namenode {
namespace {

class Planted {
 public:
  explicit Planted(Mutant mutant) { switch_on(mutant); }
  ~Planted() { switch_on(Mutant::kNone); }
};

// A copy is removed although its survivors have not been heard since a restart and are gone.
std::uint32_t left_after_a_restart_in_silence() {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.set_replication(block, 2);
  for (const std::uint64_t node : {2u, 3u, 4u}) cluster.kill(node);
  cluster.restart_namenode();
  cluster.run(seconds(20));
  return cluster.good(block);
}

TEST(BlocksMutant, D4_SilentNodesCountAsSurvivors) {
  EXPECT_EQ(left_after_a_restart_in_silence(), 1u);
  const Planted mutant(Mutant::kD4CountSilentNodes);
  EXPECT_EQ(left_after_a_restart_in_silence(), 0u);
}

std::size_t left_of_a_newer_history() {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.at(3).seen = {7, 1, 1};
  cluster.run(seconds(1));
  cluster.forget(block);
  cluster.run(seconds(10));
  return cluster.holders(block).size();
}

TEST(BlocksMutant, D5_ANewerHistoryIsIgnored) {
  EXPECT_EQ(left_of_a_newer_history(), 3u);
  const Planted mutant(Mutant::kD5ForgetHistory);
  EXPECT_EQ(left_of_a_newer_history(), 0u);
}

std::size_t left_of_a_rotten_only_copy() {
  Cluster cluster(3);
  const BlockId block = cluster.write({1}, 1);
  cluster.rot(block, 1);
  cluster.find_rot(block, 1);
  cluster.run(seconds(10));
  return cluster.holders(block).size();
}

TEST(BlocksMutant, V2_TheLastCopyGoesBecauseItIsRotten) {
  EXPECT_EQ(left_of_a_rotten_only_copy(), 1u);
  const Planted mutant(Mutant::kV2DeleteLastCorrupt);
  EXPECT_EQ(left_of_a_rotten_only_copy(), 0u);
}

bool a_report_makes_a_forgotten_block_a_block() {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.kill(3);
  cluster.run(seconds(40));
  cluster.forget(block);
  cluster.run(seconds(10));
  cluster.start(3);
  cluster.run(seconds(10));
  return cluster.store().block(block).has_value();
}

TEST(BlocksMutant, N2_AForgottenBlockIsTakenUpFromAReport) {
  EXPECT_FALSE(a_report_makes_a_forgotten_block_a_block());
  const Planted mutant(Mutant::kN2ResurrectFromReport);
  EXPECT_TRUE(a_report_makes_a_forgotten_block_a_block());
}

std::uint32_t good_after_a_lost_copy() {
  Cluster cluster(4);
  cluster.disobey({4});
  const BlockId block = cluster.write({1, 2, 3});
  cluster.kill(1);
  cluster.run(seconds(60));
  cluster.obey({4});
  cluster.run(seconds(600));
  return cluster.good(block);
}

TEST(BlocksMutant, C1_ATimedOutCopyIsNeverAskedForAgain) {
  EXPECT_EQ(good_after_a_lost_copy(), 3u);
  const Planted mutant(Mutant::kC1LoseTaskOnTimeout);
  EXPECT_EQ(good_after_a_lost_copy(), 2u);
}

std::size_t left_of_a_forgotten_block() {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.forget(block);
  cluster.run(seconds(120));
  return cluster.holders(block).size();
}

TEST(BlocksMutant, C2_ReplicasOfForgottenBlocksStay) {
  EXPECT_EQ(left_of_a_forgotten_block(), 0u);
  const Planted mutant(Mutant::kC2KeepOrphans);
  EXPECT_EQ(left_of_a_forgotten_block(), 3u);
}

}  // namespace
}  // namespace dfs::namenode

#endif
