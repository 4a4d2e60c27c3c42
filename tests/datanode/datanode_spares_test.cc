// The DataNode machine: two replicas of one block, on different volumes.
#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

void expect_task(World& w, OrderKind kind, std::uint64_t id, VolumeId volume) {
  ASSERT_FALSE(w.tasks.empty());
  EXPECT_EQ(w.tasks.front().kind, kind);
  EXPECT_EQ(w.tasks.front().order.block.id.value, id);
  EXPECT_EQ(w.tasks.front().volume, volume);
}

TEST(Spare, OfAReplicaPublishedAnewElsewhereGoesToQuarantine) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.stored(block(1), 1);
  expect_task(w, OrderKind::kQuarantine, 1, 0);
  w.finish({});
  EXPECT_TRUE(w.tasks.empty());
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kStored});
}

TEST(Spare, ThatCannotBeMovedIsTriedAgainLater) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.stored(block(1), 1);
  w.finish(kUnreadable);
  EXPECT_TRUE(w.tasks.empty());
  for (int i = 0; i < 60 && w.tasks.empty(); ++i) {
    if (!w.messages.empty()) w.answer(w.reply_with({}));
    w.pass(milliseconds(100));
  }
  expect_task(w, OrderKind::kQuarantine, 1, 0);
}

TEST(Spare, ThatCannotBeMovedHoldsNoOrdersUp) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.stored(block(1), 1);
  w.finish({Code::kNoSpace, "the disk is full"});
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 64; ++i) {
    orders.push_back(order(i, OrderKind::kQuarantine, block(1)));
  }
  orders.push_back(order(100, OrderKind::kCopy, block(2), {2}));
  w.order(orders);
  expect_task(w, OrderKind::kCopy, 2, 0);
  const std::optional<Status> result = w.result_of(64);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->code(), Code::kUnavailable);
  EXPECT_TRUE(w.machine.find(BlockId{1})) << "it may not be said to be removed";
}

TEST(Spare, LeavesBeforeTheLastReplicaIsSaidToBeRemoved) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.stored(block(1), 1);
  w.order({order(7, OrderKind::kQuarantine, block(1))});
  expect_task(w, OrderKind::kQuarantine, 1, 0);
  ASSERT_EQ(w.tasks.size(), 1u) << "one after the other";
  w.finish({});
  expect_task(w, OrderKind::kQuarantine, 1, 1);
  w.finish({});
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  w.changes.clear();
  EXPECT_TRUE(w.result_of(7)->ok());
  EXPECT_EQ(events_of(w.changes, 1).back(), ReplicaEvent::kRemoved);
}

TEST(Spare, FoundByTheScanStaysUntilTheOtherHasBeenRead) {
  World w;
  w.start({found(1, 0), found(1, 1)});
  expect_task(w, OrderKind::kVerify, 1, 0);
  ASSERT_EQ(w.tasks.size(), 1u);
  w.finish({});
  expect_task(w, OrderKind::kQuarantine, 1, 1);
}

TEST(Spare, IsTheOneThatAPowerLossBroughtBackFromQuarantine) {
  World w;
  w.start({found(1, 0), found(1, 0, true), found(1, 1)});
  expect_task(w, OrderKind::kVerify, 1, 1);
  w.finish({});
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  expect_task(w, OrderKind::kQuarantine, 1, 0);
}

TEST(Spare, IsNoneWhereTheOnlyReplicaIsBackFromQuarantine) {
  World w;
  w.start({found(1, 0), found(1, 0, true)});
  ASSERT_TRUE(w.machine.find(BlockId{1}));
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 0u);
}

TEST(Spare, TakesThePlaceOfARottenReplica) {
  World w;
  w.start({found(1, 0), found(1, 1)});
  w.finish(kRotten);
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  expect_task(w, OrderKind::kVerify, 1, 1);
  w.finish({});
  EXPECT_FALSE(w.machine.find(BlockId{1})->corrupt);
  expect_task(w, OrderKind::kQuarantine, 1, 0);
}

TEST(Spare, OfTwoRottenReplicasOneIsReportedAndKept) {
  World w;
  w.start({found(1, 0), found(1, 1)});
  w.finish(kRotten);
  w.finish(kRotten);
  ASSERT_TRUE(w.machine.find(BlockId{1}));
  EXPECT_TRUE(w.machine.find(BlockId{1})->corrupt);
  expect_task(w, OrderKind::kQuarantine, 1, 0);
}

TEST(Spare, TakesThePlaceOfAReplicaThatIsProvenAbsentOrWhoseVolumeFails) {
  for (const bool volume : {false, true}) {
    World w;
    w.start({found(1, 0), found(1, 1)});
    if (volume) {
      w.volume_failed(0);
    } else {
      w.finish(kAbsent);
    }
    ASSERT_TRUE(w.machine.find(BlockId{1}));
    EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  }
}

}  // namespace
}  // namespace dfs::datanode
