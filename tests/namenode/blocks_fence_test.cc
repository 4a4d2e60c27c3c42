// Deletion of excess and rotten replicas: they go through the fence, and nothing else does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <string>

#include "core/namenode/blocks/ledger.h"
#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using wire::OrderKind;

TEST(Excess, SeaweedFS_9858_GoesAfterItsSurvivorsHaveConfirmed) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.set_replication(block, 3);
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 1u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kConfirm), 3u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kVerify), 0u);  // stored just now
  cluster.run(seconds(120));
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 1u);
}

// Four copies, of which three are wanted since some heartbeats ago.
struct OneCopyTooMany {
  explicit OneCopyTooMany(int heartbeats) {
    cluster.set_replication(block, 3);
    cluster.run(seconds(heartbeats));
    cluster.tick(milliseconds(500));
    ordered = cluster.orders_of(OrderKind::kQuarantine);
  }
  Cluster cluster{4};
  BlockId block = cluster.write({1, 2, 3, 4}, 4);
  std::size_t ordered = 0;  // deletions
};

TEST(Excess, ThatIsNoneAnyMoreWhenItsNodeAsksStays) {
  for (int beats = 1; beats <= 6; ++beats) {
    auto&& [cluster, block, ordered] = OneCopyTooMany(beats);
    cluster.set_replication(block, 4);
    cluster.run(seconds(10));
    EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), ordered)
        << "after " << beats << " heartbeats";
  }
}

TEST(Excess, WhoseReplicaIsGoneBeforeItsNodeAsksIsNotMoved) {
  for (int beats = 1; beats <= 6; ++beats) {
    for (std::uint64_t gone = 1; gone <= 4; ++gone) {
      auto&& [cluster, block, ordered] = OneCopyTooMany(beats);
      cluster.set_replication(block, 4);
      cluster.at(gone).replicas.erase(block);
      cluster.at(gone).changes.push_back({wire::ReplicaEvent::kRemoved, Cluster::info(block)});
      cluster.run(seconds(10));
      EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), ordered);
    }
  }
}

TEST(Excess, D4_StaysIfASurvivorRegistersAgainBeforeItsNodeAsks) {
  for (int beats = 1; beats <= 6; ++beats) {
    for (std::uint64_t again = 1; again <= 4; ++again) {
      auto&& [cluster, block, ordered] = OneCopyTooMany(beats);
      cluster.at(again).reports = false;
      cluster.start(again);
      cluster.join(again);
      cluster.run(seconds(10));
      EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), ordered)
          << "node " << again << " after " << beats << " heartbeats";
    }
  }
}

TEST(Excess, B1_StaysIfTheOtherCopyOnItsRackMayBeGoneBeforeItsNodeAsks) {
  for (int beats = 1; beats <= 6; ++beats) {
    for (std::uint64_t gone = 1; gone <= 4; ++gone) {
      Cluster cluster(4, {"/a", "/a", "/b", "/b"});
      const BlockId block = cluster.write({1, 2, 3, 4}, 4);
      const auto racks_of_the_others = [&] {
        std::set<std::string> racks;
        for (const std::uint64_t node : cluster.holders(block)) {
          if (node != gone) racks.insert(cluster.at(node).rack);
        }
        return racks;
      };
      cluster.set_replication(block, 2);
      cluster.run(seconds(beats));
      cluster.tick(milliseconds(500));
      const std::set<std::string> before = racks_of_the_others();
      cluster.at(gone).reports = false;
      cluster.start(gone);
      cluster.join(gone);
      cluster.run(seconds(10));
      EXPECT_EQ(racks_of_the_others(), before)
          << "node " << gone << " after " << beats << " heartbeats";
    }
  }
}

TEST(Excess, B1_StaysAlthoughItCannotBeReadIfItAloneStandsInASecondRack) {
  Cluster cluster(4, {"/a", "/a", "/b", "/b"});
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.at(3).unreadable = true;
  cluster.at(3).changes.push_back({wire::ReplicaEvent::kUnread, Cluster::info(block)});
  cluster.run(seconds(2));
  cluster.at(4).reports = false;
  cluster.start(4);
  cluster.join(4);
  cluster.set_replication(block, 2);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), Contains(3));
  cluster.at(4).reports = true;
  cluster.report(4);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), AllOf(SizeIs(2), Contains(4), Not(Contains(3))))
      << "the copies that can be read stand in two racks now";
}

TEST(Excess, SeaweedFS_10719_APhantomSurvivorSavesTheCopy) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.at(2).replicas.erase(block);  // nobody noticed
  cluster.set_replication(block, 3);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), ElementsAre(1, 3, 4));
  EXPECT_EQ(cluster.health(block).good, 3u);
}

