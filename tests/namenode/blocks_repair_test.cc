// Repair: what is lost or rotten is made whole again, the scarcest first, once, and with whom there
// is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
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

TEST(Repair, ACopyTellsTheTargetWhereTheBlockBelongs) {
  Cluster cluster(2);
  InodeRow directory;
  directory.id = InodeId{999};
  directory.parent = kRootInode;
  directory.name = "logs";
  InodeRow file;
  file.id = InodeId{1000};
  file.parent = directory.id;
  file.name = "today";
  cluster.store().begin();
  cluster.store().put_inode(directory);
  cluster.store().put_inode(file);
  cluster.store().commit();
  cluster.write({1}, 2);
  cluster.run(seconds(3));
  const std::vector<wire::Order> orders = cluster.orders(2, OrderKind::kCopy);
  ASSERT_THAT(orders, SizeIs(1));
  EXPECT_EQ(orders[0].path_hint, "/logs/today");
  EXPECT_EQ(orders[0].inode, InodeId{1000});
}

TEST(Repair, HDFS_16146_ABlockCommittedWithTooFewCopiesIsToppedUpAtOnce) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2});
  cluster.run(seconds(3));
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Repair, HDFS_3493_ARottenReplicaIsReplacedInPlaceWhenThereIsNoOtherNode) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.rot(block, 2);
  cluster.find_rot(block, 2);
  cluster.run(seconds(10));
  EXPECT_EQ(cluster.good(block), 3u);
  EXPECT_EQ(cluster.at(2).quarantine.size(), 1u);
  EXPECT_EQ(cluster.health(block).corrupt, 0u);
}

TEST(Repair, HDFS_2290_ARottenReplicaIsReplacedOnAnotherNodeFirstAndThenQuarantined) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.rot(block, 2);
  cluster.find_rot(block, 2);
  cluster.run(seconds(10));
  EXPECT_THAT(cluster.holders(block), ElementsAre(1, 3, 4));
  EXPECT_EQ(cluster.good(block), 3u);
  EXPECT_THAT(cluster.at(2).quarantine, SizeIs(1));
}

TEST(Repair, ThreeReplicasRottenAtThreePlacesHealEachOther) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  for (const std::uint64_t node : {1u, 2u, 3u}) {
    cluster.rot(block, node, static_cast<int>(node));
    cluster.find_rot(block, node);
  }
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Repair, AnOnlyCopyThatIsRottenIsKeptAndCountedAsCorrupt) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1}, 1);
  cluster.rot(block, 1);
  cluster.find_rot(block, 1);
  cluster.run(seconds(120));
  EXPECT_THAT(cluster.holders(block), ElementsAre(1));
  EXPECT_EQ(cluster.health(block).corrupt, 1u);
  EXPECT_EQ(cluster.health(block).good, 0u);
  EXPECT_THAT(cluster.located(block), ElementsAre(1));
}

TEST(Repair, AReplicaOfOtherContentIsCorruptAndReplaced) {
  Cluster cluster(3);
  const BlockId block = cluster.allocate();
  cluster.store_on(block, 1);
  cluster.store_on(block, 2);
  wire::BlockInfo torn = Cluster::info(block);
  torn.length -= 1;
  cluster.at(3).replicas[block] = {torn, {}};
  cluster.at(3).changes.push_back({wire::ReplicaEvent::kStored, torn});
  cluster.commit(block, {1, 2});
  cluster.run(seconds(10));
  EXPECT_EQ(cluster.good(block), 3u);
  EXPECT_EQ(cluster.at(3).quarantine.at(block).info, torn);
}

TEST(Repair, AReplicaOfOtherContentThanItsWriterSaidIsReplacedAtOnce) {
  Cluster cluster(3);
  const BlockId block = cluster.allocate(2);
  cluster.store_on(block, 1);
  wire::BlockInfo torn = Cluster::info(block);
  torn.length -= 1;
  cluster.at(2).replicas[block] = {torn, {}};
  cluster.at(2).changes.push_back({wire::ReplicaEvent::kStored, torn});
  cluster.commit(block, {1, 2});
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.good(block), 2u);
}

