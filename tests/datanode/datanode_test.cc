// The DataNode machine against a scripted NameNode and disk.
#include "core/datanode/datanode.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <deque>
#include <map>
#include <set>

#include "core/base/mutant.h"

namespace dfs::datanode {
namespace {

using wire::OrderKind;
using wire::ReplicaEvent;

wire::BlockInfo block(std::uint64_t id, std::uint64_t length = 100, std::uint32_t crc = 7) {
  return {BlockId{id}, length, crc};
}

FoundReplica found(std::uint64_t id, VolumeId volume = 0, bool quarantined = false) {
  return {block(id), volume, quarantined, {}};
}

// Owns the machine, its clock and what it has asked for.
class World {
 public:
  explicit World(Config config = default_config()) : machine(config, Random(1)) {}

  static Config default_config() {
    Config config;
    config.uuid = std::string(32, 'a');
    config.scrub_period = {};  // no scrubbing unless a test asks for it
    return config;
  }

  void start(std::vector<FoundReplica> replicas = {}, Identity identity = {}) {
    EffectList effects;
    machine.start(identity, std::move(replicas), 2, now, effects);
    take(effects);
  }
  void pass(Duration time) {
    for (Duration step = milliseconds(100); time > Duration{}; time = time - step) {
      now.mono = now.mono + step;
      now.wall.ms += step.us / 1000;
      EffectList effects;
      machine.tick(now, effects);
      take(effects);
    }
  }
  void answer(const wire::Reply& reply) {
    ASSERT_FALSE(messages.empty()) << "nothing was said";
    const std::uint64_t message = messages.front().message;
    messages.pop_front();
    EffectList effects;
    machine.answered(message, reply, now, effects);
    take(effects);
  }
  void lose_message() {
    ASSERT_FALSE(messages.empty());
    const std::uint64_t message = messages.front().message;
    messages.pop_front();
    EffectList effects;
    machine.unanswered(message, now, effects);
    take(effects);
  }
  void persist() {
    ASSERT_FALSE(persists.empty());
    identity_on_disk = persists.front();
    persists.pop_front();
    EffectList effects;
    machine.persisted(now, effects);
    take(effects);
  }
  void finish(const Status& status, VolumeId volume = 0) {
    ASSERT_FALSE(tasks.empty()) << "nothing is being done";
    const TaskId task = tasks.front().task;
    tasks.pop_front();
    EffectList effects;
    machine.task_done(task, status, volume, now, effects);
    take(effects);
  }
  void stored(const wire::BlockInfo& info, VolumeId volume = 0) {
    EffectList effects;
    machine.stored(info, volume, now, effects);
    take(effects);
  }
  void suspect(std::uint64_t id) {
    EffectList effects;
    machine.suspect(BlockId{id}, now, effects);
    take(effects);
  }
  void volume_failed(VolumeId volume) {
    EffectList effects;
    machine.volume_failed(volume, now, effects);
    take(effects);
  }

