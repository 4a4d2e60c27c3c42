// Decommissioning: a node leaves when the others hold what it holds, and not before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using wire::OrderKind;
using wire::ServiceState;

wire::NodeReport line_of(Cluster& cluster, std::uint64_t node) {
  return cluster.describe().nodes.at(node - 1);
}
ServiceState service_of(Cluster& cluster, std::uint64_t node) {
  return line_of(cluster, node).service;
}
std::string waits_for(Cluster& cluster, std::uint64_t node) {
  return line_of(cluster, node).waits_for;
}

TEST(Decommission, EndsWhenTheOthersHoldEveryBlock) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.decommission(1);
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioning);
  EXPECT_EQ(waits_for(cluster, 1), "its blocks are being counted");
  cluster.run(seconds(10));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  EXPECT_EQ(waits_for(cluster, 1), "");
  EXPECT_THAT(cluster.holders(block), ElementsAre(1, 2, 3, 4));  // nothing goes because it leaves
  cluster.kill(1);
  cluster.run(seconds(120));
  EXPECT_EQ(cluster.good(block), 3u);
  EXPECT_EQ(cluster.health(block).good, 3u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 1u);
}

TEST(Decommission, WaitsAndSaysForWhat) {
  Cluster cluster(4);
  cluster.disobey({4});
  cluster.write({1, 2, 3});
  cluster.write({1, 2, 3});
  cluster.decommission(1);
  cluster.run(seconds(20));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioning);
  EXPECT_EQ(line_of(cluster, 1).blocks_waiting, 2u);
  EXPECT_EQ(waits_for(cluster, 1), "2 blocks with too few copies elsewhere");
}

TEST(Decommission, GivesTheNodeNothingNew) {
  Cluster cluster(4);
  cluster.decommission(2);
  for (int i = 0; i < 20; ++i) {
    const auto targets = cluster.blocks().choose_targets(3, 1000, {}, cluster.now());
    ASSERT_TRUE(targets.ok());
    for (const wire::NodeAddress& target : *targets) EXPECT_NE(target.node, NodeId{2});
  }
  cluster.write({1, 3});
  cluster.run(seconds(30));
  EXPECT_THAT(cluster.orders(2, OrderKind::kCopy), IsEmpty());
  EXPECT_EQ(cluster.blocks().writable_hosts(cluster.now()), 3u);
}

TEST(Decommission, SendsReadersThereLast) {
  Cluster cluster(3);
  for (int i = 0; i < 10; ++i) {
    const BlockId block = cluster.write({1, 2, 3});
    cluster.decommission(2);
    EXPECT_EQ(cluster.located(block).back(), 2u);
    EXPECT_THAT(cluster.located(block), SizeIs(3));
    cluster.recommission(2);
  }
}

TEST(Decommission, CopiesFromTheNodeWhatOnlyItHas) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1}, 1);
  cluster.decommission(1);
  cluster.run(seconds(10));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  EXPECT_THAT(cluster.holders(block), SizeIs(2));
}

TEST(Decommission, OfTheRottenCopysNodeDoesNotHinderItsRepair) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.rot(block, 1);
  cluster.find_rot(block, 1);
  cluster.decommission(1);
  cluster.run(seconds(60));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  EXPECT_THAT(cluster.holders(block), ElementsAre(2, 3, 4));
}

TEST(Decommission, D4_NoCopyOnTheNodeCountsAsASurvivor) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.decommission(1);
  cluster.set_replication(block, 3);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), ElementsAre(1, 2, 3, 4));
  cluster.set_replication(block, 2);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
  EXPECT_THAT(cluster.holders(block), Contains(1));
}

TEST(Decommission, D4_AnExcessCopyStaysIfASurvivorLeavesBeforeItsNodeAsks) {
  for (int beats = 1; beats <= 6; ++beats) {
    Cluster cluster(4);
    const BlockId block = cluster.write({1, 2, 3, 4}, 4);
    cluster.set_replication(block, 3);
    cluster.run(seconds(beats));
    cluster.tick(milliseconds(500));
    const std::size_t ordered = cluster.orders_of(OrderKind::kQuarantine);
    cluster.decommission(1);
    cluster.run(seconds(10));
    EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), ordered)
        << "after " << beats << " heartbeats";
  }
}

TEST(Decommission, TakenBackLeavesNoCopyTooMany) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.decommission(1);
  cluster.run(seconds(10));
  ASSERT_THAT(cluster.holders(block), SizeIs(4));
  cluster.recommission(1);
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kInService);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
  EXPECT_EQ(cluster.health(block).good, 3u);
}

TEST(Decommission, OutlivesRestartsOfTheNameNodeAndTheNode) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.disobey({4});
  cluster.decommission(1);
  cluster.run(seconds(5));
  cluster.restart_namenode();
  cluster.start(1);
  cluster.run(seconds(5));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioning);
  cluster.obey({4});
  cluster.run(seconds(400));  // until the order that it did not carry out is forgotten
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  EXPECT_THAT(cluster.holders(block), ElementsAre(1, 2, 3, 4));
}

