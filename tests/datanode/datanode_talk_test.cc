// The DataNode machine: registration, messages, reports.
#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

TEST(Registration, IsCompleteOnlyWhenTheIdentityIsDurable) {
  World w;
  w.start({}, {});
  ASSERT_TRUE(w.said<wire::Register>());
  EXPECT_EQ(w.last<wire::Register>().cluster, "");
  w.answer(w.registration(1));
  EXPECT_FALSE(w.machine.registered());
  EXPECT_TRUE(w.messages.empty());
  ASSERT_EQ(w.persists.size(), 1u);
  EXPECT_EQ(w.persists.front().identity.cluster, "c1");
  w.persist();
  EXPECT_TRUE(w.machine.registered());
  EXPECT_EQ(w.machine.identity().node, NodeId{4});
}

TEST(Registration, OfAKnownNodePersistsNothingNew) {
  World w;
  w.start({}, {"c1", NodeId{4}, {1, 10, 100}});
  EXPECT_EQ(w.last<wire::Register>().seen, (wire::HistoryMark{1, 10, 100}));
  w.answer(w.registration(1));
  EXPECT_TRUE(w.machine.registered());
  EXPECT_TRUE(w.persists.empty());
}

TEST(Registration, TellsOfTheEpochThatAReplicaIsOf) {
  World w;
  const std::uint64_t id = first_id_of_epoch(3);
  w.start({found(first_id_of_epoch(2)), found(id), found(first_id_of_epoch(1) + 7)},
          {"c1", NodeId{4}, {2, 10, first_id_of_epoch(2)}});
  EXPECT_EQ(w.last<wire::Register>().seen, (wire::HistoryMark{3, 0, id}));
}

TEST(Registration, TellsOfNoHistoryOfReplicasWhoseClusterItDoesNotKnow) {
  World w;
  w.start({found(first_id_of_epoch(3))}, {});
  EXPECT_EQ(w.last<wire::Register>().seen, wire::HistoryMark{});
}

TEST(Registration, AsksAgainForAnIdentityThatCouldNotBePersisted) {
  World w;
  w.start();
  w.answer(w.registration(1));
  w.persists.clear();
  w.pass(seconds(20));
  EXPECT_TRUE(w.persists.empty()) << "one at a time, however slow";
  w.machine.persist_failed(w.now);
  w.pass(seconds(11));
  ASSERT_EQ(w.persists.size(), 1u);
  w.persist();
  EXPECT_TRUE(w.machine.registered());
}

TEST(Registration, WithANameNodeOfAnotherClusterIsRefused) {
  World w;
  w.start({}, {"c2", NodeId{4}, {}});
  w.answer(w.registration(1));
  EXPECT_FALSE(w.machine.registered());
  EXPECT_TRUE(w.persists.empty());
  EXPECT_EQ(w.machine.trouble().message(),
            "the NameNode is of cluster 'c1', this DataNode of 'c2'");
  w.pass(seconds(5));
  EXPECT_TRUE(w.said<wire::Register>()) << "it may be moved or mended: ask again";
}

TEST(Registration, ThatIsRefusedIsAskedForAgainWithPauses) {
  World w;
  w.start();
  int asked = 0;
  for (int i = 0; i < 600; ++i) {
    if (!w.messages.empty()) {
      ++asked;
      w.answer(Status(Code::kWrongCluster, "not ours"));
    }
    w.pass(milliseconds(100));
  }
  EXPECT_EQ(w.machine.trouble().message(), "not ours");
  EXPECT_GT(asked, 15);
  EXPECT_LT(asked, 45);
}

// Another process of the same DataNode is live: it may be this one's predecessor, which stops soon.
TEST(Registration, ThatIsRefusedForNowLeavesItWhatItIsAndIsTakenLater) {
  World w;
  w.start({found(1)}, {"c1", NodeId{4}, {1, 10, 100}});
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(w.said<wire::Register>());
    w.answer(Status(Code::kUnavailable, "DataNode 4 is live elsewhere"));
    EXPECT_EQ(w.machine.trouble().message(), "DataNode 4 is live elsewhere");
    w.pass(seconds(3));
  }
  EXPECT_EQ(w.machine.identity().cluster, "c1");
  EXPECT_EQ(w.machine.identity().node, NodeId{4});
  EXPECT_EQ(w.machine.replicas(), 1u);
  EXPECT_TRUE(w.persists.empty());
  EXPECT_TRUE(w.tasks.empty());
  w.answer(w.registration(1));
  EXPECT_TRUE(w.machine.registered());
  EXPECT_TRUE(w.machine.trouble().ok());
}