TEST(Repair, ACopyNamesTenSourcesAtMost) {
  Cluster cluster(12);
  cluster.write({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 12);
  cluster.run(seconds(3));
  const std::vector<wire::Order> copies = cluster.orders(12, OrderKind::kCopy);
  ASSERT_THAT(copies, SizeIs(1));
  EXPECT_THAT(copies[0].sources, SizeIs(10));
}

TEST(Repair, HDFS_8404_ATimedOutCopyIsOrderedAgainAndSucceeds) {
  Cluster cluster(4);
  cluster.disobey({4});
  const BlockId block = cluster.write({1, 2, 3});
  cluster.kill(1);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.orders(4, OrderKind::kCopy), SizeIs(1));
  EXPECT_EQ(cluster.good(block), 2u);
  cluster.obey({4});
  cluster.run(seconds(120));
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Repair, ACopyThatFailsIsTriedElsewhereAndThenLessAndLessOften) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1}, 1);
  cluster.rot(block, 1);  // nobody knows, so every copy fails
  cluster.set_replication(block, 2);
  cluster.run(seconds(10));
  EXPECT_THAT(cluster.orders(2, OrderKind::kCopy), SizeIs(Not(0)));
  EXPECT_THAT(cluster.orders(3, OrderKind::kCopy), SizeIs(Not(0)));
  cluster.run(seconds(600));
  EXPECT_LE(cluster.orders_of(OrderKind::kCopy), 20u);
}

TEST(Repair, HDFS_10453_AFileThatIsDeletedWhileItsRepairWaitsNeedsNone) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3}, 3);
  cluster.kill(3);
  cluster.run(seconds(40));
  EXPECT_EQ(cluster.describe().repairs_waiting, 1u);
  cluster.free(block);
  cluster.run(seconds(2));
  EXPECT_EQ(cluster.describe().repairs_waiting, 0u);
  cluster.start(3);
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  EXPECT_THAT(cluster.located(block), UnorderedElementsAre(1, 2, 3));
}

TEST(Repair, HDFS_14861_BlocksWithOneCopyComeFirst) {
  Cluster cluster(4);
  cluster.config().max_copies_per_node = 1;
  cluster.restart_namenode();
  cluster.run(seconds(2));
  std::vector<BlockId> two_left;
  for (int i = 0; i < 20; ++i) two_left.push_back(cluster.write({1, 2, 3}));
  const BlockId one_left = cluster.write({1, 3}, 2);
  // Node 3's death leaves 20 blocks with two copies and the youngest with one.
  cluster.kill(3);
  cluster.run(seconds(33));
  const std::vector<wire::Order> first = cluster.orders(4, OrderKind::kCopy);
  const std::vector<wire::Order> other = cluster.orders(2, OrderKind::kCopy);
  ASSERT_FALSE(first.empty() && other.empty());
  EXPECT_TRUE((!first.empty() && first[0].block.id == one_left) ||
              (!other.empty() && other[0].block.id == one_left));
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.good(one_left), 2u);
  for (const BlockId block : two_left) EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Repair, RustFS_5716_NoNodeTakesPartInMoreThanItsShareOfCopies) {
  Cluster cluster(5);
  for (int i = 0; i < 40; ++i) cluster.write({1, 2, 3});
  cluster.disobey({1, 2, 4, 5});
  cluster.kill(3);
  cluster.run(seconds(60));
  // Two sources and two targets, four streams each.
  EXPECT_LE(cluster.describe().repairs_running, 8u);
  EXPECT_GT(cluster.describe().repairs_running, 0u);
  EXPECT_THAT(cluster.orders(4, OrderKind::kCopy), SizeIs(Le(4)));
  EXPECT_THAT(cluster.orders(5, OrderKind::kCopy), SizeIs(Le(4)));
}

TEST(Repair, B2_TwoCopiesOfABlockAreNeverPendingOnOneNode) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1}, 1);
  cluster.disobey({2, 3});
  cluster.set_replication(block, 3);
  cluster.run(seconds(100));
  EXPECT_THAT(cluster.orders(2, OrderKind::kCopy), SizeIs(1));
  EXPECT_THAT(cluster.orders(3, OrderKind::kCopy), SizeIs(1));
}

TEST(Repair, MooseFS_207_NothingIsCopiedToANodeThatHasNotReported) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.kill(4);
  cluster.run(seconds(40));
  cluster.at(4).replicas[block] = {Cluster::info(block), {}};  // it has it, nobody knows
  cluster.at(4).reports = false;
  cluster.start(4);
  cluster.kill(2);
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  cluster.at(4).reports = true;
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.health(block).good, 3u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
}

TEST(Repair, HDFS_12914_ANodeWhoseReportCameToNothingIsAskedAgain) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.restart_namenode();
  cluster.at(2).reports = false;
  cluster.run(seconds(10));
  EXPECT_TRUE(cluster.at(2).reporting);
  EXPECT_FALSE(cluster.describe().nodes[1].reported);
  EXPECT_EQ(cluster.health(block).unknown, 1u);
  cluster.at(2).reports = true;
  cluster.run(seconds(2));
  EXPECT_TRUE(cluster.describe().nodes[1].reported);
}

