// Replicas that could not be read at the start: neither absent nor known (V3).
#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

FoundReplica unreadable(std::uint64_t id, VolumeId volume = 0) {
  return {{BlockId{id}, 0, 0}, volume, false, {}, true};
}

std::vector<BlockId> unreadable_of(const std::vector<wire::ReportPiece>& pieces) {
  std::vector<BlockId> blocks;
  for (const wire::ReportPiece& piece : pieces) {
    if (!piece.unreadable) continue;
    blocks.insert(blocks.end(), piece.unreadable->begin(), piece.unreadable->end());
  }
  return blocks;
}

TEST(Unreadable, IsToldOfInTheReportBesideWhatCanBeRead) {
  World w;
  w.start({found(1), unreadable(1 + wire::kReportBuckets), unreadable(2)});
  w.register_and_report(1, {1, 2});
  ASSERT_EQ(w.pieces.size(), 2u);
  EXPECT_EQ(w.pieces[0].replicas, std::vector{block(1)});
  EXPECT_EQ(w.pieces[0].unreadable, std::vector{BlockId{1 + wire::kReportBuckets}});
  EXPECT_TRUE(w.pieces[1].replicas.empty());
  EXPECT_EQ(w.pieces[1].unreadable, std::vector{BlockId{2}});
  EXPECT_TRUE(w.changes.empty());
}

TEST(Unreadable, MakesItsBucketsDigestDiffer) {
  World w;
  w.start({found(1), unreadable(1 + wire::kReportBuckets), unreadable(2)});
  w.answer(w.registration(1));
  w.persist();
  while (!w.said<wire::ReportDigests>()) w.answer(w.reply_with({}));
  const auto digests = w.last<wire::ReportDigests>().digests;
  ASSERT_EQ(digests.size(), 2u);
  EXPECT_EQ(digests[0].bucket, 1u);
  EXPECT_NE(digests[0].digest, wire::replica_digest(block(1)));
  EXPECT_EQ(digests[1].bucket, 2u);
  EXPECT_NE(digests[1].digest, 0u);
}

TEST(Unreadable, IsToldOfWholeHoweverManyThereAre) {
  World w;
  std::vector<FoundReplica> replicas;
  std::vector<BlockId> all;
  for (std::uint64_t i = 0; i < 2500; ++i) {
    const std::uint64_t id = 1 + i * wire::kReportBuckets;
    replicas.push_back(i % 7 == 0 ? found(id) : unreadable(id));
    if (i % 7 != 0) all.push_back(BlockId{id});
  }
  w.start(replicas);
  w.register_and_report(1, {1});
  EXPECT_EQ(unreadable_of(w.pieces), all);
  std::size_t readable = 0;
  BlockId after;
  for (const wire::ReportPiece& piece : w.pieces) {
    EXPECT_EQ(piece.after, after);
    after = piece.through;
    EXPECT_LE(piece.unreadable->size(), 1000u);
    for (const wire::BlockInfo& info : piece.replicas) EXPECT_LE(info.id, piece.through);
    readable += piece.replicas.size();
    EXPECT_EQ(piece.last, &piece == &w.pieces.back());
  }
  EXPECT_EQ(after, BlockId{UINT64_MAX});
  EXPECT_EQ(readable, replicas.size() - all.size());
}

class UnreadableOnce : public ::testing::Test {
 protected:
  void SetUp() override {
    w.start({unreadable(1)});
    w.register_and_report(1, {1});
    ASSERT_EQ(unreadable_of(w.pieces), std::vector{BlockId{1}});
    w.pieces.clear();
  }
  // What it is told to verify it reads, and finds that.
  std::optional<Status> verify(const Status& found) {
    w.order({order(7, OrderKind::kVerify, block(1))});
    if (w.tasks.empty()) return std::nullopt;
    EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
    EXPECT_EQ(w.tasks.front().volume, 0u);
    w.finish(found);
    return w.result_of(7);
  }
  void report_again() {
    w.reported = false;
    for (int i = 0; i < 1000 && !w.reported; ++i) w.settle_one({1});
  }

  World w;
};

