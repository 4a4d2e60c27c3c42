#include "core/client/writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/client/write_world.h"

namespace dfs::client {
namespace {

std::string text_of(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('a' + i % 23);
  return text;
}

TEST(Writer, AFileOfOneBlockCostsTwoCalls) {
  WriteWorld world(text_of(7));
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_EQ(world.published, world.source);
  EXPECT_EQ(world.requests.size(), 2u);
  EXPECT_EQ(world.done->file.length, 7u);
}

TEST(Writer, AFileOfManyBlocksIsWholeAndCommittedOnTheWay) {
  WriteWorld world(text_of(95));
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_EQ(world.published, world.source);
  EXPECT_LT(world.asked<wire::Complete>().at(0).commit.size(), 5u);
}

TEST(Writer, AnEmptyFileHasNoBlocks) {
  for (const bool tell : {true, false}) {
    WriteWorld world("");
    world.tell_the_end = tell;
    EXPECT_TRUE(world.run(world.options()).ok());
    EXPECT_EQ(world.published, "");
    EXPECT_TRUE(world.sends.empty());
    EXPECT_TRUE(world.held.empty());
  }
}

TEST(Writer, AnExactMultipleOfTheBlockSizeHasNoEmptyBlock) {
  for (const bool tell : {true, false}) {
    WriteWorld world(text_of(30));
    world.tell_the_end = tell;
    EXPECT_TRUE(world.run(world.options()).ok());
    EXPECT_EQ(world.published, world.source);
    EXPECT_EQ(world.committed.size(), 3u);
  }
}

TEST(Writer, AKnownLengthOfNothingAsksForNoBlock) {
  WriteWorld world("");
  WriteOptions options = world.options();
  options.length = 0;
  EXPECT_TRUE(world.run(options).ok());
  EXPECT_EQ(world.asked<wire::Create>().at(0).blocks, 0u);
}

TEST(Writer, ADeadHeadCostsTheBlockANewIdAndIsLeftOut) {
  WriteWorld world(text_of(7));
  world.dead = {100 % 4 + 1};  // the head of block 100
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_EQ(world.published, world.source);
  const auto again = world.asked<wire::Allocate>();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].abandon, std::vector<BlockId>{BlockId{100}});
  EXPECT_EQ(again[0].exclude, std::vector<NodeId>{NodeId{1}});
}

TEST(Writer, AHeadThatReachesNoOtherDataNodeIsLeftOutItselfAndNotThoseThatItAccuses) {
  WriteWorld world(text_of(7));
  world.lie = [](wire::WriteReply& reply) {
    if (reply.stored.front() != NodeId{1}) return;
    reply.failed = {{NodeId{2}, {Code::kTimedOut, "Connection timed out"}},
                    {NodeId{3}, {Code::kUnavailable, "no route"}}};
    reply.stored = {NodeId{1}};
  };
  EXPECT_TRUE(world.run(world.options()).ok());
  const auto again = world.asked<wire::Allocate>();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].exclude, std::vector<NodeId>{NodeId{1}});
}

TEST(Writer, OfThoseWhoFailedTheOneThatDidSoTheLeastIsNamedFirst) {
  WriteWorld world(text_of(7));
  world.dead = {1, 2, 3, 4};  // heads in turns
  world.nobody_else = true;
  WriteOptions options = world.options();
  options.retry.limit = seconds(20);
  EXPECT_FALSE(world.run(options).ok());
  const auto again = world.asked<wire::Allocate>();
  ASSERT_GE(again.size(), 5u);
  EXPECT_EQ(again[3].exclude, (std::vector{NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}}));
  EXPECT_EQ(again[4].exclude, (std::vector{NodeId{2}, NodeId{3}, NodeId{4}, NodeId{1}}));
}

TEST(Writer, EveryTransferNamesTheDataNodeThatIsMeant) {
  WriteWorld world(text_of(60));
  EXPECT_TRUE(world.run(world.options()).ok());
  ASSERT_GT(world.sends.size(), 1u);
  for (const SendBlock& send : world.sends) EXPECT_EQ(send.header.node, send.to.node);
}

TEST(Writer, ADeadTailIsEnoughForTwoCopies) {
  WriteWorld world(text_of(7));
  world.dead = {102 % 4 + 1};
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_EQ(world.sends.size(), 1u);
  EXPECT_EQ(world.committed.at(0).stored.size(), 2u);
}

TEST(Writer, OneCopyOfThreeIsNotEnough) {
  WriteWorld world(text_of(7));
  world.dead = {2, 3, 4};
  WriteOptions options = world.options();
  options.retry.limit = seconds(20);
  const Status status = world.run(options);
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(world.published);
  EXPECT_TRUE(world.abandoned);
}