  // Registers and answers everything until only heartbeats are left; collects what was reported.
  void register_and_report(std::uint64_t session = 1, std::set<std::uint64_t> wanted = {}) {
    pass(seconds(5));
    ASSERT_TRUE(said<wire::Register>());
    answer(registration(session));
    if (!persists.empty()) persist();
    for (int i = 0; i < 10'000 && !settled(); ++i) settle_one(wanted);
  }
  bool settled() {
    if (messages.empty()) pass(milliseconds(100));
    return !messages.empty() && said<wire::Heartbeat>() && reported &&
           last<wire::Heartbeat>().changes.empty();
  }
  void settle_one(const std::set<std::uint64_t>& wanted) {
    if (messages.empty()) return pass(milliseconds(100));
    if (said<wire::Heartbeat>()) {
      for (const auto& change : last<wire::Heartbeat>().changes) changes.push_back(change);
      answer(reply_with({}));
    } else if (said<wire::ReportDigests>()) {
      reported = wanted.empty();
      answer(wire::ReportDigestsReply{{wanted.begin(), wanted.end()}});
    } else if (said<wire::ReportPiece>()) {
      pieces.push_back(last<wire::ReportPiece>());
      reported = pieces.back().last;
      answer(wire::Empty{});
    }
  }
  // Answers the next heartbeat with these orders and has their mark persisted.
  void order(std::vector<wire::Order> orders) {
    next_heartbeat();
    answer(reply_with(std::move(orders)));
    if (!persists.empty()) persist();
  }
  wire::Heartbeat next_heartbeat() {
    for (int i = 0; i < 100 && messages.empty(); ++i) pass(milliseconds(100));
    EXPECT_TRUE(said<wire::Heartbeat>());
    return last<wire::Heartbeat>();
  }
  // Answers heartbeats until one of them tells the result of the order.
  std::optional<Status> result_of(std::uint64_t number) {
    for (int i = 0; i < 5; ++i) {
      const wire::Heartbeat heartbeat = next_heartbeat();
      for (const auto& change : heartbeat.changes) changes.push_back(change);
      std::optional<Status> result;
      for (const auto& r : heartbeat.results) {
        if (r.order == number) result = r.status;
      }
      answer(reply_with({}));
      if (result) return result;
    }
    return std::nullopt;
  }
  std::vector<wire::ReplicaChange> news() {
    changes.clear();
    for (int i = 0; i < 3; ++i) {
      for (const auto& change : next_heartbeat().changes) changes.push_back(change);
      answer(reply_with({}));
    }
    return changes;
  }

  wire::RegisterReply registration(std::uint64_t session) const {
    return {"c1", NodeId{4}, session, mark, seconds(1)};
  }
  wire::HeartbeatReply reply_with(std::vector<wire::Order> orders) const {
    return {mark, std::move(orders), false};
  }
  template <class T>
  [[nodiscard]] bool said() const {
    return !messages.empty() && std::holds_alternative<T>(messages.front().request);
  }
  template <class T>
  [[nodiscard]] const T& last() const {
    return std::get<T>(messages.front().request);
  }

  DataNode machine;
  Now now{{1'000'000}, {1'700'000'000'000}};
  wire::HistoryMark mark{1, 10, 100};
  std::deque<SendToNameNode> messages;
  std::deque<PersistIdentity> persists;
  std::deque<StartTask> tasks;
  PersistIdentity identity_on_disk;
  std::vector<wire::ReplicaChange> changes;
  std::vector<wire::ReportPiece> pieces;
  bool reported = false;

 private:
  void take(EffectList& effects) {
    for (Effect& effect : effects) {
      if (auto* message = std::get_if<SendToNameNode>(&effect)) messages.push_back(*message);
      if (auto* identity = std::get_if<PersistIdentity>(&effect)) persists.push_back(*identity);
      if (auto* task = std::get_if<StartTask>(&effect)) tasks.push_back(*task);
    }
    EXPECT_LE(messages.size(), 1u) << "one message at a time";
  }
};

wire::Order order(std::uint64_t number, OrderKind kind, const wire::BlockInfo& info,
                  std::vector<std::uint64_t> sources = {}) {
  wire::Order order;
  order.order = number;
  order.kind = kind;
  order.block = info;
  for (const std::uint64_t node : sources) order.sources.push_back({NodeId{node}, "", ""});
  return order;
}

const Status kRotten(Code::kCorrupt, "checksum mismatch");
const Status kUnreadable(Code::kIo, "the disk failed");
const Status kAbsent(Code::kNotFound, "no replica here");

std::vector<ReplicaEvent> events_of(const std::vector<wire::ReplicaChange>& changes,
                                    std::uint64_t id) {
  std::vector<ReplicaEvent> events;
  for (const auto& change : changes) {
    if (change.replica.id.value == id) events.push_back(change.event);
  }
  return events;
}

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
  EXPECT_EQ(w.machine.trouble().message(), "the NameNode is of cluster 'c1', this DataNode of 'c2'");
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
  w.machine.answered(number, w.reply_with({order(1, OrderKind::kVerify, block(1))}), w.now, effects);
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
  EXPECT_EQ(digests[0].digest, wire::replica_digest(block(1)) +
                                   wire::replica_digest(block(1 + wire::kReportBuckets)));
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

TEST(Orders, WaitUntilTheHistoryMarkIsDurable) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.mark.applied = 11;
  w.next_heartbeat();
  w.answer(w.reply_with({order(1, OrderKind::kQuarantine, block(1))}));
  EXPECT_TRUE(w.tasks.empty());
  ASSERT_EQ(w.persists.size(), 1u);
  EXPECT_EQ(w.persists.front().identity.seen, w.mark);
  w.persist();
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kQuarantine);
}

TEST(Orders, ThatComeTwiceAreCarriedOutOnce) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  const auto copy = order(7, OrderKind::kCopy, block(9), {2});
  w.order({copy, copy});
  w.order({copy});
  EXPECT_EQ(w.tasks.size(), 1u);
  w.finish({}, 1);
  EXPECT_EQ(w.result_of(7), Status());
  w.order({copy});
  EXPECT_TRUE(w.tasks.empty());
  EXPECT_EQ(w.result_of(7), Status());
  EXPECT_EQ(w.machine.find(BlockId{9})->volume, 1u);
}

