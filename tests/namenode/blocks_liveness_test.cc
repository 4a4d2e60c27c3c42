// DataNodes as the NameNode sees them: sessions, sequences, silence, death, mass loss.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using wire::NodeState;
using wire::OrderKind;

NodeState state_of(Cluster& cluster, std::uint64_t node) {
  return cluster.describe().nodes.at(node - 1).state;
}

TEST(Liveness, ASilentNodeIsSuspectThenDeadThenBack) {
  Cluster cluster(3);
  EXPECT_EQ(state_of(cluster, 2), NodeState::kLive);
  cluster.cut_off(2);
  cluster.run(seconds(6));
  EXPECT_EQ(state_of(cluster, 2), NodeState::kSuspect);
  EXPECT_EQ(cluster.blocks().writable_hosts(cluster.now()), 2u);
  cluster.run(seconds(25));
  EXPECT_EQ(state_of(cluster, 2), NodeState::kDead);
  cluster.reconnect(2);
  EXPECT_EQ(code_of(cluster.heartbeat(2)), Code::kStale);
  cluster.run(seconds(2));
  EXPECT_EQ(state_of(cluster, 2), NodeState::kLive);
  EXPECT_TRUE(cluster.describe().nodes[1].reported);
}

// A link that loses what the NameNode answers: the same message comes again and again.
TEST(Liveness, ANodeThatHearsNothingIsDeadHoweverOftenItIsHeard) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  const wire::Heartbeat message = cluster.heartbeat_of(2);
  cluster.cut_off(2);
  for (int second = 0; second < 40; ++second) {
    (void)cluster.blocks().heartbeat(message, cluster.now());
    cluster.run(seconds(1));
  }
  EXPECT_EQ(state_of(cluster, 2), NodeState::kDead);
  EXPECT_EQ(cluster.health(block).good, 3u);
  cluster.reconnect(2);
  cluster.run(seconds(5));
  EXPECT_EQ(state_of(cluster, 2), NodeState::kLive);
}

TEST(Liveness, ANodeThatRegistersAndHearsNothingIsDeadUntilItIsHeardOfAgain) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.cut_off(2);
  for (int second = 0; second < 100; ++second) {
    cluster.join(2);
    cluster.run(seconds(1));
    if (second < 20) {
      EXPECT_NE(state_of(cluster, 2), NodeState::kDead) << second;
    }
    if (second > 30) {
      EXPECT_EQ(state_of(cluster, 2), NodeState::kDead) << second;
    }
  }
  EXPECT_EQ(cluster.health(block).good, 3u);
  cluster.reconnect(2);
  cluster.run(seconds(5));
  EXPECT_EQ(state_of(cluster, 2), NodeState::kLive);
  EXPECT_TRUE(cluster.describe().nodes[1].reported);
}

TEST(Liveness, T1_TimeInWhichTheNameNodeDidNotRunIsNotHeldAgainstTheNodes) {
  Cluster cluster(3);
  cluster.suspend(seconds(3600));
  cluster.tick(milliseconds(100));
  for (const std::uint64_t node : {1u, 2u, 3u})
    EXPECT_EQ(state_of(cluster, node), NodeState::kLive);
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
}

TEST(Liveness, ANodeThatNeverCameBackAfterARestartIsDeadAfterTheSameTime) {
  Cluster cluster(3);
  cluster.kill(3);
  cluster.restart_namenode();
  cluster.run(seconds(20));
  EXPECT_EQ(state_of(cluster, 3), NodeState::kSuspect);
  cluster.run(seconds(15));
  EXPECT_EQ(state_of(cluster, 3), NodeState::kDead);
}

TEST(Session, ARepeatedMessageGetsTheSameAnswerAndIsNotTakenTwice) {
  Cluster cluster(3);
  const BlockId block = cluster.allocate(1);
  cluster.disobey({1});
  cluster.store_on(block, 1);
  cluster.forget(block);
  cluster.run(seconds(1));
  cluster.tick(seconds(1));
  const wire::Heartbeat message = cluster.heartbeat_of(1);
  const wire::Reply first = cluster.send(message);
  const wire::Reply second = cluster.send(message);
  EXPECT_EQ(std::get<wire::HeartbeatReply>(first), std::get<wire::HeartbeatReply>(second));
  EXPECT_THAT(std::get<wire::HeartbeatReply>(first).orders, SizeIs(1));
}

TEST(Session, OldSkippedAndForeignMessagesAreStale) {
  Cluster cluster(3);
  wire::Heartbeat message = cluster.heartbeat_of(1);
  EXPECT_EQ(code_of(cluster.send(message)), Code::kOk);
  message.mark.sequence -= 1;
  EXPECT_EQ(code_of(cluster.send(message)), Code::kStale);
  message.mark.sequence += 3;
  EXPECT_EQ(code_of(cluster.send(message)), Code::kStale);
  message.mark.sequence -= 1;
  message.mark.session += 1;
  EXPECT_EQ(code_of(cluster.send(message)), Code::kStale);
  message.mark = {NodeId{77}, 1, 1};
  EXPECT_EQ(code_of(cluster.blocks().heartbeat(message, cluster.now())), Code::kStale);
}