TEST(Repair, HDFS_2742_AnAllocatedBlockIsNeitherMissingNorShortOfCopies) {
  Cluster cluster(4);
  const BlockId block = cluster.allocate();
  cluster.store_on(block, 1);
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.describe().repairs_waiting, 0u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 0u);
  cluster.commit(block, {1});
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Repair, D5_AfterARestartNothingIsCopiedUntilTheHoldersAreKnownOrDead) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.kill(3);
  cluster.restart_namenode();
  EXPECT_THAT(cluster.located(block), UnorderedElementsAre(1, 2, 3));  // from hints, at once
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.health(block).good, 2u);
  EXPECT_EQ(cluster.health(block).unknown, 1u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Repair, AMissingBlockIsAskedForInEveryQuarantine) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1}, 1);
  cluster.at(4).quarantine[block] = {Cluster::info(block), {}};
  cluster.kill(1);
  cluster.run(seconds(40));
  EXPECT_THAT(cluster.holders(block), ElementsAre(1, 4));
  EXPECT_THAT(cluster.located(block), ElementsAre(4));
}

// Rotten, or of other content.
void make_bad(Cluster& cluster, BlockId block, std::uint64_t node, bool rotten) {
  if (rotten) {
    cluster.rot(block, node);
    cluster.find_rot(block, node);
    return;
  }
  wire::BlockInfo other = Cluster::info(block);
  ++other.crc;
  cluster.at(node).replicas[block] = {other, {}};
  cluster.at(node).changes.push_back({wire::ReplicaEvent::kStored, other});
}

TEST(Repair, ABlockWithoutAGoodReplicaIsAskedForInTheQuarantineBesideABadOne) {
  for (const bool rotten : {true, false}) {
    Cluster cluster(2);
    const BlockId block = cluster.write({1}, 1);
    cluster.at(1).quarantine[block] = cluster.at(1).replicas.at(block);
    make_bad(cluster, block, 1, rotten);
    cluster.run(seconds(10));
    EXPECT_EQ(cluster.good(block), 1u);
    EXPECT_EQ(cluster.health(block).good, 1u);
    EXPECT_THAT(cluster.at(1).quarantine, SizeIs(1));
    EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 0u);
  }
}

TEST(Repair, ARottenReplicaThatARestoreMayReplaceIsNotMovedMeanwhile) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1}, 1);
  cluster.at(1).obedient = false;
  cluster.rot(block, 1);
  cluster.find_rot(block, 1);
  cluster.run(seconds(5));
  ASSERT_THAT(cluster.orders(1, OrderKind::kRestore), SizeIs(1));
  cluster.store_on(block, 2);
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.health(block).good, 1u);
  EXPECT_THAT(cluster.orders(1, OrderKind::kQuarantine), IsEmpty());
  cluster.run(cluster.config().order_timeout);
  EXPECT_THAT(cluster.orders(1, OrderKind::kQuarantine), SizeIs(1)) << "no answer: it is over";
}

TEST(Repair, ABadReplicaWithNothingBetterBesideItGoesOnceAGoodOneIsThere) {
  for (const bool rotten : {true, false}) {
    Cluster cluster(2);
    const BlockId block = cluster.write({1}, 1);
    make_bad(cluster, block, 1, rotten);
    cluster.run(seconds(5));
    ASSERT_THAT(cluster.orders(1, OrderKind::kRestore), SizeIs(1));
    cluster.store_on(block, 2);
    cluster.run(seconds(5));
    EXPECT_THAT(cluster.holders(block), ElementsAre(2));
  }
}

TEST(Repair, AReplicaThatIsBeingMovedAwayIsNotReplacedByARestore) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1, 2}, 1);
  cluster.at(1).obedient = false;
  cluster.at(1).quarantine[block] = cluster.at(1).replicas.at(block);
  cluster.rot(block, 1);
  cluster.find_rot(block, 1);
  cluster.run(seconds(5));
  ASSERT_THAT(cluster.orders(1, OrderKind::kQuarantine), SizeIs(1));
  cluster.rot(block, 2);
  cluster.find_rot(block, 2);
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.orders(2, OrderKind::kRestore), SizeIs(1));
  EXPECT_THAT(cluster.orders(1, OrderKind::kRestore), IsEmpty());
}

TEST(Repair, AMissingBlockIsNotAskedForAllTheTime) {
  Cluster cluster(4);
  cluster.write({1}, 1);
  cluster.kill(1);
  cluster.run(seconds(330));
  EXPECT_THAT(cluster.orders(2, OrderKind::kRestore), SizeIs(AllOf(Le(6), Not(0))));
}