TEST_F(UnreadableOnce, CountsAsSoonAsItCanBeRead) {
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  EXPECT_TRUE(w.machine.unreadable(BlockId{1}));
  EXPECT_EQ(verify({}), Status());
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kVerified});
  ASSERT_TRUE(w.machine.find(BlockId{1}));
  EXPECT_EQ(w.machine.find(BlockId{1})->info, block(1));
  EXPECT_FALSE(w.machine.unreadable(BlockId{1}));
  w.order({order(8, OrderKind::kConfirm, block(1))});
  EXPECT_EQ(w.result_of(8), Status());
}

TEST_F(UnreadableOnce, StaysUnreadableWhileReadingFails) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    w.changes.clear();
    w.order({order(20 + i, OrderKind::kVerify, block(1))});
    w.finish(kUnreadable);
    EXPECT_EQ(w.result_of(20 + i), kUnreadable);
    EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kUnread});
  }
  EXPECT_TRUE(w.machine.unreadable(BlockId{1}));
}

TEST_F(UnreadableOnce, IsRottenWhenItWasReadAndIsNotWhatItsSidecarSays) {
  EXPECT_EQ(verify(kRotten), kRotten);
  w.look_finds(block(1));
  w.finish(kRotten);
  w.news();
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kCorrupt});
  ASSERT_TRUE(w.machine.find(BlockId{1}));
  EXPECT_TRUE(w.machine.find(BlockId{1})->corrupt);
}

// Of a transfer in which a bit flipped, for instance: the NameNode knows only what was committed.
TEST_F(UnreadableOnce, IsToldOfAsWhatItIsWhenTheNameNodeTookItForOtherContent) {
  const wire::BlockInfo other = block(1, 100, 8);
  EXPECT_EQ(verify(kRotten), kRotten);
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kUnread}) << "until it is known";
  w.look_finds(other);
  w.finish({});
  w.news();
  ASSERT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kVerified});
  EXPECT_EQ(w.changes.front().replica, other);
  w.order({order(8, OrderKind::kQuarantine, other)});
  ASSERT_EQ(w.tasks.size(), 1u);
  w.finish({});
  EXPECT_EQ(w.result_of(8), Status());
  EXPECT_FALSE(w.machine.find(BlockId{1}));
}

TEST_F(UnreadableOnce, IsLeftOutOfTheNextReportWhenNothingSaysWhatItIs) {
  EXPECT_EQ(verify(kRotten), kRotten);
  w.look_finds(kAbsent);
  EXPECT_FALSE(w.machine.unreadable(BlockId{1}));
  report_again();
  EXPECT_TRUE(w.reported);
  EXPECT_TRUE(unreadable_of(w.pieces).empty());
}

TEST_F(UnreadableOnce, IsGoneOnlyWhenTheDirectoryProvesIt) {
  EXPECT_EQ(verify(kAbsent), kAbsent);
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kRemoved});
  EXPECT_FALSE(w.machine.unreadable(BlockId{1}));
}

TEST_F(UnreadableOnce, IsNeverConfirmedOrDenied) {
  w.order({order(8, OrderKind::kConfirm, block(1)), order(9, OrderKind::kRestore, block(1))});
  const wire::Heartbeat heartbeat = w.next_heartbeat();
  ASSERT_EQ(heartbeat.results.size(), 2u);
  for (const wire::OrderResult& result : heartbeat.results) {
    EXPECT_EQ(result.status.code(), Code::kUnavailable) << result.status.message();
  }
}

