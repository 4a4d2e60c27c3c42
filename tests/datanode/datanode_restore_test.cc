// The DataNode machine: a whole copy in quarantine that takes the place of a bad replica.
#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

const Status kThere(Code::kAlreadyExists, "a whole replica is here");
const wire::BlockInfo kOther = block(1, 100, 8);

// Block 1 is rotten in current/ of volume 0, and known to be.
void with_rotten(World& w, std::vector<FoundReplica> quarantined) {
  quarantined.push_back(found(1));
  w.start(std::move(quarantined));
  w.register_and_report();
  w.suspect(1);
  w.finish(kRotten);
  (void)w.news();
  w.changes.clear();
  ASSERT_TRUE(w.machine.find(BlockId{1})->corrupt);
}

void expect_restore(World& w, VolumeId volume) {
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kRestore);
  EXPECT_EQ(w.tasks.front().volume, volume);
}

void expect_in_quarantine(World& w, std::uint64_t number, const wire::BlockInfo& info, bool there) {
  w.order({order(number, OrderKind::kPurge, info)});
  EXPECT_EQ(w.tasks.size(), there ? 1u : 0u);
  if (there) w.finish({});
}

TEST(Restore, PutsAWholeCopyInThePlaceOfARottenReplica) {
  World w;
  with_rotten(w, {found(1, 0, true)});
  w.order({order(1, OrderKind::kRestore, block(1))});
  expect_restore(w, 0);
  w.finish({});
  EXPECT_FALSE(w.machine.find(BlockId{1})->corrupt);
  EXPECT_EQ(w.result_of(1), Status());
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kStored});
  expect_in_quarantine(w, 2, block(1), true);  // the rotten one, which has the same name
}

// The NameNode has forgotten that purge: it waited for too long. What survived then is lost.
TEST(Restore, V2_WhatIsAskedBackIsNotPurgedFirst) {
  World w;
  w.start({found(1, 0, true), found(2), found(3), found(4), found(5)});
  w.register_and_report();
  w.order({order(1, OrderKind::kQuarantine, block(2)), order(2, OrderKind::kQuarantine, block(3)),
           order(3, OrderKind::kQuarantine, block(4)), order(4, OrderKind::kQuarantine, block(5))});
  w.order({order(5, OrderKind::kPurge, block(1))});
  w.order({order(6, OrderKind::kRestore, block(1))});
  for (int i = 0; i < 4; ++i) w.finish({});
  expect_restore(w, 0);
  EXPECT_EQ(w.result_of(5)->code(), Code::kUnavailable);
  w.finish({});
  EXPECT_EQ(w.machine.find(BlockId{1})->info, block(1));
  EXPECT_TRUE(w.tasks.empty());
}

TEST(Restore, PutsAWholeCopyInThePlaceOfOtherContent) {
  World w;
  w.start({{kOther, 0, false, {}}, found(1, 0, true)});
  w.register_and_report();
  w.order({order(1, OrderKind::kRestore, block(1))});
  expect_restore(w, 0);
  w.finish({});
  EXPECT_EQ(w.machine.find(BlockId{1})->info, block(1));
  EXPECT_EQ(events_of(w.news(), 1), (std::vector{ReplicaEvent::kRemoved, ReplicaEvent::kStored}));
  expect_in_quarantine(w, 2, kOther, true);
  expect_in_quarantine(w, 3, block(1), false);
}

TEST(Restore, OnAnotherVolumeMakesTheRottenReplicaASpare) {
  World w;
  with_rotten(w, {found(1, 1, true)});
  w.order({order(1, OrderKind::kRestore, block(1))});
  expect_restore(w, 1);
  w.finish({}, 1);
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kQuarantine);
  EXPECT_EQ(w.tasks.front().volume, 0u);
}

TEST(Restore, V3_LeavesAReplicaThatIsOnlyDoubtedWhereItIs) {
  for (const bool rotten_before : {false, true}) {
    World w;
    w.start({found(1), found(1, 0, true)});
    w.register_and_report();
    if (rotten_before) {
      w.suspect(1);
      w.finish(kRotten);
    }
    w.suspect(1);
    w.finish(kUnreadable);
    w.order({order(1, OrderKind::kRestore, block(1))});
    EXPECT_EQ(w.tasks.size(), rotten_before ? 1u : 0u);
    if (rotten_before) continue;
    EXPECT_EQ(w.result_of(1)->code(), Code::kCorrupt);
  }
}

