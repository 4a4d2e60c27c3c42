// Purges: a replica leaves quarantine for good only when the fence is sure of its survivors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/ids.h"
#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using wire::OrderKind;

TEST(Purge, OfAForgottenBlockIsGranted) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.forget(block);
  cluster.run(seconds(3));
  ASSERT_THAT(cluster.at(1).quarantine, SizeIs(1));
  cluster.at(1).purge_wanted.push_back(Cluster::info(block));
  cluster.run(seconds(1));
  EXPECT_THAT(cluster.at(1).quarantine, IsEmpty());
}

TEST(Purge, OfABlockThatIsMissingByThenBringsItBack) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1}, 1);
  cluster.disobey({1});
  cluster.kill(1);
  cluster.run(seconds(35));
  cluster.at(4).quarantine[block] = {Cluster::info(block), {}};
  cluster.at(4).purge_wanted.push_back(Cluster::info(block));
  cluster.run(seconds(2));
  EXPECT_THAT(cluster.at(4).quarantine, IsEmpty());
  EXPECT_THAT(cluster.located(block), ElementsAre(4));
}

TEST(Purge, WaitsUntilEnoughVerifiedCopiesAreThere) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.at(4).quarantine[block] = {Cluster::info(block), {}};
  cluster.restart_namenode();
  cluster.run(seconds(3));
  cluster.at(4).purge_wanted.push_back(Cluster::info(block));
  cluster.run(seconds(1));
  EXPECT_THAT(cluster.at(4).quarantine, SizeIs(1));  // nobody has verified since the restart
  cluster.run(seconds(10));
  cluster.at(4).purge_wanted.push_back(Cluster::info(block));
  cluster.run(seconds(1));
  EXPECT_THAT(cluster.at(4).quarantine, IsEmpty());
}

TEST(Purge, OfAReplicaThatWasReplacedInPlaceIsGrantedWithNodesEqualToReplication) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.rot(block, 2);
  cluster.find_rot(block, 2);
  cluster.run(seconds(10));
  ASSERT_THAT(cluster.at(2).quarantine, SizeIs(1));
  for (int wish = 0; wish < 2; ++wish) {  // the others are read in between
    cluster.at(2).purge_wanted.push_back(Cluster::info(block));
    cluster.run(seconds(10));
  }
  EXPECT_THAT(cluster.at(2).quarantine, IsEmpty());
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Purge, D1_OfTheLastGoodCopyIsRefusedWhenTheSurvivorRottedUnnoticed) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.set_replication(block, 1);
  cluster.run(seconds(10));
  ASSERT_THAT(cluster.holders(block), SizeIs(1));
  const std::uint64_t survivor = cluster.holders(block).front();
  const std::uint64_t other = 3 - survivor;
  cluster.rot(block, survivor);
  for (int wish = 0; wish < 5; ++wish) {
    cluster.at(other).purge_wanted.push_back(Cluster::info(block));
    cluster.run(seconds(10));
  }
  EXPECT_EQ(cluster.good(block), 1u) << "taken back from quarantine";
}

TEST(Purge, OfABlockOfAnotherHistoryIsRefused) {
  Cluster cluster(3);
  const BlockId block{first_id_of_epoch(9)};
  cluster.at(1).quarantine[block] = {Cluster::info(block), {}};
  cluster.at(1).purge_wanted.push_back(Cluster::info(block));
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.at(1).quarantine, SizeIs(1));
}

// One of two copies is in quarantine since a moment ago; `wish` asks for its purge.
struct OneInQuarantine {
  OneInQuarantine() {
    cluster.set_replication(block, 1);
    cluster.run(seconds(10));
    survivor = cluster.holders(block).front();
    other = 3 - survivor;
  }
  void wish() { cluster.at(other).purge_wanted.push_back(Cluster::info(block)); }

  Cluster cluster{2};
  BlockId block = cluster.write({1, 2}, 2);
  std::uint64_t survivor = 0;
  std::uint64_t other = 0;
};

TEST(Purge, D1_ThatWasAskedForBeforeTheReplicaLeftQuarantineAndCameBackIsAskedForAnew) {
  OneInQuarantine world;
  Cluster& cluster = world.cluster;
  world.wish();
  cluster.run(seconds(10));  // refused, and the survivor has been read since
  cluster.set_replication(world.block, 2);
  cluster.run(seconds(30));
  ASSERT_THAT(cluster.holders(world.block), ElementsAre(1, 2));
  cluster.set_replication(world.block, 1);
  cluster.run(seconds(30));
  ASSERT_THAT(cluster.holders(world.block), ElementsAre(world.survivor));
  cluster.rot(world.block, world.survivor);
  world.wish();
  cluster.run(seconds(10));
  EXPECT_EQ(cluster.good(world.block), 1u) << "taken back from quarantine";
}

// What a node holds is told by reports too, where the news of it was lost.
TEST(Purge, D1_IsAskedForAnewWhenAReportTellsThatTheReplicaHadLeftQuarantine) {
  OneInQuarantine world;
  Cluster& cluster = world.cluster;
  world.wish();
  cluster.run(seconds(10));
  PretendedNode& node = cluster.at(world.other);
  node.replicas[world.block] = node.quarantine.at(world.block);
  cluster.start(world.other);
  cluster.set_replication(world.block, 2);
  cluster.run(seconds(3));
  ASSERT_EQ(cluster.health(world.block).good, 2u);
  cluster.set_replication(world.block, 1);
  node.quarantine[world.block] = node.replicas.at(world.block);
  node.replicas.erase(world.block);
  cluster.start(world.other);
  cluster.rot(world.block, world.survivor);
  cluster.run(seconds(3));
  ASSERT_THAT(cluster.located(world.block), ElementsAre(world.survivor));
  world.wish();
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.good(world.block), 1u) << "taken back from quarantine";
}

TEST(Purge, ThatWasGrantedAndIsNotDoneYetIsNotAskedForAnew) {
  OneInQuarantine world;
  Cluster& cluster = world.cluster;
  cluster.disobey({world.other});
  for (int wish = 0; wish < 5; ++wish) {  // refused, granted, and three more
    world.wish();
    cluster.run(seconds(10));
  }
  EXPECT_THAT(cluster.orders(world.other, OrderKind::kPurge), SizeIs(1));
  EXPECT_THAT(cluster.orders(world.survivor, OrderKind::kVerify), SizeIs(1));
}

}  // namespace
}  // namespace dfs::namenode
