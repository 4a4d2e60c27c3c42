// What no sound NameNode, DataNode or adapter says, and what is said too late: it is refused, or
// changes nothing.
#include <rapidcheck.h>

#include "core/base/crc32c.h"
#include "core/datanode/copy_task.h"
#include "core/datanode/receiver.h"
#include "core/datanode/sidecar.h"
#include "tests/datanode/datanode_world.h"
#include "tests/datanode/receiver_bench.h"

namespace dfs::datanode {
namespace {

TEST(Registration, WithAnAnswerThatNamesNoClusterNoNodeOrNoSessionIsRefused) {
  for (int lack = 0; lack < 3; ++lack) {
    World w;
    w.start();
    wire::RegisterReply reply = w.registration(1);
    if (lack == 0) reply.cluster.clear();
    if (lack == 1) reply.node = {};
    if (lack == 2) reply.session = 0;
    w.answer(reply);
    EXPECT_EQ(w.machine.trouble().code(), Code::kWrongCluster) << lack;
    EXPECT_TRUE(w.persists.empty());
  }
}

TEST(Registration, OfAnotherNumberThanLastTimeIsMadeDurableFirst) {
  World w;
  w.start({}, {"c1", NodeId{3}, w.mark});
  w.answer(w.registration(1));
  EXPECT_FALSE(w.machine.registered());
  w.persists.clear();
  w.machine.persist_failed(w.now);
  w.pass(seconds(11));
  ASSERT_EQ(w.persists.size(), 1u) << "and tried again if that fails";
  w.persist();
  EXPECT_TRUE(w.machine.registered());
  EXPECT_EQ(w.identity_on_disk.identity.node, NodeId{4});
}

TEST(Messages, AnsweredAsIfTheyHadBeenAnotherBeginASessionAnew) {
  World w;
  w.start({found(1)});
  w.answer(wire::Empty{});
  EXPECT_EQ(w.machine.trouble().message(), "the NameNode gave the answer to another question");
  w.pass(seconds(5));
  w.answer(w.registration(1));
  w.persist();

  w.next_heartbeat();
  w.answer(wire::Empty{});
  EXPECT_FALSE(w.machine.registered());
  w.pass(seconds(5));
  w.answer(w.registration(2));
  for (int i = 0; i < 100 && !w.said<wire::ReportDigests>(); ++i) {
    if (w.said<wire::Heartbeat>()) w.answer(w.reply_with({}));
    w.pass(milliseconds(100));
  }
  ASSERT_TRUE(w.said<wire::ReportDigests>());
  w.answer(wire::Empty{});
  EXPECT_FALSE(w.machine.registered());
}

TEST(Report, WhosePieceIsAnsweredAsIfItHadBeenAnotherMessageBeginsASessionAnew) {
  World w;
  w.start({found(1)});
  w.answer(w.registration(1));
  w.persist();
  while (!w.said<wire::ReportDigests>()) w.answer(w.reply_with({}));
  w.answer(wire::ReportDigestsReply{{1}});
  ASSERT_TRUE(w.said<wire::ReportPiece>());
  w.answer(w.reply_with({}));
  EXPECT_FALSE(w.machine.registered());
}

TEST(Messages, ThatTheNameNodeIsTooBusyForAreSentAgainAndTheSessionGoesOn) {
  World w;
  w.start();
  w.register_and_report();
  const wire::Heartbeat first = w.next_heartbeat();
  w.answer(Status(Code::kUnavailable, "busy"));
  EXPECT_TRUE(w.machine.registered());
  EXPECT_EQ(w.next_heartbeat(), first);
}

TEST(Messages, ThatTheNameNodeWillNeverTakeEndTheSessionAndAreNotSentAgain) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.answer(w.reply_with({}));
  w.stored(block(2));
  w.pass(seconds(1));
  ASSERT_EQ(w.last<wire::Heartbeat>().changes.size(), 1u);
  w.answer(Status(Code::kTooLarge, "too much"));
  EXPECT_FALSE(w.machine.registered());
  EXPECT_EQ(w.machine.trouble().message(), "too much");
  w.pass(seconds(5));
  w.answer(w.registration(2));
  EXPECT_TRUE(w.next_heartbeat().changes.empty()) << "the full report says it";
}

TEST(Messages, AboutRotElsewhereThatAreRefusedAreDroppedAndTheSessionGoesOn) {
  const wire::Reply busy = Status(Code::kUnavailable, "busy");
  const wire::Reply no = Status(Code::kInvalidArgument, "no");
  for (const wire::Reply& reply : {no, busy, wire::Reply(wire::HeartbeatReply())}) {
    World w;
    w.start();
    w.register_and_report();
    EffectList effects;
    w.next_heartbeat();
    w.machine.found_bad({BlockId{9}, NodeId{8}}, w.now, effects);
    w.answer(w.reply_with({}));
    for (int i = 0; i < 100 && !w.said<wire::ReportBad>(); ++i) {
      if (!w.messages.empty()) w.answer(w.reply_with({}));
      w.pass(milliseconds(100));
    }
    ASSERT_TRUE(w.said<wire::ReportBad>());
    w.answer(reply);
    EXPECT_TRUE(w.machine.registered());
    const bool again = reply == busy;
    bool told = false;
    for (int i = 0; i < 50; ++i) {
      told = told || w.said<wire::ReportBad>();
      if (w.said<wire::ReportBad>()) w.answer(wire::Empty{});
      if (w.said<wire::Heartbeat>()) w.answer(w.reply_with({}));
      w.pass(milliseconds(100));
    }
    EXPECT_EQ(told, again);
  }
}

TEST(Messages, BucketsThatDoNotExistAreNotReported) {
  World w;
  w.start({found(1)});
  w.pass(seconds(5));
  w.answer(w.registration(1));
  w.persist();
  for (int i = 0; i < 100 && !w.said<wire::ReportDigests>(); ++i) {
    if (w.said<wire::Heartbeat>()) w.answer(w.reply_with({}));
    w.pass(milliseconds(100));
  }
  w.answer(wire::ReportDigestsReply{{wire::kReportBuckets, UINT64_MAX}});
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(w.said<wire::ReportPiece>());
    if (!w.messages.empty()) w.answer(w.reply_with({}));
    w.pass(milliseconds(100));
  }
}