TEST(Writer, OneCopyIsEnoughForReplicationOne) {
  WriteWorld world(text_of(7));
  world.replication = 1;
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_EQ(world.published, world.source);
}

TEST(Writer, BytesThatChangedOnTheWayAreWrittenAgain) {
  WriteWorld world(text_of(7));
  int lies = 2;
  world.lie = [&](wire::WriteReply& reply) {
    if (lies-- > 0) reply.replica.crc ^= 1;
  };
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_EQ(world.published, world.source);
  EXPECT_EQ(world.sends.size(), 3u);
}

TEST(Writer, CopiesOnNodesThatWereNotAskedDoNotCount) {
  WriteWorld world(text_of(7));
  WriteOptions options = world.options();
  options.retry.limit = seconds(5);
  world.lie = [](wire::WriteReply& reply) { reply.stored = {NodeId{77}, NodeId{77}, NodeId{78}}; };
  EXPECT_FALSE(world.run(options).ok());
  EXPECT_FALSE(world.published);
}

TEST(Writer, HDFS_16146_ExcludingEverybodyIsForgottenRatherThanFailing) {
  WriteWorld world(text_of(7));
  world.nodes = 3;
  int failures = 3;
  world.lie = [&](wire::WriteReply& reply) {
    if (failures-- > 0) {
      reply.failed = {{NodeId{1}, {}}, {NodeId{2}, {}}, {NodeId{3}, {}}};
      reply.stored.clear();
    }
  };
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_EQ(world.published, world.source);
}

TEST(Writer, AFencedWriterStopsAndChangesNothing) {
  WriteWorld world(text_of(50));
  world.refuse = [](const wire::Request& request) {
    return std::holds_alternative<wire::Allocate>(request) ? Status(Code::kFenced, "/f: fenced")
                                                           : Status();
  };
  EXPECT_EQ(world.run(world.options()).code(), Code::kFenced);
  EXPECT_FALSE(world.published);
  EXPECT_FALSE(world.abandoned);
  EXPECT_TRUE(world.held.empty());
}

TEST(Writer, ARefusedCreateIsTheEnd) {
  WriteWorld world(text_of(5));
  world.refuse = [](const wire::Request&) {
    return Status(Code::kAlreadyExists, "/f: File exists");
  };
  EXPECT_EQ(world.run(world.options()).message(), "/f: File exists");
  EXPECT_EQ(world.requests.size(), 1u);
}

TEST(Writer, AnUnknownOutcomeOfCompleteStaysUnknown) {
  WriteWorld world(text_of(5));
  world.refuse = [](const wire::Request& request) {
    return std::holds_alternative<wire::Complete>(request) ? Status(Code::kUnknownOutcome, "?")
                                                           : Status();
  };
  EXPECT_EQ(world.run(world.options()), Status(Code::kUnknownOutcome, "/f: ?"));
  EXPECT_FALSE(world.abandoned);
}

TEST(Writer, AnUnknownOutcomeOfAllocateIsAFailureWithoutEffect) {
  WriteWorld world(text_of(50));
  world.refuse = [](const wire::Request& request) {
    return std::holds_alternative<wire::Allocate>(request) ? Status(Code::kUnknownOutcome, "?")
                                                           : Status();
  };
  EXPECT_EQ(world.run(world.options()).code(), Code::kTimedOut);
}

TEST(Writer, ASourceThatFailsAbandonsTheFile) {
  WriteWorld world(text_of(50));
  world.writer.emplace(world.options(), world.numbers, "test");
  WriterEffects effects;
  world.writer->start(world.now, effects);
  const auto create = std::get<CallNameNode>(effects.at(0)).call;
  effects.clear();
  world.writer->called(create, wire::CreateReply{InodeId{5}, 10, 3, seconds(60), {}}, world.now,
                       effects);
  effects.clear();
  world.writer->source_failed({Code::kIo, "disk"}, world.now, effects);
  const auto& abandon = std::get<CallNameNode>(effects.back());
  EXPECT_TRUE(std::holds_alternative<wire::Abandon>(abandon.request));
  const auto call = abandon.call;
  effects.clear();
  world.writer->called(call, wire::Empty{}, world.now, effects);
  EXPECT_EQ(std::get<WriteDone>(effects.at(0)).status.message(), "disk");
}

TEST(Writer, CancellingBeforeTheAnswerToCreateAbandonsAfterIt) {
  WriteWorld world(text_of(50));
  world.writer.emplace(world.options(), world.numbers, "test");
  WriterEffects effects;
  world.writer->start(world.now, effects);
  const auto create = std::get<CallNameNode>(effects.at(0)).call;
  effects.clear();
  world.writer->cancel(world.now, effects);
  EXPECT_TRUE(effects.empty());
  world.writer->called(create, wire::CreateReply{InodeId{5}, 10, 3, seconds(60), {}}, world.now,
                       effects);
  EXPECT_TRUE(std::holds_alternative<wire::Abandon>(std::get<CallNameNode>(effects.at(0)).request));
}