TEST_F(UnreadableOnce, GoesToQuarantineOnTheNameNodesWord) {
  w.order({order(8, OrderKind::kQuarantine, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  w.finish({});
  EXPECT_EQ(w.result_of(8), Status());
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kRemoved});
  EXPECT_FALSE(w.machine.unreadable(BlockId{1}));
  w.order({order(9, OrderKind::kRestore, block(1))});
  EXPECT_EQ(w.tasks.size(), 1u) << "it is known to be there";
}

TEST_F(UnreadableOnce, StaysWhenItCouldNotBeMovedToQuarantine) {
  w.order({order(8, OrderKind::kQuarantine, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  w.finish(kUnreadable);
  EXPECT_EQ(w.result_of(8), kUnreadable);
  EXPECT_TRUE(events_of(w.changes, 1).empty());
  EXPECT_TRUE(w.machine.unreadable(BlockId{1}));
}

TEST_F(UnreadableOnce, GivesWayToACopyOnItsVolume) {
  w.order({order(8, OrderKind::kCopy, block(1), {9})});
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kCopy);
  w.finish({}, 0);
  EXPECT_EQ(w.result_of(8), Status());
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kStored});
  EXPECT_FALSE(w.machine.unreadable(BlockId{1}));
}

TEST_F(UnreadableOnce, IsToldOfAgainWhenACopyOnAnotherVolumeIsGone) {
  w.stored(block(1), 1);
  w.order({order(8, OrderKind::kQuarantine, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().volume, 1u);
  w.finish({}, 1);
  EXPECT_EQ(w.result_of(8), Status());
  EXPECT_EQ(events_of(w.changes, 1), (std::vector{ReplicaEvent::kStored, ReplicaEvent::kUnread}));
  report_again();
  EXPECT_EQ(unreadable_of(w.pieces), std::vector{BlockId{1}});
}

TEST_F(UnreadableOnce, IsNotToldOfBesideACopyOnAnotherVolume) {
  w.stored(block(1), 1);
  wire::HeartbeatReply reply = w.reply_with({});
  reply.report = true;
  (void)w.next_heartbeat();
  w.answer(reply);
  report_again();
  ASSERT_EQ(w.pieces.size(), 1u);
  EXPECT_EQ(w.pieces[0].replicas, std::vector{block(1)});
  EXPECT_FALSE(w.pieces[0].unreadable);
}

TEST_F(UnreadableOnce, GoesWithItsVolume) {
  w.volume_failed(0);
  EXPECT_FALSE(w.machine.unreadable(BlockId{1}));
  report_again();
  EXPECT_TRUE(unreadable_of(w.pieces).empty());
}

TEST(Unreadable, OfTwoVolumesTheOtherIsToldOfWhenOneIsProvenAbsent) {
  World w;
  w.start({unreadable(1, 0), unreadable(1, 1)});
  w.register_and_report(1, {1});
  EXPECT_EQ(unreadable_of(w.pieces), std::vector{BlockId{1}});
  w.pieces.clear();
  w.order({order(7, OrderKind::kVerify, block(1))});
  w.finish(kAbsent, 0);
  EXPECT_EQ(w.result_of(7), kAbsent);
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kUnread});
  w.reported = false;
  for (int i = 0; i < 1000 && !w.reported; ++i) w.settle_one({1});
  EXPECT_EQ(unreadable_of(w.pieces), std::vector{BlockId{1}});
}

const Duration kRound = Config().unreadable_period;

// Heartbeats are answered meanwhile.
void pass(World& w, Duration time) {
  for (; time > Duration{}; time = time - seconds(1)) {
    while (w.said<wire::Heartbeat>()) w.answer(w.reply_with({}));
    w.pass(seconds(1));
  }
}

TEST(Unreadable, AreLookedAtOneByOneInRounds) {
  World w;
  w.start({unreadable(1), unreadable(2), unreadable(2, 1)});
  w.register_and_report(1, {1, 2});
  pass(w, kRound - seconds(10));
  EXPECT_TRUE(w.looks.empty()) << "they have just been read";
  for (int round = 0; round < 2; ++round) {
    pass(w, seconds(10));
    for (const auto& [id, volume] : {std::pair(1u, 0u), std::pair(2u, 0u), std::pair(2u, 1u)}) {
      ASSERT_EQ(w.looks.size(), 1u);
      EXPECT_EQ(w.looks.front().block, BlockId{id});
      EXPECT_EQ(w.looks.front().volume, volume);
      pass(w, seconds(10));
      w.look_finds(kUnreadable);
    }
    pass(w, kRound - seconds(10));
    EXPECT_TRUE(w.looks.empty());
  }
  EXPECT_TRUE(w.machine.unreadable(BlockId{1}));
  EXPECT_TRUE(w.machine.unreadable(BlockId{2}));
}

// The first round has begun.
class UnreadableLookedAt : public UnreadableOnce {
 protected:
  void SetUp() override {
    UnreadableOnce::SetUp();
    pass(w, kRound);
    ASSERT_EQ(w.looks.size(), 1u);
    w.changes.clear();
  }
};

TEST_F(UnreadableLookedAt, IsVerifiedAsWhatItsSidecarSaysAndToldOf) {
  w.look_finds(block(1));
  EXPECT_FALSE(w.machine.unreadable(BlockId{1}));
  ASSERT_TRUE(w.machine.find(BlockId{1}));
  EXPECT_EQ(w.machine.find(BlockId{1})->info, block(1));
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  EXPECT_EQ(w.tasks.front().order.block, block(1));
  w.order({order(8, OrderKind::kConfirm, block(1))});
  EXPECT_EQ(w.result_of(8)->code(), Code::kUnavailable) << "nobody has read it yet";
  w.finish({});
  w.news();
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kVerified});
}