TEST(Machine, TakesNoNoticeOfWhatItDidNotAskFor) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.next_heartbeat();
  EffectList effects;
  w.machine.persisted(w.now, effects);
  w.machine.task_done(77, {}, 0, w.now, effects);
  w.machine.answered(999, w.reply_with({order(1, OrderKind::kVerify, block(1))}), w.now, effects);
  EXPECT_TRUE(effects.empty());
  EXPECT_TRUE(w.machine.registered());
  EXPECT_EQ(w.machine.replicas(), 1u);
}

TEST(Machine, SaysNothingBeforeItIsStarted) {
  World w;
  EffectList effects;
  w.machine.tick(w.now, effects);
  w.machine.unanswered(1, w.now, effects);
  EXPECT_TRUE(effects.empty());
}

TEST(Machine, ForgetsWhatWasBeingReadOrMovedOnAVolumeThatFailed) {
  for (const OrderKind kind : {OrderKind::kVerify, OrderKind::kQuarantine}) {
    World w;
    w.start({found(1)});
    w.register_and_report();
    w.order({order(1, kind, block(1))});
    w.volume_failed(0);
    w.finish(kUnreadable);
    EXPECT_FALSE(w.machine.find(BlockId{1}));
    EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kRemoved});
  }
}

TEST(Spare, OfOtherContentThatTakesAReplicasPlaceIsToldOf) {
  World w;
  w.start({found(1, 0), {block(1, 100, 8), 1, false, {}}});
  w.finish(kRotten);
  EXPECT_EQ(w.machine.find(BlockId{1})->info, block(1, 100, 8));
  w.register_and_report();
  EXPECT_EQ(events_of(w.changes, 1),
            (std::vector{ReplicaEvent::kRemoved, ReplicaEvent::kStored, ReplicaEvent::kUnread}))
      << "it is not read yet";
}

TEST(Spare, ThatIsSoundIsPreferredAmongSeveral) {
  World w;
  w.start({found(1, 0), found(1, 1), found(1, 2)});
  w.finish(kRotten);  // volume 1 takes the place, volume 0 is a rotten spare
  ASSERT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  w.finish(kRotten);
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 2u);
  EXPECT_FALSE(w.machine.find(BlockId{1})->corrupt);
}

TEST(Orders, ThatAreRefusedTwiceHaveOneResult) {
  World w;
  w.start({found(1)}, {"c1", NodeId{4}, {2, 0, 0}});
  w.register_and_report();
  const auto purge = order(1, OrderKind::kPurge, block(1));
  w.order({purge, purge});
  EXPECT_TRUE(w.tasks.empty());
  const wire::Heartbeat heartbeat = w.next_heartbeat();
  ASSERT_EQ(heartbeat.results.size(), 1u);
  EXPECT_EQ(heartbeat.results[0].status.code(), Code::kReadOnly);
}