TEST(Orders, RunSoManyAtOnceAndOneABlock) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    orders.push_back(order(i, OrderKind::kCopy, block(100 + i / 2), {2}));
  }
  w.order(orders);
  EXPECT_EQ(w.tasks.size(), 4u);
  std::set<std::uint64_t> blocks;
  for (const StartTask& task : w.tasks) {
    EXPECT_TRUE(blocks.insert(task.order.block.id.value).second);
  }
  for (int i = 0; i < 20 && !w.tasks.empty(); ++i) w.finish({});
  EXPECT_EQ(w.machine.replicas(), 7u);
}

TEST(Orders, VerificationsDoNotHoldCopiesUp) {
  World w;
  std::vector<FoundReplica> replicas;
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    replicas.push_back(found(i));
    orders.push_back(order(i, OrderKind::kVerify, block(i)));
  }
  orders.push_back(order(101, OrderKind::kCopy, block(500), {2}));
  w.start(replicas);
  w.register_and_report();
  w.order(orders);
  EXPECT_EQ(w.tasks.size(), 3u);
  EXPECT_TRUE(std::any_of(w.tasks.begin(), w.tasks.end(),
                          [](const StartTask& t) { return t.kind == OrderKind::kCopy; }));
}

TEST(Orders, MooseFS_151_AnOlderHistoryRemovesNothing) {
  World w;
  w.start({found(1)}, {"c1", NodeId{4}, {1, 50, 100}});
  w.register_and_report();
  EXPECT_EQ(w.machine.identity().seen, (wire::HistoryMark{1, 50, 100}));
  EXPECT_EQ(w.next_heartbeat().seen, (wire::HistoryMark{1, 50, 100}));
  w.order({order(1, OrderKind::kQuarantine, block(1)), order(2, OrderKind::kPurge, block(1)),
           order(3, OrderKind::kVerify, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  EXPECT_EQ(w.result_of(1)->code(), Code::kReadOnly);
}

TEST(Orders, OfAnOlderEpochAreRefused) {
  World w;
  w.start({found(1)}, {"c1", NodeId{4}, {2, 5, 100}});
  w.register_and_report();
  w.mark = {1, 500, 100};
  w.order({order(3, OrderKind::kVerify, block(1)), order(4, OrderKind::kCopy, block(8), {2})});
  EXPECT_TRUE(w.tasks.empty());
  EXPECT_EQ(w.result_of(4)->code(), Code::kReadOnly);
}

TEST(Orders, OfAnEarlierSessionAreNeitherBegunNorAnswered) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 6; ++i) orders.push_back(order(i, OrderKind::kCopy, block(9 + i), {2}));
  w.order(orders);
  ASSERT_EQ(w.tasks.size(), 4u);
  w.next_heartbeat();
  w.answer(Status(Code::kStale, "register again"));
  w.reported = false;
  w.register_and_report(2);
  while (!w.tasks.empty()) w.finish({});
  EXPECT_EQ(w.machine.replicas(), 5u);
  EXPECT_EQ(w.result_of(1), std::nullopt);
}

TEST(Orders, HDFS_3391_OtherContentUnderTheSameIdIsNotRemoved) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kQuarantine, block(1, 100, 8))});
  EXPECT_TRUE(w.tasks.empty());
  EXPECT_EQ(w.result_of(1)->code(), Code::kNotFound);
  EXPECT_TRUE(w.machine.find(BlockId{1}));
}

