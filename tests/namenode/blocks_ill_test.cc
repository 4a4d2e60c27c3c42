// DataNodes that stay ill: what they fail at is left to others, and tried again less and less
// often.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::SizeIs;
using wire::OrderKind;

// Nodes 4 and 5 obey the NameNode and reach no other node, or so it seems.
TEST(Ill, ARottenReplicaIsReplacedInPlaceWhereEveryOtherNodeFails) {
  Cluster cluster(5);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.disobey({4, 5});
  cluster.rot(block, 2);
  cluster.find_rot(block, 2);
  cluster.run(cluster.config().order_timeout * 2 + seconds(10));
  EXPECT_THAT(cluster.orders(4, OrderKind::kCopy), SizeIs(1));
  EXPECT_THAT(cluster.orders(5, OrderKind::kCopy), SizeIs(1));
  EXPECT_EQ(cluster.good(block), 3u);
  EXPECT_EQ(cluster.health(block).good, 3u);
}

TEST(Ill, ACopyIsOfferedToEveryNodeBeforeOneGetsItAgain) {
  Cluster cluster(7);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.disobey({4, 5, 6, 7});
  cluster.kill(1);
  cluster.run(cluster.config().order_timeout * 4 + seconds(30));
  for (const std::uint64_t node : {4u, 5u, 6u, 7u}) {
    EXPECT_THAT(cluster.orders(node, OrderKind::kCopy), SizeIs(1)) << node;
  }
  EXPECT_EQ(cluster.good(block), 2u);
}

void want_a_hopeless_copy(Cluster& cluster) {
  const BlockId block = cluster.write({1}, 1);
  cluster.rot(block, 1);  // nobody knows, so every copy fails
  cluster.set_replication(block, 2);
}

TEST(Ill, ACopyThatFailsIsNotTriedMoreOftenBecauseNodesReport) {
  Cluster cluster(3);
  want_a_hopeless_copy(cluster);
  for (int second = 0; second < 600; ++second) {
    cluster.report(2);
    cluster.run(seconds(1));
  }
  EXPECT_LE(cluster.orders_of(OrderKind::kCopy), 20u);
}

TEST(Ill, ACopyThatFailsIsNotTriedAtEachReturnOfANodeThatCrashesAllTheTime) {
  Cluster cluster(3);
  want_a_hopeless_copy(cluster);
  for (int times = 0; times < 150; ++times) {
    cluster.start(3);
    cluster.run(seconds(4));
  }
  EXPECT_LE(cluster.orders_of(OrderKind::kCopy), 30u);
}

// Node 4 alone is in the second rack.
TEST(Ill, ACopyTooManyGoesWhileNobodyInAnotherRackTakesOne) {
  Cluster cluster(4, {"/a", "/a", "/a", "/b"});
  const BlockId block = cluster.write({1, 2, 3}, 3);
  cluster.disobey({4});
  cluster.set_replication(block, 2);
  cluster.run(cluster.config().order_timeout * 2 + seconds(60));
  EXPECT_THAT(cluster.holders(block), SizeIs(2));
  cluster.obey({4});
  cluster.run(seconds(300));
  EXPECT_THAT(cluster.holders(block), ::testing::Contains(4u));
  EXPECT_THAT(cluster.holders(block), SizeIs(2));
}

TEST(Ill, ABlockThatWaitsForADataNodeIsMendedWhenThatReturns) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1}, 1);
  cluster.kill(2);
  cluster.run(seconds(100));
  cluster.set_replication(block, 2);
  cluster.run(seconds(200));  // by now the next attempt is a minute away
  cluster.start(2);
  cluster.run(seconds(4));
  EXPECT_EQ(cluster.good(block), 2u);
}

}  // namespace
}  // namespace dfs::namenode