TEST(Orders, BeyondWhatCanWaitAreRefused) {
  World w;
  w.start();
  w.register_and_report();
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 10'005; ++i) {
    orders.push_back(order(i, OrderKind::kCopy, block(1000 + i), {2}));
  }
  w.order(orders);
  std::set<std::uint64_t> refused;
  for (const auto& result : w.next_heartbeat().results) {
    EXPECT_EQ(result.status.code(), Code::kUnavailable);
    refused.insert(result.order);
  }
  EXPECT_EQ(refused, (std::set<std::uint64_t>{10'001, 10'002, 10'003, 10'004, 10'005}));
}

TEST(Orders, BeyondWhatCanWaitForTheHistoryMarkAreRefused) {
  World w;
  w.start();
  w.register_and_report();
  w.mark.applied = 11;
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 10'005; ++i) {
    orders.push_back(order(i, OrderKind::kCopy, block(1000 + i), {2}));
  }
  w.next_heartbeat();
  w.answer(w.reply_with(orders));
  ASSERT_EQ(w.persists.size(), 1u) << "… and it takes its time";
  std::set<std::uint64_t> refused;
  for (const auto& result : w.next_heartbeat().results) {
    EXPECT_EQ(result.status.code(), Code::kUnavailable);
    refused.insert(result.order);
  }
  EXPECT_EQ(refused, (std::set<std::uint64_t>{10'001, 10'002, 10'003, 10'004, 10'005}));
  EXPECT_TRUE(w.tasks.empty());
  w.persist();
  EXPECT_EQ(w.tasks.size(), 4u);
}

TEST(Orders, ToRestoreWhatIsHereButNotSoundAreRefused) {
  for (const Status& verdict : {kRotten, kUnreadable}) {
    World w;
    w.start({found(1)});
    w.register_and_report();
    w.suspect(1);
    w.finish(verdict);
    w.order({order(1, OrderKind::kRestore, block(1))});
    EXPECT_EQ(w.result_of(1)->code(), Code::kCorrupt);
  }
}

TEST(Quarantine, IsKeptWhileThereIsSpace) {
  World w;
  w.start({found(1, 0, true)});
  w.register_and_report();
  wire::NodeStats stats;
  stats.capacity = 1000;
  stats.quarantined = 100;
  stats.remaining = 600;
  w.machine.set_space(stats);
  for (int i = 0; i < 2; ++i) {  // one was under way
    EXPECT_TRUE(w.next_heartbeat().purge_wanted.empty());
    w.answer(w.reply_with({}));
  }
  stats.remaining = 120;  // a fifth of a tenth without what can be purged
  w.machine.set_space(stats);
  EXPECT_EQ(w.next_heartbeat().purge_wanted, std::vector{block(1)});
}

TEST(Receiver, WordsThatComeTooLateOrTooSoonChangeNothing) {
  ReceiverEffects effects;
  Receiver receiver = begun(header_to({2}, 2), effects);
  effects.clear();
  receiver.published(effects);  // nothing is, yet
  receiver.data({}, effects);
  receiver.downstream_replied({}, effects);
  EXPECT_TRUE(effects.empty());
  receiver.data(as_bytes("ab"), effects);
  receiver.end(effects);
  effects.clear();
  receiver.data(as_bytes("c"), effects);
  receiver.end(effects);
  receiver.sender_failed({Code::kIo, "x"}, effects);
  EXPECT_TRUE(effects.empty());
  receiver.downstream_failed({Code::kUnavailable, "away"}, effects);
  receiver.downstream_failed({Code::kUnavailable, "away"}, effects);
  EXPECT_TRUE(effects.empty()) << "its own replica is not published yet";
  EXPECT_FALSE(receiver.done());
  receiver.published(effects);
  ASSERT_TRUE(std::holds_alternative<ReceiverDone>(effects.back()));
  EXPECT_EQ(std::get<ReceiverDone>(effects.back()).reply.failed.size(), 1u);
  EXPECT_TRUE(receiver.done());
  effects.clear();
  receiver.published(effects);
  receiver.data(as_bytes("c"), effects);
  receiver.end(effects);
  receiver.sender_failed({Code::kIo, "x"}, effects);
  receiver.disk_failed({Code::kIo, "x"}, effects);
  receiver.downstream_failed({Code::kIo, "x"}, effects);
  receiver.downstream_replied({}, effects);
  EXPECT_TRUE(effects.empty());
}

TEST(Receiver, ANextNodeThatStoredTheBlockAndDoesNotNameItselfIsNotBelieved) {
  ReceiverEffects effects;
  Receiver receiver = given("ab", header_to({2}, 2), effects);
  receiver.downstream_replied({{BlockId{5}, 2, crc32c(as_bytes("ab"))}, {}, {}}, effects);
  receiver.published(effects);
  const auto& reply = std::get<ReceiverDone>(effects.back()).reply;
  EXPECT_EQ(reply.stored, std::vector{NodeId{1}});
  ASSERT_EQ(reply.failed.size(), 1u);
  EXPECT_EQ(reply.failed[0].status.code(), Code::kCorrupt);
}

TEST(Receiver, ATargetNamedTwiceIsRefusedWhereverItStands) {
  ReceiverEffects effects;
  Receiver(header_to({2, 3, 4, 2}, 1), NodeId{1}).start(effects);
  EXPECT_EQ(std::get<ReceiverDone>(effects.at(0)).status.code(), Code::kInvalidArgument);
}

TEST(Copy, WordsThatComeTooLateOrTooSoonChangeNothing) {
  wire::Order wanted = order(1, OrderKind::kCopy, {BlockId{5}, 4, crc32c(as_bytes("abcd"))}, {2});
  CopyTask task(wanted, "c1", {});
  CopyEffects effects;
  task.start(Instant{}, effects);
  const std::uint64_t fetch = std::get<client::Fetch>(effects.back()).fetch;
  effects.clear();
  task.published(effects);  // nothing is, yet
  EXPECT_TRUE(effects.empty());
  const std::uint32_t crc = crc32c(as_bytes("abcd"));
  task.fetched(fetch, {wanted.block, 0, 4}, {&crc, 1}, as_bytes("abcd"), Instant{}, effects);
  ASSERT_TRUE(std::holds_alternative<Publish>(effects.back()));
  effects.clear();
  task.tick(Instant{seconds(100).us}, effects);
  EXPECT_TRUE(effects.empty());
  task.published(effects);
  EXPECT_TRUE(std::get<CopyDone>(effects.back()).status.ok());
  effects.clear();
  task.fetched(fetch, {}, {}, {}, Instant{}, effects);
  task.fetch_failed(fetch, {Code::kIo, "x"}, Instant{}, effects);
  task.tick(Instant{}, effects);
  task.published(effects);
  task.disk_failed({Code::kIo, "x"}, effects);
  EXPECT_TRUE(effects.empty());
}

// The head of a sidecar with these numbers, and a checksum that is right.
std::vector<std::uint8_t> head_of(BlockId block, std::uint64_t length, std::uint64_t granules,
                                  std::uint64_t chunks) {
  std::vector<std::uint8_t> head =
      encode_sidecar({{BlockId{1}, 0, 0}, "c1", InodeId{2}, 0, "/a", {}, {}});
  put_le64(head.data() + 8, block.value);
  put_le64(head.data() + 16, length);
  put_le32(head.data() + 44, static_cast<std::uint32_t>(granules));
  put_le32(head.data() + 48, static_cast<std::uint32_t>(chunks));
  const std::size_t size = 60 + 2 + 2;
  put_le32(head.data() + size, crc32c(Bytes(head).first(size)));
  return head;
}

TEST(Sidecar, WhoseNumbersContradictEachOtherIsCorrupt) {
  EXPECT_TRUE(decode_sidecar_head(head_of(BlockId{7}, 513, 1, 2)).ok());
  constexpr std::uint64_t kTooLong = kMaxBlockBytes + 1;
  for (const auto& head : {head_of(BlockId{}, 513, 1, 2), head_of(BlockId{7}, 513, 2, 2),
                           head_of(BlockId{7}, 513, 1, 1),
                           head_of(BlockId{7}, kTooLong, wire::granules_of(kTooLong),
                                   kTooLong / wire::kChunkBytes + 1)}) {
    EXPECT_EQ(decode_sidecar_head(head).status().message(), "sidecar: malformed head");
  }
}

TEST(Sidecar, CutsAHintThatIsNoTextToNothing) {
  Sidecar sidecar{{BlockId{1}, 0, 0}, "c1", InodeId{2}, 0, std::string(10'000, '\x80'), {}, {}};
  EXPECT_EQ(decode_sidecar_head(encode_sidecar(sidecar))->path_hint, "");
}

}  // namespace
}  // namespace dfs::datanode