TEST(Orders, QuarantineRestoreAndPurgeFollowTheReplica) {
  World w;
  w.start({found(1, 1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kQuarantine, block(1))});
  EXPECT_EQ(w.tasks.front().volume, 1u);
  w.finish({}, 1);
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kRemoved});
  w.order({order(2, OrderKind::kRestore, block(1))});
  EXPECT_EQ(w.tasks.front().volume, 1u);
  w.finish({}, 1);
  EXPECT_TRUE(w.machine.find(BlockId{1}));
  EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kStored});
  w.order({order(3, OrderKind::kPurge, block(1))});
  EXPECT_TRUE(w.tasks.empty()) << "it is not in quarantine";
  w.order({order(4, OrderKind::kQuarantine, block(1))});
  w.finish({}, 1);
  w.order({order(5, OrderKind::kPurge, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  w.finish({}, 1);
  w.order({order(6, OrderKind::kRestore, block(1))});
  EXPECT_EQ(w.result_of(6)->code(), Code::kNotFound);
}

TEST(Orders, ARestoreOfARottenReplicaFailsAndKeepsIt) {
  World w;
  w.start({found(1, 0, true)});
  w.register_and_report();
  w.order({order(1, OrderKind::kRestore, block(1))});
  w.finish(kRotten);
  EXPECT_EQ(w.result_of(1)->code(), Code::kCorrupt);
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  w.order({order(2, OrderKind::kPurge, block(1))});
  EXPECT_EQ(w.tasks.size(), 1u) << "it is still there";
}

TEST(Orders, AConfirmationIsAnsweredFromWhatIsKnown) {
  World w;
  w.start({found(1), found(2), found(3)});
  w.register_and_report();
  w.suspect(2);
  w.finish(kRotten);
  w.suspect(3);
  w.order({order(1, OrderKind::kConfirm, block(1)), order(2, OrderKind::kConfirm, block(2)),
           order(3, OrderKind::kConfirm, block(3)), order(4, OrderKind::kConfirm, block(4)),
           order(5, OrderKind::kConfirm, block(1, 99))});
  const wire::Heartbeat heartbeat = w.next_heartbeat();
  std::map<std::uint64_t, Code> codes;
  for (const auto& result : heartbeat.results) codes[result.order] = result.status.code();
  EXPECT_EQ(codes[1], Code::kOk);
  EXPECT_EQ(codes[2], Code::kCorrupt);
  EXPECT_EQ(codes[3], Code::kUnavailable);
  EXPECT_EQ(codes[4], Code::kNotFound);
  EXPECT_EQ(codes[5], Code::kNotFound);
}

TEST(Orders, ACopyOfWhatIsHereReadsItInstead) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kCopy, block(1), {2, 3})});
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  w.finish(kRotten);
  EXPECT_EQ(w.result_of(1)->code(), Code::kCorrupt);
  w.order({order(2, OrderKind::kCopy, block(1), {2, 3})});
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kCopy);
}