TEST(Restore, OfARottenCopyChangesNothing) {
  World w;
  with_rotten(w, {found(1, 0, true)});
  w.order({order(1, OrderKind::kRestore, block(1))});
  w.finish(kRotten);
  EXPECT_EQ(w.result_of(1)->code(), Code::kCorrupt);
  EXPECT_TRUE(w.tasks.empty()) << "it was not touched";
  EXPECT_TRUE(w.machine.find(BlockId{1})->corrupt);
  EXPECT_TRUE(events_of(w.news(), 1).empty());
  expect_in_quarantine(w, 2, block(1), true);
}

TEST(Restore, OfARottenCopyIsTriedOnAnotherVolumeNext) {
  World w;
  w.start({found(1, 0, true), found(1, 1, true)});
  w.register_and_report();
  std::uint64_t number = 0;
  for (const VolumeId volume : {0u, 1u, 0u}) {
    w.order({order(++number, OrderKind::kRestore, block(1))});
    expect_restore(w, volume);
    w.finish(kRotten);
  }
}

TEST(Restore, OfWhatIsWholeInItsPlaceHasThatVerified) {
  World w;
  with_rotten(w, {found(1, 0, true)});
  w.order({order(1, OrderKind::kRestore, block(1))});
  w.finish(kThere);
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  w.finish({});
  EXPECT_FALSE(w.machine.find(BlockId{1})->corrupt);
  expect_in_quarantine(w, 2, block(1), true);
}

TEST(Restore, ThatFindsAReplicaNobodyKnewOfKnowsItNow) {
  World w;
  w.start({found(1, 1, true)});
  w.register_and_report();
  w.order({order(1, OrderKind::kRestore, block(1))});
  w.finish(kThere, 1);
  ASSERT_TRUE(w.machine.find(BlockId{1}));
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
}

TEST(Restore, OfWhatIsWholeThereKnowsItInThePlaceOfOtherContentOrOfOneOnAnotherVolume) {
  for (const FoundReplica& here : {FoundReplica{kOther, 0, false, {}}, found(1, 1)}) {
    World w;
    w.start({here, found(1, 0, true)});
    w.register_and_report();
    w.suspect(1);
    w.finish(kRotten);
    w.order({order(1, OrderKind::kRestore, block(1))});
    expect_restore(w, 0);
    w.finish(kThere, 0);
    EXPECT_EQ(w.machine.find(BlockId{1})->info, block(1));
    EXPECT_EQ(w.machine.find(BlockId{1})->volume, 0u);
    ASSERT_EQ(w.tasks.size(), 1u);
    EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  }
}

TEST(Restore, ThatFailedOnAnotherVolumeMovedNothingFromHere) {
  World w;
  with_rotten(w, {found(1, 1, true)});
  w.order({order(1, OrderKind::kRestore, block(1))});
  expect_restore(w, 1);
  w.finish(kUnreadable, 1);
  w.finish(kRotten);  // it was read again
  w.order({order(2, OrderKind::kPurge, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().volume, 1u);
}

TEST(Restore, ThatFailedHalfwayHasWhatIsHereReadAgain) {
  World w;
  w.start({{kOther, 0, false, {}}, found(1, 0, true)});
  w.register_and_report();
  w.order({order(1, OrderKind::kRestore, block(1))});
  w.finish(kUnreadable);
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  w.finish(kAbsent);
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  w.order({order(2, OrderKind::kRestore, block(1))});
  expect_restore(w, 0);
  w.finish({});
  expect_in_quarantine(w, 3, kOther, true);
}

TEST(Restore, LeavesTheOtherCopiesOfTheContentInQuarantine) {
  World w;
  w.start({found(1, 0, true), found(1, 0, true)});
  w.register_and_report();
  w.order({order(1, OrderKind::kRestore, block(1))});
  w.finish({});
  expect_in_quarantine(w, 2, block(1), true);
  expect_in_quarantine(w, 3, block(1), false);
}

TEST(Restore, AfterAPublicationMeanwhileHasReadWhichOfThemIsHere) {
  World w;
  w.start({found(1, 0, true)});
  w.register_and_report();
  w.order({order(1, OrderKind::kRestore, block(1))});
  w.stored(kOther);
  w.finish({});
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
}

}  // namespace
}  // namespace dfs::datanode