TEST(Excess, D4_ASilentSurvivorDoesNotCount) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.cut_off(1);
  cluster.run(seconds(10));  // suspect, not dead
  cluster.set_replication(block, 3);
  cluster.run(seconds(15));
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 0u);
  cluster.reconnect(1);
  cluster.run(seconds(20));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
}

TEST(Excess, D5_AfterARestartSurvivorsMustReportAndBeVerifiedFirst) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.set_replication(block, 3);
  cluster.at(2).reports = false;
  cluster.restart_namenode();
  cluster.run(seconds(25));
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 0u);
  cluster.at(2).reports = true;
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
  EXPECT_GE(cluster.orders_of(OrderKind::kVerify), 3u);
}

TEST(Excess, ARottenSurvivorIsFoundBeforeTheGoodCopyGoes) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.rot(block, 1);
  cluster.rot(block, 2);
  cluster.set_replication(block, 2);
  cluster.restart_namenode();
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.good(block), 2u);
  EXPECT_THAT(cluster.holders(block), ElementsAre(3, 4));
}

TEST(Excess, HDFS_16420_TheVictimIsNotTheOnlyCopyOnItsRack) {
  Cluster cluster(4, {"/a", "/a", "/a", "/b"});
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.set_replication(block, 2);
  cluster.run(seconds(40));
  EXPECT_THAT(cluster.holders(block), AllOf(SizeIs(2), Contains(4)));
}

// The other copy on the victim's rack has not said that it is there.
TEST(Excess, B1_WaitsForTheSurvivorOnItsRack) {
  Cluster cluster(4, {"/a", "/a", "/b", "/b"});
  cluster.at(4).stats.remaining /= 2;  // the fullest: its copy is the first to go
  cluster.run(seconds(2));
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.disobey({3});
  cluster.set_replication(block, 2);
  cluster.run(seconds(40));
  EXPECT_THAT(cluster.holders(block), SizeIs(4));
  cluster.obey({3});
  cluster.run(seconds(400));
  EXPECT_THAT(cluster.holders(block), AllOf(SizeIs(2), Contains(3)));
}

// Where only the wrong one could go, none is chosen: its removal would be tried for minutes.
TEST(Excess, B1_IsChosenWhenTheNodesOfBetterVictimsSpeakAgain) {
  Cluster cluster(3, {"/a", "/a", "/b"});
  const BlockId block = cluster.write({1, 2, 3}, 3);
  cluster.cut_off(1);
  cluster.cut_off(2);
  cluster.run(seconds(10));  // suspect, not dead
  cluster.set_replication(block, 2);
  cluster.run(seconds(10));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
  cluster.reconnect(1);
  cluster.reconnect(2);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), AllOf(SizeIs(2), Contains(3)));
}

// Node 4 is as good a copy as the others, but nobody knows whether it is still there.
TEST(Excess, D4_IsTakenBackWhenACopyThatConfirmedIsGoneBeforeItIsFetched) {
  Cluster cluster(5);
  cluster.at(5).stats.remaining /= 2;  // the fullest: its copy is the first to go
  cluster.run(seconds(2));
  const BlockId block = cluster.write({1, 2, 3, 4, 5}, 5);
  cluster.disobey({4});
  cluster.set_replication(block, 3);
  const auto judged = [&] { return !cluster.blocks().ledger().entries().empty(); };
  for (int tenths = 0; tenths < 600 && !judged(); ++tenths) {
    cluster.tick(milliseconds(100));
    if (tenths % 10 == 9 && !judged()) {
      for (std::uint64_t node = 1; node <= 4; ++node) (void)cluster.heartbeat(node);
    }
  }
  ASSERT_TRUE(judged());
  cluster.join(1);  // as a new process, which has not reported yet
  (void)cluster.heartbeat(5);
  EXPECT_THAT(cluster.orders(5, OrderKind::kQuarantine), IsEmpty());
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.health(block).good, 5u);
}

TEST(Excess, HDFS_17218_ALostDeletionIsOrderedAgain) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.disobey({1, 2, 3, 4});
  cluster.set_replication(block, 3);
  cluster.run(seconds(150));
  cluster.obey({1, 2, 3, 4});
  cluster.run(seconds(300));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
}

TEST(Excess, AnotherOneIsChosenWhenTheFirstCouldNotGoForFiveMinutes) {
  Cluster cluster(4);
  const std::uint64_t room = cluster.at(1).stats.remaining;
  cluster.at(4).stats.remaining = room / 2;  // the fullest: its copy is the first to go
  cluster.run(seconds(2));
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.disobey({1, 2, 3});
  cluster.set_replication(block, 3);
  cluster.run(seconds(5));
  cluster.at(1).stats.remaining = room / 4;
  cluster.run(seconds(310));
  cluster.obey({1, 2, 3});
  cluster.run(seconds(150));
  EXPECT_THAT(cluster.holders(block), ElementsAre(2, 3, 4));
}