TEST(Repair, MissingBlocksAreNotAskedForAllTheTimeWhereSomebodyNeverAnswers) {
  Cluster cluster(3);
  std::vector<BlockId> blocks;
  for (int i = 0; i < 60; ++i) blocks.push_back(cluster.write({1}, 1));  // not all at once
  cluster.disobey({3});
  cluster.kill(1);
  cluster.run(seconds(330));
  std::map<BlockId, int> asked;
  for (const wire::Order& order : cluster.orders(2, OrderKind::kRestore)) ++asked[order.block.id];
  EXPECT_THAT(asked, SizeIs(60));
  for (const auto& [block, times] : asked) EXPECT_LE(times, 6) << block.value;
}

TEST(Repair, ANodesDeathIsEvenedOutWhenItReturns) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.kill(2);
  cluster.run(seconds(40));
  cluster.start(2);
  cluster.run(seconds(30));
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Repair, C3_NoOrderIsGivenWhenNothingIsWrong) {
  Cluster cluster(5, {"/a", "/b"});
  for (int i = 0; i < 10; ++i) cluster.write({1, 2, 3});
  cluster.run(seconds(300));
  for (const OrderKind kind : {OrderKind::kCopy, OrderKind::kQuarantine, OrderKind::kVerify,
                               OrderKind::kRestore, OrderKind::kConfirm, OrderKind::kPurge}) {
    EXPECT_EQ(cluster.orders_of(kind), 0u) << to_string(kind);
  }
}

TEST(Repair, CopiesOnOneHostAreSpreadOverTwoOnceTheOtherHasRoom) {
  Cluster cluster(4, {"/r"}, true);
  for (const std::uint64_t node : {2u, 3u}) cluster.at(node).host = cluster.at(1).host;
  wire::NodeStats& stats = cluster.at(4).stats;
  const std::uint64_t room = std::exchange(stats.largest_free, 0);
  cluster.run(seconds(2));
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  stats.largest_free = room;
  cluster.run(seconds(120));
  EXPECT_THAT(cluster.holders(block), AllOf(SizeIs(2), Contains(4)));
}

TEST(Repair, CopiesOnOneRackAreSpreadOverTwo) {
  Cluster cluster(4, {"/a", "/a", "/a", "/b"});
  const BlockId block = cluster.write({1, 2, 3});
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.good(block), 3u);
  EXPECT_THAT(cluster.holders(block), AllOf(SizeIs(3), Contains(4)));
}

TEST(Repair, AReplicaThatCannotBeReadIsUnknownAndNotAbsent) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.at(2).unreadable = true;
  cluster.doubt(block, 2);
  cluster.run(seconds(3));
  cluster.at(2).changes.push_back({wire::ReplicaEvent::kUnread, Cluster::info(block)});
  cluster.run(seconds(1));
  EXPECT_THAT(cluster.located(block), SizeIs(Not(Le(2))));
  EXPECT_EQ(cluster.health(block).corrupt, 0u);
  EXPECT_THAT(cluster.holders(block), Contains(2));
}

TEST(Repair, AClientsDoubtOnlyHasTheReplicaVerified) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.doubt(block, 2);
  EXPECT_EQ(cluster.located(block).back(), 2u);
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.orders(2, OrderKind::kVerify), SizeIs(1));
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 0u);
  EXPECT_EQ(cluster.health(block).good, 3u);
}

TEST(Repair, HDFS_13709_WhatAReaderFindsRottenIsVerifiedAndReplaced) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.rot(block, 3);
  cluster.doubt(block, 3);
  cluster.run(seconds(10));
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(Scrub, EveryReplicaIsVerifiedOnceAndTheCountGoesToZero) {
  Cluster cluster(3);
  std::vector<BlockId> blocks;
  for (int i = 0; i < 5; ++i) blocks.push_back(cluster.write({1, 2, 3}));
  cluster.rot(blocks[1], 2);
  std::uint64_t ordered = 0;
  for (const BlockId block : blocks) ordered += cluster.blocks().scrub(block, cluster.now());
  EXPECT_EQ(ordered, 15u);
  EXPECT_EQ(cluster.blocks().scrubs_waiting(), 15u);
  cluster.run(seconds(10));
  EXPECT_EQ(cluster.blocks().scrubs_waiting(), 0u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kVerify), 15u);
  EXPECT_EQ(cluster.good(blocks[1]), 3u);
}

}  // namespace
}  // namespace dfs::namenode