TEST_F(UnreadableLookedAt, IsLeftOutOfTheNextReportWhenItIsProvenAbsent) {
  w.look_finds(kAbsent);
  EXPECT_FALSE(w.machine.unreadable(BlockId{1}));
  report_again();
  EXPECT_TRUE(w.reported);
  EXPECT_TRUE(unreadable_of(w.pieces).empty());
}

TEST_F(UnreadableLookedAt, IsNotMovedForAnOrderOfMeanwhileThatIsAboutOtherContent) {
  w.order({order(8, OrderKind::kQuarantine, block(1))});
  EXPECT_TRUE(w.tasks.empty());
  w.look_finds(block(1, 50));
  ASSERT_FALSE(w.tasks.empty());
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify) << "the order was about other content";
  EXPECT_EQ(w.result_of(8)->code(), Code::kNotFound);
}

TEST_F(UnreadableLookedAt, SaysNothingOfWhatWasPublishedMeanwhile) {
  w.stored(block(1));
  w.look_finds(block(1, 50));
  EXPECT_EQ(w.machine.find(BlockId{1})->info, block(1));
  EXPECT_TRUE(w.tasks.empty());
}

TEST_F(UnreadableLookedAt, IsGoneWithItsVolumeWhateverIsReadOfIt) {
  w.volume_failed(0);
  w.look_finds(block(1));
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  EXPECT_TRUE(w.tasks.empty());
}

TEST_F(UnreadableLookedAt, IsASpareBesideWhatWasPublishedOnAnotherVolumeMeanwhile) {
  w.stored(block(1), 1);
  w.look_finds(block(1));
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  EXPECT_EQ(w.tasks.front().volume, 1u);
  w.finish({}, 1);
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kQuarantine);
  EXPECT_EQ(w.tasks.front().volume, 0u);
}

TEST(Unreadable, IsNotLookedAtAnyMoreWhenACopyHasTakenItsPlace) {
  World w;
  w.start({unreadable(1), unreadable(2)});
  w.register_and_report(1, {1, 2});
  pass(w, kRound);
  ASSERT_EQ(w.looks.size(), 1u);
  ASSERT_EQ(w.looks.front().block, BlockId{1});
  w.order({order(7, OrderKind::kVerify, block(2))});
  w.finish(kRotten);
  w.stored(block(2));
  w.look_finds(kUnreadable);
  EXPECT_TRUE(w.looks.empty());
}

TEST(Unreadable, IsNotLookedAtWhileItIsBeingVerified) {
  World w;
  w.start({unreadable(1), unreadable(2)});
  w.register_and_report(1, {1, 2});
  w.order({order(7, OrderKind::kVerify, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  pass(w, kRound);
  ASSERT_EQ(w.looks.size(), 1u);
  EXPECT_EQ(w.looks.front().block, BlockId{2});
  w.look_finds(kUnreadable);
  EXPECT_TRUE(w.looks.empty());
  w.finish(kUnreadable);
  pass(w, kRound);
  ASSERT_EQ(w.looks.size(), 1u);
  EXPECT_EQ(w.looks.front().block, BlockId{1});
}

}  // namespace
}  // namespace dfs::datanode