TEST(Excess, Gluster_1303_NothingIsDeletedWhileACopyIsUnderWay) {
  Cluster cluster(5, {"/a", "/a", "/a", "/b", "/b"});
  const BlockId block = cluster.write({1, 2, 3}, 3);
  cluster.disobey({4, 5});
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 0u);
  EXPECT_THAT(cluster.holders(block), ElementsAre(1, 2, 3));
}

TEST(Ledger, TellsWhichReplicaWentAndWhy) {
  Cluster cluster(4);
  const BlockId excess = cluster.write({1, 2, 3, 4}, 4);
  const BlockId rotten = cluster.write({1, 2, 3});
  const BlockId forgotten = cluster.write({2}, 1);
  cluster.set_replication(excess, 3);
  cluster.run(seconds(5));
  cluster.rot(rotten, 3);
  cluster.find_rot(rotten, 3);
  cluster.run(seconds(5));
  cluster.forget(forgotten);
  cluster.run(seconds(3));
  cluster.at(2).purge_wanted.push_back(Cluster::info(forgotten));
  cluster.run(seconds(1));
  const std::deque<Deletion>& ledger = cluster.blocks().ledger().entries();
  ASSERT_THAT(ledger, SizeIs(4));
  EXPECT_EQ(ledger[0].block, excess);
  EXPECT_EQ(ledger[0].reason, DeleteReason::kExcess);
  EXPECT_EQ(ledger[0].survivors, 3u);
  EXPECT_EQ(ledger[1].block, rotten);
  EXPECT_EQ(ledger[1].node, NodeId{3});
  EXPECT_EQ(ledger[1].reason, DeleteReason::kRotten);
  EXPECT_EQ(ledger[1].asked_by, "repair");
  EXPECT_EQ(ledger[2].reason, DeleteReason::kForgotten);
  EXPECT_FALSE(ledger[2].purge);
  EXPECT_TRUE(ledger[3].purge);
  EXPECT_GT(ledger[3].when, ledger[0].when);
}

TEST(Ledger, IsBounded) {
  Ledger ledger;
  for (std::uint64_t i = 0; i < Ledger::kMost + 5; ++i) {
    Deletion deletion;
    deletion.block = BlockId{i};
    ledger.add(deletion);
  }
  EXPECT_THAT(ledger.entries(), SizeIs(Ledger::kMost));
  EXPECT_EQ(ledger.entries().front().block, BlockId{5});
}

TEST(Excess, ADeletionThatIsNotFetchedSoonIsJudgedAgain) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.forget(block);
  cluster.tick(seconds(1));   // judged and ordered, not fetched
  cluster.tick(seconds(11));  // the nodes are suspect by now
  const wire::Reply late = cluster.heartbeat(1);
  EXPECT_THAT(std::get<wire::HeartbeatReply>(late).orders, IsEmpty());
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), IsEmpty());
}

TEST(Rotten, HDFS_4799_ARottenReplicaWhoseDeletionDidNotHappenStaysRotten) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.rot(block, 2);
  cluster.find_rot(block, 2);
  cluster.disobey({2});
  cluster.run(seconds(10));
  EXPECT_THAT(cluster.orders(2, OrderKind::kQuarantine), SizeIs(1));
  EXPECT_EQ(cluster.health(block).corrupt, 1u);
  cluster.cut_off(2);
  cluster.run(seconds(40));
  cluster.reconnect(2);
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.health(block).corrupt, 1u);
  EXPECT_EQ(cluster.health(block).good, 3u);
}

TEST(Rotten, SeaweedFS_9930_AnUnverifiedSurvivorDoesNotCondemnTheRottenCopy) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1, 2}, 1);
  cluster.rot(block, 1);
  cluster.rot(block, 2, 7);
  cluster.find_rot(block, 1);
  cluster.restart_namenode();
  cluster.run(seconds(60));
  // Node 2 seemed good and was read before anything of node 1 was deleted; each mended the other.
  EXPECT_EQ(cluster.good(block), 1u);
}

TEST(Rotten, StaysUntilAnotherReplicaHasBeenReadSinceItWasFound) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1, 2}, 1);
  cluster.run(seconds(5));
  cluster.rot(block, 1);
  cluster.rot(block, 2, 7);
  cluster.find_rot(block, 1);
  cluster.run(seconds(60));
  // Node 2 was known to be whole a moment before. Each has what the other has lost.
  EXPECT_EQ(cluster.good(block), 1u);
}

}  // namespace
}  // namespace dfs::namenode