TEST(Registration, BeginsAnewWhenTheNameNodeSaysStale) {
  World w;
  w.start({found(1)});
  w.register_and_report(1);
  w.next_heartbeat();
  w.answer(Status(Code::kStale, "register again"));
  EXPECT_FALSE(w.machine.registered());
  w.pass(seconds(1));
  ASSERT_TRUE(w.said<wire::Register>());
  w.answer(w.registration(2));
  ASSERT_TRUE(w.machine.registered());
  w.reported = false;
  w.pieces.clear();
  for (int i = 0; i < 100 && !w.settled(); ++i) w.settle_one({1});
  ASSERT_EQ(w.pieces.size(), 1u);
  EXPECT_EQ(w.pieces[0].mark.session, 2u);
  EXPECT_EQ(w.pieces[0].replicas, std::vector{block(1)});
}

TEST(Messages, AreNumberedAndSentAgainUnchangedUntilAnswered) {
  World w;
  w.start();
  w.register_and_report();
  w.answer(w.reply_with({}));
  w.stored(block(5));
  const wire::Heartbeat first = w.next_heartbeat();
  w.lose_message();
  w.stored(block(6));
  w.pass(seconds(1));
  ASSERT_TRUE(w.said<wire::Heartbeat>());
  EXPECT_EQ(w.last<wire::Heartbeat>(), first);
  w.answer(w.reply_with({}));
  const wire::Heartbeat second = w.next_heartbeat();
  EXPECT_EQ(second.mark.sequence, first.mark.sequence + 1);
  EXPECT_EQ(events_of(second.changes, 6), std::vector{ReplicaEvent::kStored});
  EXPECT_TRUE(events_of(second.changes, 5).empty());
}

TEST(Messages, WithoutAnyAnswerAreSentAgainAfterTheLimit) {
  World w;
  w.start();
  w.register_and_report();
  const wire::Heartbeat first = w.next_heartbeat();
  const std::uint64_t number = w.messages.front().message;
  w.messages.clear();
  w.pass(seconds(15));
  ASSERT_TRUE(w.said<wire::Heartbeat>());
  EXPECT_EQ(w.last<wire::Heartbeat>(), first);
  EXPECT_NE(w.messages.front().message, number);
  // The answer to the first sending is too late now.
  EffectList effects;
  w.machine.answered(number, w.reply_with({order(1, OrderKind::kVerify, block(1))}), w.now,
                     effects);
  EXPECT_TRUE(effects.empty());
}

TEST(Messages, KeepHeartbeatsAtTheIntervalThatTheNameNodeNamed) {
  World w;
  w.start();
  w.register_and_report();
  int heartbeats = 0;
  for (int i = 0; i < 100; ++i) {
    if (!w.messages.empty()) {
      ++heartbeats;
      w.answer(w.reply_with({}));
    }
    w.pass(milliseconds(100));
  }
  EXPECT_GE(heartbeats, 9);
  EXPECT_LE(heartbeats, 11);
}

TEST(Report, NamesEveryReplicaOfTheWantedBucketsInPieces) {
  World w;
  std::vector<FoundReplica> replicas;
  for (std::uint64_t i = 0; i < 2500; ++i) replicas.push_back(found(3 + i * wire::kReportBuckets));
  replicas.push_back(found(4));
  w.start(replicas);
  w.register_and_report(1, {3, 9});
  ASSERT_EQ(w.pieces.size(), 4u);
  std::vector<wire::BlockInfo> told;
  BlockId through;
  for (int i = 0; i < 3; ++i) {
    const auto& piece = w.pieces[static_cast<std::size_t>(i)];
    EXPECT_EQ(piece.bucket, 3u);
    EXPECT_EQ(piece.after, through);
    through = piece.through;
    EXPECT_LE(piece.replicas.size(), 1000u);
    EXPECT_FALSE(piece.last);
    told.insert(told.end(), piece.replicas.begin(), piece.replicas.end());
  }
  EXPECT_EQ(through.value, UINT64_MAX);
  ASSERT_EQ(told.size(), 2500u);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end(),
                             [](const auto& a, const auto& b) { return a.id < b.id; }));
  EXPECT_EQ(w.pieces[3].bucket, 9u);  // empty here: the NameNode thought otherwise
  EXPECT_TRUE(w.pieces[3].replicas.empty());
  EXPECT_TRUE(w.pieces[3].last);
}

TEST(Report, DigestsAreThoseOfTheReplicas) {
  World w;
  w.start({found(1), found(1 + wire::kReportBuckets), found(2)});
  w.answer(w.registration(1));
  w.persist();
  while (!w.said<wire::ReportDigests>()) {
    ASSERT_TRUE(w.said<wire::Heartbeat>());
    w.answer(w.reply_with({}));
  }
  const auto digests = w.last<wire::ReportDigests>().digests;
  ASSERT_EQ(digests.size(), 2u);
  EXPECT_EQ(digests[0].bucket, 1u);
  EXPECT_EQ(digests[0].digest,
            wire::replica_digest(block(1)) + wire::replica_digest(block(1 + wire::kReportBuckets)));
}

