// Copies whose deletion was ordered and may still happen, whatever has become of the order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/namenode/blocks/ledger.h"
#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::SizeIs;
using wire::OrderKind;

// The node, of four, that has been told to give its replica up; 0: none within ten seconds.
std::uint64_t run_until_quarantined(Cluster& cluster) {
  for (int i = 0; i < 10; ++i) {
    cluster.run(seconds(1));
    for (const std::uint64_t node : {1u, 2u, 3u, 4u}) {
      if (!cluster.orders(node, OrderKind::kQuarantine).empty()) return node;
    }
  }
  return 0;
}

// The replica is back in its place, and nothing was said of its having been moved.
PretendedNode& undo_unheard(Cluster& cluster, std::uint64_t number, BlockId block) {
  PretendedNode& node = cluster.at(number);
  node.replicas[block] = node.quarantine.at(block);
  node.quarantine.clear();
  node.changes.clear();
  node.results.clear();
  return node;
}

TEST(Doomed, ADeletionThatMayStillHappenIsNoSurvivor) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.set_replication(block, 3);
  const std::uint64_t victim = run_until_quarantined(cluster);
  ASSERT_NE(victim, 0u);
  // It had carried the order out, but its word is lost, and it answers no question about the block.
  PretendedNode& node = undo_unheard(cluster, victim, block);
  node.obedient = false;
  cluster.set_replication(block, 2);
  cluster.run(seconds(400));
  std::uint32_t others = 0;
  for (const std::uint64_t holder : cluster.holders(block)) others += holder != victim ? 1u : 0u;
  EXPECT_GE(others, 2u);
}

TEST(Doomed, ADoomedCopyThatIsNeededAfterAllIsAskedBack) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.set_replication(block, 3);
  const std::uint64_t victim = run_until_quarantined(cluster);
  ASSERT_NE(victim, 0u);
  cluster.at(victim).changes.clear();  // its word is lost
  cluster.at(victim).results.clear();
  cluster.kill(victim == 1 ? 2 : 1);
  cluster.run(seconds(200));
  EXPECT_EQ(cluster.good(block), 3u);
  EXPECT_EQ(cluster.health(block).good, 3u);
}

TEST(Doomed, ADoomedCopyThatCannotBeGivenBackIsNotAskedBackAllTheTime) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.set_replication(block, 3);
  const std::uint64_t victim = run_until_quarantined(cluster);
  ASSERT_NE(victim, 0u);
  cluster.at(victim).changes.clear();  // its word is lost
  cluster.at(victim).results.clear();
  cluster.disobey({victim});
  cluster.kill(victim == 1 ? 2 : 1);
  const auto asked = [&] { return cluster.orders(victim, OrderKind::kRestore); };
  for (int i = 0; i < 200 && asked().empty(); ++i) cluster.run(seconds(1));
  ASSERT_THAT(asked(), SizeIs(1));
  const Status failed(Code::kIo, "Input/output error");
  cluster.at(victim).results.push_back({asked()[0].order, failed});
  cluster.run(seconds(25));
  EXPECT_THAT(asked(), SizeIs(1));
  cluster.run(seconds(10));
  EXPECT_THAT(asked(), SizeIs(2));
}

// One of four copies was ordered away and the node has not done it yet: the order waits behind slow
// ones there. The NameNode has given it up, and has ordered the same anew, which the node has not
// asked for yet.
struct OrderedAwayTwice {
  OrderedAwayTwice() {
    cluster.set_replication(block, 3);
    victim = run_until_quarantined(cluster);
    PretendedNode& node = cluster.at(victim);
    node.replicas[block] = node.quarantine.at(block);
    node.quarantine.clear();
    node.changes.clear();
    node.results.clear();
    node.obedient = false;
    while (ordered() < 2 && cluster.now().mono < Instant{1'000'000} + seconds(400)) beat();
  }
  std::size_t ordered() { return cluster.blocks().ledger().entries().size(); }
  void beat() {
    for (int tenths = 0; tenths < 10; ++tenths) {
      cluster.tick(milliseconds(100));
      if (ordered() == 2) return;
    }
    for (std::uint64_t node = 1; node <= 4; ++node) (void)cluster.heartbeat(node);
  }

