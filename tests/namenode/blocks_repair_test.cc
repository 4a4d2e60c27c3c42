// Repair: what is lost or rotten is made whole again, the scarcest first, once, and with whom there is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using wire::OrderKind;

TEST(Repair, ADeadNodesReplicaIsCopiedToAnother) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  EXPECT_EQ(cluster.health(block).good, 3u);
  cluster.kill(2);
  cluster.run(seconds(25));
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  cluster.run(seconds(15));
  EXPECT_THAT(cluster.holders(block), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(cluster.good(block), 3u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 1u);
}

TEST(Repair, LeponceauTrap_ARottenReplicaIsReplacedInPlaceWhenThereIsNoOtherNode) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.rot(block, 2);
  cluster.find_rot(block, 2);
  cluster.run(seconds(10));
  EXPECT_EQ(cluster.good(block), 3u);
  EXPECT_EQ(cluster.at(2).quarantine.size(), 1u);
  EXPECT_EQ(cluster.health(block).corrupt, 0u);
}

TEST(Repair, ThreeReplicasRottenAtThreePlacesHealEachOther) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  for (int node = 1; node <= 3; ++node) {
    cluster.rot(block, static_cast<std::uint64_t>(node), node);
    cluster.find_rot(block, static_cast<std::uint64_t>(node));
  }
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.good(block), 3u);
}

}  // namespace
}  // namespace dfs::namenode