TEST(Orders, HDFS_2290_ARottenReplicaIsRepairedInPlace) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kCopy, block(1), {2, 4})});  // this node is number 4
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kCopy);
  w.finish({}, 1);
  EXPECT_EQ(w.result_of(1), Status());
  EXPECT_FALSE(w.machine.find(BlockId{1})->corrupt);
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  w.order({order(2, OrderKind::kPurge, block(1))});
  EXPECT_EQ(w.tasks.size(), 1u) << "the rotten one is in quarantine";
}

TEST(Reading, HDFS_11711_AnErrorIsUnknownAndNotAbsent) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kVerify, block(1))});
  w.finish(kUnreadable);
  EXPECT_TRUE(w.machine.find(BlockId{1}));
  w.changes.clear();
  EXPECT_EQ(w.result_of(1)->code(), Code::kIo);
  EXPECT_EQ(events_of(w.changes, 1), std::vector{ReplicaEvent::kUnread});
}

TEST(Reading, OnlyAProvenAbsenceIsOne) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.suspect(1);
  w.finish(kAbsent);
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kRemoved});
}

TEST(Reading, HDFS_13709_WhatAReaderDoubtsIsVerifiedAtOnce) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.suspect(1);
  w.suspect(1);
  w.suspect(77);
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().order.block, block(1));
  w.finish({});
  EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kVerified});
  EXPECT_TRUE(w.tasks.empty());
}

TEST(Reading, HDFS_17342_AVerdictOnAnOlderReplicaSaysNothingOfItsSuccessor) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  for (const Status& verdict : {kRotten, kAbsent, kUnreadable}) {
    w.suspect(1);
    w.stored(block(1), 1);
    w.finish(verdict);
    ASSERT_TRUE(w.machine.find(BlockId{1}));
    EXPECT_FALSE(w.machine.find(BlockId{1})->corrupt);
  }
}

TEST(Reading, AQuarantineThatCrossedAPublicationIsFollowedByAReading) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kQuarantine, block(1))});
  w.stored(block(1), 1);
  w.finish({});
  EXPECT_TRUE(w.machine.find(BlockId{1}));
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
}

TEST(Scrubbing, ReadsEveryReplicaOnceInItsPeriodAlsoAcrossRestarts) {
  Config config = World::default_config();
  config.scrub_period = seconds(1000);
  std::map<std::uint64_t, int> read;
  Now now{{0}, {1'700'000'000'000}};
  for (int restart = 0; restart < 5; ++restart) {
    World w(config);
    w.now = now;
    std::vector<FoundReplica> replicas;
    for (std::uint64_t id = 1; id <= 50; ++id) replicas.push_back(found(id));
    w.start(replicas);
    w.register_and_report();
    for (int i = 0; i < 2000; ++i) {
      while (!w.tasks.empty()) {
        EXPECT_EQ(w.tasks.size(), 1u);
        ++read[w.tasks.front().order.block.id.value];
        w.finish({});
      }
      if (!w.messages.empty()) w.answer(w.reply_with({}));
      w.pass(milliseconds(100));
    }
    now = w.now;
  }
  EXPECT_EQ(read.size(), 50u);
  for (const auto& [id, times] : read) EXPECT_LE(times, 2) << id;
}

TEST(Volumes, HDFS_15644_OneThatFailsTakesOnlyItsOwnReplicas) {
  World w;
  w.start({found(1, 0), found(2, 1), found(3, 1, true)});
  w.register_and_report();
  w.answer(w.reply_with({}));
  w.volume_failed(1);
  w.volume_failed(1);
  EXPECT_TRUE(w.machine.find(BlockId{1}));
  EXPECT_FALSE(w.machine.find(BlockId{2}));
  const auto heartbeat = w.next_heartbeat();
  EXPECT_EQ(heartbeat.stats.failed_volumes, 1u);
  EXPECT_EQ(heartbeat.stats.replicas, 1u);
  w.answer(w.reply_with({}));
  w.stored(block(9), 1);
  EXPECT_FALSE(w.machine.find(BlockId{9})) << "the volume is out of service";
}