TEST(Decommission, IsNotOverBeforeTheOthersHaveReportedAfterARestart) {
  Cluster cluster(4);
  cluster.write({1, 2, 3});
  cluster.decommission(1);
  cluster.run(seconds(10));
  for (const std::uint64_t node : {2u, 3u, 4u}) cluster.at(node).reports = false;
  cluster.restart_namenode();
  cluster.run(seconds(20));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioning);
  for (const std::uint64_t node : {2u, 3u, 4u}) cluster.at(node).reports = true;
  cluster.run(seconds(20));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
}

TEST(Decommission, BeginsAgainWhenANodeThatStayedDies) {
  Cluster cluster(5);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.decommission(1);
  cluster.run(seconds(10));
  ASSERT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  cluster.disobey({4, 5});
  cluster.kill(2);
  cluster.run(seconds(40));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioning);
  cluster.obey({4, 5});
  cluster.run(seconds(400));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  EXPECT_EQ(cluster.health(block).good, 4u);  // and the one that leaves
}

TEST(Decommission, WithFewerNodesThanCopiesEndsWithACopyOnEach) {
  Cluster cluster(3);
  cluster.write({1, 2, 3});
  const BlockId narrow = cluster.write({1, 2});
  cluster.decommission(1);
  cluster.run(seconds(20));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  EXPECT_THAT(cluster.holders(narrow), ElementsAre(1, 2, 3));
  EXPECT_THAT(cluster.describe().notes,
              Contains(HasSubstr("a block that asks for 3 copies gets 2")));
}

TEST(Decommission, CountsADeadNodeInServiceUntilThatLeavesToo) {
  Cluster cluster(4);
  cluster.write({1, 2, 3});
  cluster.kill(4);
  cluster.run(seconds(40));
  cluster.decommission(1);
  cluster.run(seconds(20));
  EXPECT_EQ(waits_for(cluster, 1),
            "1 block with too few copies elsewhere; "
            "only 2 of the 3 DataNodes in service can take copies now");
  cluster.decommission(4);
  cluster.run(seconds(20));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  EXPECT_EQ(service_of(cluster, 4), ServiceState::kDecommissioned);
}

// The disks of the last machine are thrown away, and those of the first put into it.
TEST(Decommission, CountsOfTheNodesThatHaveHadAnAddressTheOneThatIsThere) {
  Cluster cluster(4);
  cluster.write({1, 2, 3});
  cluster.kill(4);
  cluster.run(seconds(40));
  cluster.decommission(1);
  cluster.run(seconds(20));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioning);
  cluster.at(1).address = cluster.at(4).address;
  cluster.start(1);
  cluster.run(seconds(20));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
}

TEST(Decommission, OfTheLastNodeInServiceIsRefused) {
  Cluster cluster(2);
  cluster.decommission(1);
  EXPECT_THAT(cluster.blocks().may_leave("2").status().message(),
              HasSubstr("is the only one in service"));
  EXPECT_TRUE(cluster.blocks().may_leave("1").ok());  // it does already
}

TEST(Decommission, OfManyAtOnceIsNoMassLoss) {
  Cluster cluster(6);
  cluster.write({1, 2, 3});
  for (const std::uint64_t node : {1u, 2u, 3u}) cluster.decommission(node);
  cluster.run(seconds(20));
  for (const std::uint64_t node : {1u, 2u, 3u}) {
    EXPECT_EQ(service_of(cluster, node), ServiceState::kDecommissioned);
    cluster.kill(node);
  }
  cluster.run(seconds(40));
  EXPECT_THAT(cluster.describe().notes, Not(Contains(HasSubstr("vanished"))));
}

TEST(Decommission, HDFS_11609_ANodeThatLeftWhileDeadIsASourceWhenItIsBack) {
  for (const bool restart : {false, true}) {
    Cluster cluster(4);
    const BlockId block = cluster.write({1}, 1);
    cluster.kill(1);
    cluster.run(seconds(40));
    cluster.decommission(1);
    if (restart) cluster.restart_namenode();
    cluster.run(seconds(60));
    EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioning);
    EXPECT_EQ(waits_for(cluster, 1),
              restart ? "what it holds is not known until it reports"
                      : "1 block with too few copies elsewhere; it is dead and gives no copies");
    cluster.start(1);
    cluster.run(seconds(30));
    EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
    EXPECT_EQ(cluster.good(block), 2u);
  }
}

TEST(Decommission, HDFS_16064_TheLastGoodCopyIsSavedAndTheRottenOneReplaced) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.rot(block, 2);
  cluster.find_rot(block, 2);
  cluster.decommission(1);
  cluster.run(seconds(60));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  cluster.kill(1);
  EXPECT_EQ(cluster.good(block), 2u);
  EXPECT_THAT(cluster.holders(block), Contains(2));
}