TEST(Report, HDFS_2791_APieceIsMadeAfterAllEarlierNewsOfItsBucketWasAnswered) {
  World w;
  w.start({found(1)});
  w.answer(w.registration(1));
  w.persist();
  while (!w.said<wire::ReportDigests>()) w.answer(w.reply_with({}));
  w.stored(block(1 + wire::kReportBuckets));
  w.answer(wire::ReportDigestsReply{{1}});
  ASSERT_TRUE(w.said<wire::Heartbeat>());
  EXPECT_EQ(w.last<wire::Heartbeat>().changes.size(), 1u);
  w.answer(w.reply_with({}));
  ASSERT_TRUE(w.said<wire::ReportPiece>());
  EXPECT_EQ(w.last<wire::ReportPiece>().replicas.size(), 2u);
}

TEST(Report, HDFS_12914_ThatIsRefusedIsMadeAgain) {
  World w;
  w.start({found(1)});
  w.answer(w.registration(1));
  w.persist();
  while (!w.said<wire::ReportDigests>()) w.answer(w.reply_with({}));
  w.answer(wire::ReportDigestsReply{{1}});
  ASSERT_TRUE(w.said<wire::ReportPiece>());
  w.answer(Status(Code::kStale, "register again"));
  w.register_and_report(2, {1});
  ASSERT_EQ(w.pieces.size(), 1u);
  EXPECT_EQ(w.pieces[0].replicas, std::vector{block(1)});
}

TEST(Report, AfterMoreNewsThanTheQueueHoldsTheFullReportSaysIt) {
  World w;
  w.start();
  w.register_and_report();
  for (std::uint64_t id = 1; id <= 25'000; ++id) w.stored(block(id));
  w.reported = false;
  w.pieces.clear();
  std::set<std::uint64_t> all;
  for (std::uint64_t bucket = 0; bucket < wire::kReportBuckets; ++bucket) all.insert(bucket);
  for (int i = 0; i < 20'000 && !w.settled(); ++i) w.settle_one(all);
  std::size_t told = 0;
  for (const auto& piece : w.pieces) told += piece.replicas.size();
  EXPECT_EQ(told, 25'000u);
}

TEST(Report, IsBegunAnewWhereNewsIsLostWhileItsDigestsAreOut) {
  for (const std::vector<std::uint64_t>& wanted : {std::vector<std::uint64_t>{}, {1, 2}}) {
    World w;
    std::vector<FoundReplica> replicas;
    for (std::uint64_t id = 1; id <= 20'001; ++id) replicas.push_back(found(id, 1));
    w.start(replicas);
    w.answer(w.registration(1));
    w.persist();
    while (!w.said<wire::ReportDigests>()) w.answer(w.reply_with({}));
    w.volume_failed(1);  // one piece of news more than is kept
    w.answer(wire::ReportDigestsReply{wanted});
    for (int i = 0; i < 100 && !w.said<wire::ReportDigests>(); ++i) {
      ASSERT_FALSE(w.said<wire::ReportPiece>()) << "of digests that do not hold any more";
      if (w.said<wire::Heartbeat>()) w.answer(w.reply_with({}));
      w.pass(milliseconds(100));
    }
    ASSERT_TRUE(w.said<wire::ReportDigests>());
    EXPECT_TRUE(w.last<wire::ReportDigests>().digests.empty());
  }
}

TEST(Report, IsMadeAlsoWhereAnAnswerTakesLongerThanTheHeartbeatInterval) {
  World w;
  w.start({found(1), found(2)});
  w.answer(w.registration(1));
  w.persist();
  const std::set<std::uint64_t> wanted{wire::bucket_of(BlockId{1}), wire::bucket_of(BlockId{2})};
  int heartbeats = 0;
  for (int i = 0; i < 20 && !w.reported; ++i) {
    w.pass(milliseconds(1300));
    if (w.said<wire::Heartbeat>()) ++heartbeats;
    w.settle_one(wanted);
  }
  EXPECT_TRUE(w.reported);
  EXPECT_GE(heartbeats, 2) << "and goes on saying that it lives";
}

TEST(Report, RottenReplicasAreSaidToBeSoAfterEachRegistration) {
  World w;
  w.start({found(1), found(2)});
  w.register_and_report(1);
  w.suspect(1);
  w.finish(kRotten);
  EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kCorrupt});
  w.next_heartbeat();
  w.answer(Status(Code::kStale, "register again"));
  w.changes.clear();
  w.reported = false;
  w.register_and_report(2);
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kCorrupt});
  EXPECT_TRUE(events_of(w.changes, 2).empty());
}

}  // namespace
}  // namespace dfs::datanode