TEST(Session, AnotherKindOfMessageWithTheSameNumberIsStale) {
  Cluster cluster(1);
  const wire::Heartbeat message = cluster.heartbeat_of(1);
  EXPECT_EQ(code_of(cluster.send(message)), Code::kOk);
  wire::ReportDigests digests;
  digests.mark = message.mark;
  EXPECT_EQ(code_of(cluster.send(digests)), Code::kStale);
}

TEST(Session, AfterARestartEveryMessageIsStaleUntilTheNodeRegisters) {
  Cluster cluster(1);
  cluster.restart_namenode();
  EXPECT_EQ(code_of(cluster.heartbeat(1)), Code::kStale);
  cluster.run(seconds(2));
  EXPECT_TRUE(cluster.describe().nodes[0].reported);
}

TEST(Session, AnOversizedHeartbeatIsRefusedWhole) {
  Cluster cluster(1);
  const BlockId block = cluster.write({1}, 1);
  wire::Heartbeat message = cluster.heartbeat_of(1);
  message.changes.assign(1001, {wire::ReplicaEvent::kRemoved, Cluster::info(block)});
  EXPECT_EQ(code_of(cluster.send(message)), Code::kTooLarge);
  EXPECT_EQ(cluster.health(block).good, 1u);
}

TEST(MassLoss, WhenMostNodesVanishAtOnceNothingIsCopiedAndTheReportSaysSo) {
  Cluster cluster(5);
  const BlockId block = cluster.write({1, 2, 3});
  for (const std::uint64_t node : {1u, 2u, 5u}) cluster.kill(node);
  cluster.run(seconds(100));
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  ASSERT_THAT(cluster.describe().notes, SizeIs(1));
  EXPECT_THAT(cluster.describe().notes[0], HasSubstr("3 of 5 DataNodes vanished at once"));
  cluster.run(seconds(560));
  EXPECT_THAT(cluster.describe().notes, IsEmpty());
  EXPECT_EQ(cluster.health(block).good, 2u);
  EXPECT_EQ(cluster.good(block), 2u);
}

TEST(MassLoss, IsOverWhenEnoughOfThemAreBack) {
  Cluster cluster(5);
  const BlockId block = cluster.write({1, 2, 3});
  for (const std::uint64_t node : {1u, 2u, 5u}) cluster.kill(node);
  cluster.run(seconds(60));
  cluster.start(5);
  cluster.run(seconds(15));
  EXPECT_THAT(cluster.describe().notes, IsEmpty());
  EXPECT_EQ(cluster.good(block), 3u);
}

TEST(MassLoss, CountsThoseWhoAreSilentAndNotYetDead) {
  Cluster cluster(5);
  const BlockId block = cluster.write({1, 2, 3});
  for (const std::uint64_t node : {1u, 2u, 5u}) {
    cluster.kill(node);
    cluster.run(seconds(2));
  }
  cluster.run(seconds(100));
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  EXPECT_EQ(cluster.health(block).good, 1u);
}

TEST(MassLoss, CountsThoseWhoHaveNotBeenHeardOfSinceARestart) {
  Cluster cluster(5);
  const BlockId block = cluster.write({1, 2, 3});
  for (const std::uint64_t node : {1u, 2u, 5u}) cluster.kill(node);
  cluster.run(seconds(40));
  cluster.restart_namenode();
  cluster.run(seconds(100));
  EXPECT_EQ(cluster.orders_of(OrderKind::kCopy), 0u);
  ASSERT_THAT(cluster.describe().notes, SizeIs(1));
  EXPECT_THAT(cluster.describe().notes[0], HasSubstr("3 of 5 DataNodes vanished at once"));
  cluster.run(seconds(560));
  EXPECT_THAT(cluster.describe().notes, IsEmpty());
  EXPECT_EQ(cluster.health(block).good, 2u);
}

TEST(MassLoss, DoesNotCountTheOldNumbersOfNodesThatWereInstalledAnew) {
  Cluster cluster(7);
  cluster.store().begin();
  for (std::uint64_t old = 1; old <= 4; ++old) {
    cluster.kill(old);
    DataNodeRow row = *cluster.store().datanode(NodeId{old});
    row.client_address = cluster.at(7).address;
    cluster.store().put_datanode(row);
  }
  cluster.store().commit();
  cluster.restart_namenode();
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.describe().notes, Not(Contains(HasSubstr("vanished"))));
}

TEST(MassLoss, IsNoneWhenThoseWhoHaveNotBeenHeardOfSinceARestartLeave) {
  Cluster cluster(5);
  const BlockId block = cluster.write({1, 2, 3});
  for (const std::uint64_t node : {1u, 2u, 5u}) {
    cluster.decommission(node);
    cluster.kill(node);
  }
  cluster.restart_namenode();
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.describe().notes, Not(Contains(HasSubstr("vanished"))));
  EXPECT_EQ(cluster.good(block), 2u);
}

TEST(MassLoss, OneNodeOfThreeIsNone) {
  Cluster cluster(3);
  cluster.kill(1);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.describe().notes, IsEmpty());
}

}  // namespace
}  // namespace dfs::namenode
