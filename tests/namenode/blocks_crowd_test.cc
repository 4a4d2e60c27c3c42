// Blocks with more to do than a tick or a heartbeat can hold: what has to wait comes to its turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using wire::OrderKind;

// Blocks that all of the first three nodes have.
std::vector<BlockId> write_many(Cluster& cluster, std::size_t count) {
  std::vector<BlockId> blocks;
  for (std::size_t i = 0; i < count; ++i) {
    blocks.push_back(cluster.allocate());
    for (const std::uint64_t node : {1u, 2u, 3u}) cluster.store_on(blocks.back(), node);
    cluster.commit(blocks.back(), {1, 2, 3});
    if (i % 500 == 499) cluster.run(seconds(1));
  }
  return blocks;
}

TEST(Crowd, C2_ExcessCopiesGoHoweverManyBlocksWaitToBeLookedAt) {
  Cluster cluster(3);
  cluster.config().rows_per_tick = 100;
  cluster.restart_namenode();
  cluster.run(seconds(5));
  const std::vector<BlockId> blocks = write_many(cluster, 6000);
  cluster.run(seconds(10));
  for (const BlockId block : blocks) cluster.set_replication(block, 2);
  cluster.run(seconds(400));
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), blocks.size());
  // Each survivor has been asked once, a few twice.
  EXPECT_LT(cluster.orders_of(OrderKind::kConfirm), 3 * blocks.size());
}

TEST(Crowd, NobodyIsToVerifyWhatIsGone) {
  Cluster cluster(3);
  const std::vector<BlockId> blocks = write_many(cluster, 900);
  cluster.run(seconds(10));
  cluster.disobey({1, 2, 3});
  for (const BlockId block : blocks) (void)cluster.blocks().scrub(block, cluster.now());
  EXPECT_EQ(cluster.blocks().scrubs_waiting(), 3 * blocks.size());
  for (const BlockId block : blocks) {
    cluster.at(1).replicas.erase(block);
    cluster.at(1).changes.push_back({wire::ReplicaEvent::kRemoved, Cluster::info(block)});
    cluster.at(2).replicas.erase(block);  // only its full report tells
  }
  cluster.report(2);
  (void)cluster.heartbeat(1);
  EXPECT_LE(cluster.blocks().scrubs_waiting(), blocks.size() + 100);
}

TEST(Crowd, AHeartbeatTouchesFewRowsHoweverManyDoubtsThereAreAboutNothing) {
  Cluster cluster(1, {"/r"}, true);
  cluster.join(1);
  for (std::uint64_t i = 0; i < 3; ++i) {
    wire::ReportBad bad;
    for (std::uint64_t j = 0; j < 1000; ++j) {
      bad.replicas.push_back({BlockId{first_id_of_epoch(1) + 1000 * i + j}, NodeId{1}});
    }
    cluster.blocks().report_bad(bad, cluster.now());
  }
  const std::uint64_t before = cluster.store().rows_touched();
  (void)cluster.heartbeat(1);
  EXPECT_LT(cluster.store().rows_touched() - before, 2000u);
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.blocks().scrubs_waiting(), 0u);
}

TEST(Crowd, HDFS_14861_ManyBlocksOfABusyNodeDoNotKeepOthersFromBeingCopied) {
  Cluster cluster(6);
  for (int i = 0; i < 1000; ++i) {
    const BlockId block = cluster.allocate(1);
    cluster.store_on(block, 1);
    cluster.commit(block, {1});
    if (i % 500 == 499) cluster.run(seconds(1));
  }
  const BlockId block = cluster.write({4, 5, 6});
  cluster.kill(6);
  cluster.run(seconds(25));
  cluster.decommission(1);
  cluster.run(seconds(35));
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Crowd, ADeadNodeIsForgottenAsAPlaceOfBlocksThatHaveAllTheirCopies) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  const BlockId wide = cluster.write({1, 2, 3, 4}, 4);
  EXPECT_THAT(cluster.store().hints(block), Contains(NodeId{1}));
  cluster.kill(1);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.store().hints(block), ElementsAre(NodeId{2}, NodeId{3}, NodeId{4}));
  EXPECT_THAT(cluster.store().hints(wide), Contains(NodeId{1}));  // it may have the missing one
  cluster.start(1);
  cluster.run(seconds(10));
  EXPECT_EQ(cluster.good(wide), 4u);
}

}  // namespace
}  // namespace dfs::namenode
