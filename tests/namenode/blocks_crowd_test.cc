// Blocks with more to do than a tick or a heartbeat can hold: what has to wait comes to its turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

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

}  // namespace
}  // namespace dfs::namenode