TEST(Decommission, HDFS_11499_ABlockThatIsBeingWrittenIsWaitedForAndCompletes) {
  Cluster cluster(3);
  const BlockId block = cluster.allocate(1);
  cluster.store_on(block, 1);
  cluster.decommission(1);
  cluster.run(seconds(20));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioning);
  EXPECT_EQ(waits_for(cluster, 1), "1 block being written");
  cluster.commit(block, {1});
  cluster.run(seconds(20));
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
  cluster.kill(1);
  EXPECT_EQ(cluster.good(block), 1u);
  cluster.allocate(1);
  cluster.run(seconds(60));  // it was not placed there
  EXPECT_EQ(service_of(cluster, 1), ServiceState::kDecommissioned);
}

TEST(Decommission, HDFS_16303_ALostNodeThatLeavesHoldsNobodyUp) {
  Cluster cluster(5);
  for (int i = 0; i < 100; ++i) cluster.write({1}, 1);
  const BlockId other = cluster.write({2}, 1);
  const BlockId lost = cluster.write({3, 4}, 3);
  cluster.kill(1);
  cluster.run(seconds(40));
  cluster.decommission(1);
  cluster.decommission(2);
  cluster.run(seconds(30));
  EXPECT_EQ(line_of(cluster, 1).blocks_waiting, 100u);
  EXPECT_EQ(service_of(cluster, 2), ServiceState::kDecommissioned);
  EXPECT_THAT(cluster.holders(other), SizeIs(2));
  EXPECT_THAT(cluster.holders(lost), ElementsAre(3, 4, 5));
}

TEST(Decommission, HDFS_16303_WhatIsAboutToBeLostComesBeforeWhatLeaves) {
  Cluster cluster(4);
  std::vector<BlockId> leaving;
  for (int i = 0; i < 30; ++i) leaving.push_back(cluster.write({1, 2}, 2));
  cluster.disobey({3, 4});
  const BlockId alone = cluster.write({2}, 2);
  cluster.decommission(1);
  cluster.run(seconds(1));
  std::vector<wire::Order> orders = cluster.orders(3, OrderKind::kCopy);
  for (const wire::Order& order : cluster.orders(4, OrderKind::kCopy)) orders.push_back(order);
  EXPECT_TRUE(std::any_of(orders.begin(), orders.end(),
                          [alone](const wire::Order& order) { return order.block.id == alone; }));
}

TEST(Decommission, HDFS_16583_EndsThoughNodesComeGoAndLeaveWhileItIsCounted) {
  Cluster cluster(6);
  for (int i = 0; i < 100; ++i) cluster.write({1, 2, 3});
  std::uint64_t most = 0;
  for (std::uint64_t turn = 0; turn < 60; ++turn) {
    cluster.decommission(1 + turn % 2);
    cluster.recommission(1 + (turn + 1) % 2);
    if (turn % 10 == 5) cluster.start(3 + turn / 10 % 3);
    const std::uint64_t before = cluster.store().rows_touched();
    cluster.tick(milliseconds(100));
    most = std::max(most, cluster.store().rows_touched() - before);
    cluster.run(milliseconds(300));
  }
  EXPECT_LE(most, 2000u);
  cluster.decommission(1);
  cluster.decommission(2);
  cluster.run(seconds(120));
  for (const std::uint64_t node : {1u, 2u}) {
    EXPECT_EQ(service_of(cluster, node), ServiceState::kDecommissioned);
    EXPECT_EQ(line_of(cluster, node).blocks_waiting, 0u);
  }
}

// A pass over the blocks takes longer here than the time between two of its registrations.
TEST(Decommission, EndsAlthoughADeadNodeThatDoesNotHearRegistersAllTheTime) {
  Cluster cluster(4);
  cluster.config().rows_per_tick = 100;
  cluster.restart_namenode();
  cluster.run(seconds(5));
  for (int i = 0; i < 100; ++i) (void)cluster.write({1, 2}, 2);
  cluster.kill(4);
  cluster.run(seconds(60));
  cluster.decommission(3);
  for (int second = 0; second < 120; ++second) {
    cluster.join(4);
    cluster.run(seconds(1));
  }
  EXPECT_EQ(cluster.describe().nodes.at(2).service, wire::ServiceState::kDecommissioned);
}

// The answer to the first registration was lost.
TEST(Decommission, IsJudgedAnewAfterTheReturnOfADeadNodeThatRegistersTwice) {
  Cluster cluster(4);
  (void)cluster.write({1, 2}, 2);
  cluster.kill(4);
  cluster.run(seconds(60));
  cluster.decommission(3);
  cluster.run(seconds(10));
  const auto service = [&] { return cluster.describe().nodes.at(2).service; };
  ASSERT_EQ(service(), wire::ServiceState::kDecommissioned);
  cluster.join(4);
  cluster.join(4);
  EXPECT_EQ(service(), wire::ServiceState::kDecommissioned);
  (void)cluster.heartbeat(4);
  EXPECT_EQ(service(), wire::ServiceState::kDecommissioning);
}

}  // namespace
}  // namespace dfs::namenode