  Cluster cluster{4};
  BlockId block = cluster.write({1, 2, 3, 4}, 4);
  std::uint64_t victim = 0;
};

TEST(Doomed, D4_ACopyIsNoSurvivorWhenTheSecondOrderIsTakenBack) {
  OrderedAwayTwice world;
  ASSERT_EQ(world.ordered(), 2u);
  world.cluster.set_replication(world.block, 4);
  world.cluster.run(seconds(3));
  ASSERT_THAT(world.cluster.orders(world.victim, OrderKind::kQuarantine), SizeIs(1));
  EXPECT_EQ(world.cluster.health(world.block).good, 3u);
}

TEST(Doomed, D4_ACopyIsNoSurvivorWhenTheSecondOrderIsNotFetchedInTime) {
  OrderedAwayTwice world;
  ASSERT_EQ(world.ordered(), 2u);
  world.cluster.cut_off(world.victim);
  world.cluster.run(seconds(15));
  EXPECT_EQ(world.cluster.health(world.block).good, 3u);
}

TEST(Doomed, D4_ACopyIsNoSurvivorWhenTheSecondOrderIsRefused) {
  OrderedAwayTwice world;
  ASSERT_EQ(world.ordered(), 2u);
  world.cluster.run(seconds(1));
  const auto orders = world.cluster.orders(world.victim, OrderKind::kQuarantine);
  ASSERT_THAT(orders, SizeIs(2));
  const Status refused(Code::kUnavailable, "too many orders");
  world.cluster.at(world.victim).results.push_back({orders[1].order, refused});
  world.cluster.run(seconds(1));
  EXPECT_EQ(world.cluster.health(world.block).good, 3u);
}

TEST(Doomed, D4_ACopyThatWasGivenBackIsNoSurvivorWhenItIsOrderedAwayAgain) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.set_replication(block, 3);
  const std::uint64_t victim = run_until_quarantined(cluster);
  ASSERT_NE(victim, 0u);
  PretendedNode& node = undo_unheard(cluster, victim, block);
  node.obedient = false;
  const std::uint64_t away = victim == 1 ? 2 : 1;
  cluster.kill(away);
  const auto asked = [&] { return cluster.orders(victim, OrderKind::kRestore); };
  for (int i = 0; i < 200 && asked().empty(); ++i) cluster.run(seconds(1));
  ASSERT_THAT(asked(), SizeIs(1));
  cluster.start(away);
  const auto ordered_away = [&] { return cluster.orders(victim, OrderKind::kQuarantine).size(); };
  for (int i = 0; i < 60 && ordered_away() < 2; ++i) cluster.run(seconds(1));
  ASSERT_EQ(ordered_away(), 2u);
  node.results.push_back({asked()[0].order, Status()});
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.health(block).good, 3u);
}

TEST(Doomed, C1_ACopyThatCannotBeReadIsReplacedWhereItIsIfThereIsNoOtherNode) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  PretendedNode& node = cluster.at(3);
  node.unreadable = true;
  cluster.set_replication(block, 2);
  cluster.doubt(block, 3);
  const auto ordered = [&] { return cluster.orders(3, OrderKind::kQuarantine).size(); };
  for (int i = 0; i < 10 && ordered() == 0; ++i) cluster.run(seconds(1));
  ASSERT_EQ(ordered(), 1u);
  node.replicas[block] = node.quarantine.at(block);  // the order never arrived
  node.quarantine.clear();
  node.changes.clear();
  node.results.clear();
  cluster.cut_off(3);
  cluster.run(seconds(40));
  cluster.set_replication(block, 3);
  cluster.reconnect(3);
  cluster.run(seconds(200));
  EXPECT_EQ(cluster.health(block).good, 3u);
}

}  // namespace
}  // namespace dfs::namenode
