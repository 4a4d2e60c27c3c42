// The DataNode machine: tasks that end after their volume has failed.
#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

const Status kWholeHere(Code::kAlreadyExists, "a whole replica is here");

TEST(FailedVolume, HasNoCopyThatWasPublishedOnItBefore) {
  World w;
  w.start();
  w.register_and_report();
  w.order({order(1, OrderKind::kCopy, block(9), {2})});
  w.volume_failed(1);
  w.finish({}, 1);
  EXPECT_FALSE(w.machine.find(BlockId{9}));
  w.changes.clear();
  EXPECT_EQ(w.result_of(1)->code(), Code::kUnavailable);
  EXPECT_TRUE(events_of(w.changes, 9).empty());
}

TEST(FailedVolume, HasNoReplicaThatWasRestoredOnItBefore) {
  for (const Status& end : {Status(), kWholeHere}) {
    World w;
    w.start({found(1, 1, true)});
    w.register_and_report();
    w.order({order(1, OrderKind::kRestore, block(1))});
    w.volume_failed(1);
    w.finish(end, 1);
    EXPECT_FALSE(w.machine.find(BlockId{1}));
    EXPECT_EQ(w.result_of(1)->code(), Code::kUnavailable);
  }
}

TEST(FailedVolume, HasNothingInQuarantineThatWasMovedThereBefore) {
  World w;
  w.start({found(1, 0)});
  w.register_and_report();
  w.order({order(1, OrderKind::kQuarantine, block(1))});
  w.stored(block(1), 1);
  w.volume_failed(0);
  w.finish({}, 0);
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  EXPECT_EQ(w.result_of(1)->code(), Code::kUnavailable);
  w.order({order(2, OrderKind::kPurge, block(1))});
  EXPECT_TRUE(w.tasks.empty());
}

TEST(FailedVolume, OfASpareThatWasBeingMovedLeavesTheReplicaThatCounts) {
  for (const Status& end : {Status(), kUnreadable}) {
    World w;
    w.start({found(1, 0)});
    w.register_and_report();
    w.stored(block(1), 1);
    ASSERT_EQ(w.tasks.front().volume, 0u);
    w.volume_failed(0);
    w.finish(end, 0);
    ASSERT_TRUE(w.machine.find(BlockId{1}));
    EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
    EXPECT_TRUE(w.tasks.empty()) << "nor is it doubted";
    EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kStored});
  }
}

TEST(FailedVolume, OfTheReplicaThatACopyReplacesDoesNotConcernTheCopy) {
  World w;
  w.start({found(1, 0)});
  w.register_and_report();
  w.order({order(1, OrderKind::kCopy, block(1), {2, 4})});  // this node is number 4
  ASSERT_EQ(w.tasks.front().kind, OrderKind::kCopy);
  w.volume_failed(0);
  w.finish({}, 1);
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  EXPECT_EQ(w.result_of(1), Status());
}

}  // namespace
}  // namespace dfs::datanode