TEST(Volumes, HDFS_13677_AreMerged) {
  World w;
  w.start({found(1, 0), found(2, 1), found(1, 1)});
  EXPECT_EQ(w.machine.replicas(), 2u);
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 0u);
}

TEST(Purging, IsAskedForWhenTheTimeIsOver) {
  Config config = World::default_config();
  config.quarantine_keep = seconds(100);
  World w(config);
  w.start({{block(1), 0, true, seconds(90)}, {block(2), 0, true, seconds(120)}});
  w.register_and_report();
  EXPECT_EQ(w.next_heartbeat().purge_wanted, std::vector{block(2)});
  w.answer(w.reply_with({}));
  for (int i = 0; i < 150; ++i) {
    if (!w.messages.empty()) w.answer(w.reply_with({}));
    w.pass(milliseconds(100));
  }
  EXPECT_EQ(w.next_heartbeat().purge_wanted, (std::vector{block(2), block(1)}));
}

TEST(Purging, IsAskedForEarlierWhenSpaceRunsOut) {
  World w;
  w.start({{block(1), 0, true, seconds(10)}, {block(2), 0, true, seconds(20)}});
  w.register_and_report();
  EXPECT_TRUE(w.next_heartbeat().purge_wanted.empty());
  wire::NodeStats stats;
  stats.capacity = 1000;
  stats.remaining = 220;
  stats.quarantined = 200;
  w.machine.set_space(stats);
  w.answer(w.reply_with({}));
  EXPECT_EQ(w.next_heartbeat().purge_wanted, (std::vector{block(2), block(1)}));
}

// Whatever happens and in whatever order, what was reported is what is here.
TEST(News, AddsUpToWhatIsHere) {
  EXPECT_TRUE(rc::check([] {
    World w;
    w.start({found(1), found(2)});
    w.register_and_report();
    std::map<BlockId, wire::BlockInfo> told{{BlockId{1}, block(1)}, {BlockId{2}, block(2)}};
    std::uint64_t number = 1;
    const auto hear = [&] {
      for (const auto& change : w.last<wire::Heartbeat>().changes) {
        if (change.event == ReplicaEvent::kStored) {
          told[change.replica.id] = change.replica;
        } else if (change.event == ReplicaEvent::kRemoved) {
          const auto at = told.find(change.replica.id);
          if (at != told.end() && at->second == change.replica) told.erase(at);
        }
      }
    };
    const int steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
      const std::uint64_t id = *rc::gen::inRange<std::uint64_t>(1, 6);
      const wire::BlockInfo info = block(id, 100, *rc::gen::inRange(7u, 9u));
      switch (*rc::gen::inRange(0, 6)) {
        case 0:
          w.stored(info, *rc::gen::inRange(0u, 2u));
          break;
        case 1:
          w.suspect(id);
          break;
        case 2:
          if (!w.tasks.empty()) {
            w.finish(*rc::gen::element(Status(), kRotten, kUnreadable, kAbsent),
                     w.tasks.front().volume);
          }
          break;
        default:
          if (w.said<wire::Heartbeat>()) {
            const auto kind = *rc::gen::element(OrderKind::kCopy, OrderKind::kQuarantine,
                                                OrderKind::kRestore, OrderKind::kVerify);
            hear();
            w.answer(w.reply_with({order(number++, kind, info, {2})}));
          }
      }
      w.pass(milliseconds(100));
    }
    for (int i = 0; i < 100; ++i) {
      while (!w.tasks.empty()) w.finish({}, w.tasks.front().volume);
      if (w.said<wire::Heartbeat>()) {
        hear();
        w.answer(w.reply_with({}));
      }
      w.pass(milliseconds(100));
    }
    RC_ASSERT(told.size() == w.machine.replicas());
    for (const auto& replica : w.machine.all()) RC_ASSERT(told.at(replica.info.id) == replica.info);
  }));
}

}  // namespace
}  // namespace dfs::datanode