TEST(Writer, TheLeaseIsRenewedSixTimesALimit) {
  WriteWorld world(text_of(5));
  world.writer.emplace(world.options(), world.numbers, "test");
  WriterEffects effects;
  world.writer->start(world.now, effects);
  const auto create = std::get<CallNameNode>(effects.at(0)).call;
  effects.clear();
  world.writer->called(create, wire::CreateReply{InodeId{5}, 10, 3, seconds(60), {}}, world.now,
                       effects);
  const auto wake = std::get<RenewAt>(effects.back());
  EXPECT_EQ(wake.at, world.now + seconds(10));
  effects.clear();
  world.writer->wake(wake.at, effects);
  const auto& renew = std::get<CallNameNode>(effects.at(0));
  EXPECT_EQ(std::get<wire::RenewLease>(renew.request).inodes, std::vector<InodeId>{InodeId{5}});
  const auto call = renew.call;
  effects.clear();
  world.writer->called(call, wire::RenewLeaseReply{}, wake.at, effects);
  EXPECT_EQ(std::get<RenewAt>(effects.at(0)).at, wake.at + seconds(10));
}

TEST(Writer, ALostLeaseEndsTheWrite) {
  WriteWorld world(text_of(5));
  world.writer.emplace(world.options(), world.numbers, "test");
  WriterEffects effects;
  world.writer->start(world.now, effects);
  const auto create = std::get<CallNameNode>(effects.at(0)).call;
  effects.clear();
  world.writer->called(create, wire::CreateReply{InodeId{5}, 10, 3, seconds(60), {}}, world.now,
                       effects);
  const Instant at = world.now + seconds(10);
  effects.clear();
  world.writer->wake(at, effects);
  const auto call = std::get<CallNameNode>(effects.at(0)).call;
  effects.clear();
  world.writer->called(call, wire::RenewLeaseReply{{InodeId{5}}}, at, effects);
  EXPECT_EQ(std::get<WriteDone>(effects.back()).status.code(), Code::kFenced);
}

TEST(Writer, B3_ABlockThatKeepsFailingIsRetriedPatiently) {
  WriteWorld world(text_of(5));
  world.dead = {1, 2, 3, 4};
  WriteOptions options = world.options();
  options.retry.limit = seconds(60);
  EXPECT_FALSE(world.run(options).ok());
  EXPECT_LT(world.sends.size(), 60u);
  EXPECT_NE(world.done->status.message().find("/f: block 0 cannot be written"), std::string::npos);
}

TEST(Writer, WhateverFailsTheFileIsPublishedWholeOrNotAtAll) {
  EXPECT_TRUE(rc::check([] {
    WriteWorld world(text_of(*rc::gen::inRange<std::size_t>(0, 100)));
    world.block_size = *rc::gen::inRange<std::uint64_t>(1, 30);
    world.replication = *rc::gen::inRange(1u, 4u);
    world.tell_the_end = *rc::gen::arbitrary<bool>();
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Random faults = random.fork("faults");
    const std::uint64_t badness = *rc::gen::inRange<std::uint64_t>(0, 40);
    const bool refusals = *rc::gen::arbitrary<bool>();
    world.lie = [&](wire::WriteReply& reply) {
      if (faults.chance(badness, 100)) reply.replica.crc ^= 1;
      if (faults.chance(badness, 100)) reply.replica.length += 1;
      while (faults.chance(badness, 100) && !reply.stored.empty()) {
        reply.failed.push_back({reply.stored.back(), {Code::kIo, "disk"}});
        reply.stored.pop_back();
      }
    };
    world.refuse = [&](const wire::Request& request) {
      if (!refusals || !faults.chance(badness, 400)) return Status();
      const std::vector<Code> codes = {Code::kFenced, Code::kTimedOut, Code::kNotFound,
                                       Code::kSafeMode};
      return Status(codes[faults.below(codes.size())],
                    "refused: " + std::to_string(request.index()));
    };
    WriteOptions options = world.options();
    options.window = *rc::gen::inRange(1u, 5u);
    options.retry.limit = seconds(30);

    const Status status = world.run(options, random);
    RC_ASSERT(status.code() != Code::kInternal);
    RC_ASSERT(world.dones == 1);
    RC_ASSERT(status.ok() == world.published.has_value());
    if (status.ok()) RC_ASSERT(*world.published == world.source);
    RC_ASSERT(world.held.empty());
    RC_ASSERT(world.most_held <= options.window);
    std::set<BlockId> ids;
    for (const SendBlock& send : world.sends) RC_ASSERT(ids.insert(send.header.block).second);
  }));
}

}  // namespace
}  // namespace dfs::client
