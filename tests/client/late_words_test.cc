// What no sound NameNode says, and what is said too late: it ends the work with an error that names
// the file, or changes nothing.
#include <gtest/gtest.h>

#include "core/client/reader.h"
#include "core/client/writer.h"
#include "tests/client/block_world.h"

namespace dfs::client {
namespace {

const Instant kNow{seconds(10).us};

// A Writer whose NameNode and DataNodes are the test itself.
struct WriterAlone {
  explicit WriterAlone(WriteOptions options = {}) {
    options.path = "/f";
    writer.emplace(options, numbers, "test");
    writer->start(kNow, effects);
  }
  template <class T>
  T take() {
    for (auto at = effects.begin(); at != effects.end(); ++at) {
      if (T* found = std::get_if<T>(&*at)) {
        T taken = std::move(*found);
        effects.erase(at);
        return taken;
      }
    }
    ADD_FAILURE() << "no such effect";
    return {};
  }
  template <class T>
  T asked() {
    const auto call = take<CallNameNode>();
    last_call = call.call;
    return std::get<T>(call.request);
  }
  void answer(wire::Reply reply) { writer->called(last_call, std::move(reply), kNow, effects); }
  // Created, with this block granted.
  void open(const wire::AllocatedBlock& block) {
    (void)asked<wire::Create>();
    answer(wire::CreateReply{InodeId{5}, 10, 2, seconds(60), {block}});
  }
  Status end() { return take<WriteDone>().status; }
  void expect_silence() { EXPECT_TRUE(effects.empty()) << effects.size(); }

  RequestNumbers numbers{"00112233445566778899aabbccddeeff", "ann"};
  std::optional<Writer> writer;
  WriterEffects effects;
  std::uint64_t last_call = 0;
};

wire::AllocatedBlock granted(std::uint64_t id, const std::vector<std::uint64_t>& nodes) {
  wire::AllocatedBlock block;
  block.block = BlockId{id};
  for (const std::uint64_t node : nodes) block.targets.push_back(node_address(node));
  return block;
}

TEST(WriterAlone, AsksForAsManyBlocksAtOnceAsAKnownLengthAndItsWindowAllow) {
  for (const auto& [length, blocks] : std::map<std::uint64_t, std::uint32_t>{
           {1, 1}, {10, 1}, {11, 2}, {30, 3}, {31, 3}, {1000, 3}}) {
    WriteOptions options;
    options.length = length;
    options.block_size = 10;
    options.window = 3;
    WriterAlone alone(options);
    EXPECT_EQ(alone.asked<wire::Create>().blocks, blocks) << length;
  }
}

TEST(WriterAlone, AsksForOneBlockWhereTheServersBlockSizeIsNotKnownYet) {
  WriteOptions options;
  options.length = 1000;
  options.window = 3;
  WriterAlone alone(options);
  EXPECT_EQ(alone.asked<wire::Create>().blocks, 1u);
}

TEST(WriterAlone, ARenewalThatFailsIsMadeAgainAndTheWritingGoesOn) {
  WriterAlone alone;
  alone.open(granted(1, {1, 2}));
  for (int i = 0; i < 3; ++i) {
    const Instant due = alone.take<RenewAt>().at;
    alone.effects.clear();
    alone.writer->wake(due, alone.effects);
    EXPECT_EQ(alone.asked<wire::RenewLease>().inodes, std::vector{InodeId{5}});
    alone.writer->called(alone.last_call, Status(Code::kUnavailable, "busy"), due, alone.effects);
  }
  alone.writer->source_ready(0, 7, true, kNow, alone.effects);
  EXPECT_EQ(alone.take<SendBlock>().header.block, BlockId{1});
}

TEST(WriterAlone, AnAnswerToCreateThatMakesNoSenseIsTheEnd) {
  for (const wire::Reply& reply :
       {wire::Reply(wire::Empty{}), wire::Reply(wire::CreateReply{InodeId{5}, 0, 3, {}, {}})}) {
    WriterAlone alone;
    (void)alone.asked<wire::Create>();
    alone.answer(reply);
    EXPECT_EQ(alone.end().message(), "/f: the NameNode's answer to create makes no sense");
    alone.expect_silence();
  }
}

TEST(WriterAlone, AnAnswerToAllocateThatMakesNoSenseAbandonsTheFile) {
  for (const wire::Reply& reply :
       {wire::Reply(wire::Empty{}), wire::Reply(wire::AllocateReply{})}) {
    WriterAlone alone;
    alone.open(granted(1, {1, 2}));
    alone.writer->source_ready(0, 10, false, kNow, alone.effects);
    alone.writer->transfer_failed(alone.take<SendBlock>().transfer, {Code::kIo, "x"}, kNow,
                                  alone.effects);
    EXPECT_EQ(alone.asked<wire::Allocate>().exclude, std::vector{NodeId{1}});
    alone.answer(reply);
    EXPECT_EQ(alone.asked<wire::Abandon>().inode, InodeId{5});
    alone.answer(wire::Empty{});
    EXPECT_EQ(alone.end().message(), "/f: the NameNode's answer to allocate makes no sense");
  }
}

// With two copies there is one to accuse at a time.
TEST(WriterAlone, AHeadThatAccusesOneAfterTheOtherIsLeftOutInsteadOfThem) {
  WriterAlone alone;
  alone.open(granted(1, {1, 2}));
  alone.writer->source_ready(0, 7, true, kNow, alone.effects);
  const auto unheard = [&alone](std::uint64_t block, std::uint64_t accused) {
    wire::WriteReply reply{{BlockId{block}, 7, 1}, {NodeId{1}}, {}};
    reply.failed = {{NodeId{accused}, {Code::kTimedOut, "no answer in time"}}};
    alone.writer->transferred(alone.take<SendBlock>().transfer, 1, reply, kNow, alone.effects);
  };
  unheard(1, 2);
  EXPECT_EQ(alone.asked<wire::Allocate>().exclude, std::vector{NodeId{2}});
  alone.answer(wire::AllocateReply{{granted(2, {1, 3})}});
  std::erase_if(alone.effects,
                [](const WriterEffect& effect) { return std::holds_alternative<RenewAt>(effect); });
  unheard(2, 3);
  alone.writer->wake(alone.take<RenewAt>().at, alone.effects);
  EXPECT_EQ(alone.asked<wire::Allocate>().exclude, std::vector{NodeId{1}});
}

TEST(WriterAlone, AnAnswerToCompleteThatMakesNoSenseLeavesTheOutcomeUnknown) {
  WriterAlone alone;
  alone.open(granted(1, {1, 2}));
  alone.writer->source_ready(0, 0, false, kNow, alone.effects);  // an empty file
  (void)alone.asked<wire::Complete>();
  alone.answer(wire::Empty{});
  EXPECT_EQ(alone.end().code(), Code::kUnknownOutcome);
}

TEST(WriterAlone, ABlockThatWasGrantedWithoutDataNodesIsAskedForAgain) {
  for (const bool rotten : {false, true}) {
    WriterAlone alone;
    alone.open(granted(1, {}));
    alone.writer->source_ready(0, 7, true, kNow, alone.effects);
    const std::uint64_t transfer = alone.take<SendBlock>().transfer;
    if (rotten) {
      alone.writer->transferred(transfer, 1, {{BlockId{1}, 7, 2}, {}, {}}, kNow, alone.effects);
    } else {
      alone.writer->transfer_failed(transfer, {Code::kUnavailable, "x"}, kNow, alone.effects);
    }
    const auto again = alone.asked<wire::Allocate>();
    EXPECT_EQ(again.abandon, std::vector{BlockId{1}});
    EXPECT_TRUE(again.exclude.empty());
  }
}

TEST(WriterAlone, WhatComesAfterItsFailureChangesNothing) {
  WriterAlone alone;
  alone.open(granted(1, {1, 2}));
  alone.writer->source_ready(0, 10, false, kNow, alone.effects);
  const std::uint64_t transfer = alone.take<SendBlock>().transfer;
  alone.writer->source_failed({Code::kIo, "the source is gone"}, kNow, alone.effects);
  (void)alone.asked<wire::Abandon>();
  alone.effects.clear();
  alone.writer->source_ready(1, 10, false, kNow, alone.effects);
  alone.writer->source_failed({Code::kIo, "again"}, kNow, alone.effects);
  alone.writer->transferred(transfer, 1, {}, kNow, alone.effects);
  alone.writer->transfer_failed(transfer, {Code::kIo, "x"}, kNow, alone.effects);
  alone.writer->called(0, wire::Empty{}, kNow, alone.effects);
  alone.writer->called(999, wire::Empty{}, kNow, alone.effects);
  alone.writer->wake(kNow + seconds(100), alone.effects);
  alone.expect_silence();
  alone.answer(wire::Empty{});
  EXPECT_EQ(alone.end().message(), "the source is gone");
  alone.answer(wire::Empty{});
  alone.expect_silence();
}

TEST(WriterAlone, AnEndOfATransferThatIsNotOutChangesNothing) {
  WriterAlone alone;
  alone.open(granted(1, {1, 2}));
  alone.writer->source_ready(0, 10, false, kNow, alone.effects);
  alone.effects.clear();
  alone.writer->transferred(99, 1, {}, kNow, alone.effects);
  alone.writer->transfer_failed(99, {Code::kIo, "x"}, kNow, alone.effects);
  alone.expect_silence();
}

// A Reader whose NameNode and DataNodes are the test itself; the file has blocks of 100 bytes.
struct ReaderAlone {
  explicit ReaderAlone(ReadOptions options = {}) {
    options.path = "/f";
    reader.emplace(options, "test");
    reader->start(kNow, effects);
  }
  // Answers the last question.
  void answer(const wire::Reply& reply) {
    std::uint64_t call = 0;
    for (const ReaderEffect& effect : effects) {
      if (const auto* asked = std::get_if<CallNameNode>(&effect)) call = asked->call;
    }
    effects.clear();
    reader->called(call, reply, now, effects);
  }
  static wire::LocateReply page(std::uint64_t length, const std::vector<std::uint64_t>& offsets) {
    wire::LocateReply reply;
    reply.status.inode = InodeId{7};
    reply.status.length = length;
    for (const std::uint64_t offset : offsets) {
      reply.blocks.push_back({{BlockId{100 + offset}, 100, 1}, offset, 100, {node_address(1)}});
    }
    return reply;
  }
  [[nodiscard]] Status end() const {
    if (effects.empty()) return {Code::kOk, ""};
    const auto* done = std::get_if<ReadDone>(&effects.back());
    return done == nullptr ? Status() : done->status;
  }
  [[nodiscard]] std::vector<Fetch> fetches() const {
    std::vector<Fetch> found;
    for (const ReaderEffect& effect : effects) {
      if (const auto* fetch = std::get_if<Fetch>(&effect)) found.push_back(*fetch);
    }
    return found;
  }
  // Fails the one fetch and waits until the block's place is asked for anew.
  void ask_anew() {
    const Fetch fetch = fetches().at(0);
    effects.clear();
    reader->fetch_failed(fetch.fetch, {Code::kUnavailable, "away"}, now, effects);
    now = std::get<WakeAt>(effects.back()).at;
    effects.clear();
    reader->wake(now, effects);
  }

  Instant now = kNow;
  std::optional<Reader> reader;
  ReaderEffects effects;
};

TEST(ReaderAlone, AnAnswerThatMakesNoSenseIsTheEnd) {
  ReaderAlone first;
  first.answer(wire::Empty{});
  EXPECT_EQ(first.end().message(), "/f: the NameNode's answer makes no sense");

  ReaderAlone anew;
  anew.answer(ReaderAlone::page(100, {0}));
  anew.ask_anew();
  anew.answer(wire::Empty{});
  EXPECT_EQ(anew.end().message(), "/f: the NameNode's answer makes no sense");
}

TEST(ReaderAlone, ABlockThatIsNotOfTheFileAnyMoreIsReplaced) {
  ReaderAlone alone;
  alone.answer(ReaderAlone::page(100, {0}));
  alone.ask_anew();
  alone.answer(ReaderAlone::page(100, {}));
  EXPECT_EQ(alone.end().code(), Code::kReplaced);

  ReaderAlone refused;
  refused.answer(ReaderAlone::page(100, {0}));
  refused.ask_anew();
  refused.answer(Status(Code::kReplaced, "/f: gone"));
  EXPECT_EQ(refused.end().message(), "/f: gone");
}

TEST(ReaderAlone, AnotherInodeUnderTheSamePathIsReplaced) {
  ReadOptions options;
  options.window = 3;
  ReaderAlone alone(options);
  alone.answer(ReaderAlone::page(200, {0}));
  wire::LocateReply other = ReaderAlone::page(200, {100});
  other.status.inode = InodeId{8};
  alone.answer(other);
  EXPECT_EQ(alone.end().code(), Code::kReplaced);
}

TEST(ReaderAlone, BlocksBeyondTheRangeAreNotFetched) {
  ReadOptions options;
  options.length = 100;
  options.window = 3;
  ReaderAlone alone(options);
  alone.answer(ReaderAlone::page(300, {0, 100, 200}));
  EXPECT_EQ(alone.fetches().size(), 1u);
}

TEST(ReaderAlone, AListOfBlocksThatCannotBeIsRefused) {
  wire::LocateReply longer = ReaderAlone::page(100, {0});
  longer.blocks[0].visible_length = 101;
  wire::LocateReply again = ReaderAlone::page(200, {0, 0});
  for (const wire::LocateReply& page : {longer, again, ReaderAlone::page(150, {0, 50}),
                                        ReaderAlone::page(100, {1}), ReaderAlone::page(100, {})}) {
    ReaderAlone alone;
    alone.answer(page);
    EXPECT_EQ(alone.end().code(), Code::kInternal);
  }
}

TEST(ReaderAlone, ABlockTooLargeToBeOneIsTheEndAtOnce) {
  wire::LocateReply page = ReaderAlone::page(100, {0});
  page.blocks[0].block.length = kMaxBlockBytes + 1;
  ReaderAlone alone;
  alone.answer(page);
  EXPECT_EQ(alone.end().code(), Code::kTooLarge);
}

TEST(ReaderAlone, WhatComesAfterTheEndChangesNothing) {
  ReaderAlone alone;
  alone.answer(ReaderAlone::page(100, {0}));
  const Fetch fetch = alone.fetches().at(0);
  alone.reader->called(0, wire::Empty{}, kNow, alone.effects);
  alone.reader->called(999, wire::Empty{}, kNow, alone.effects);
  alone.ask_anew();
  alone.answer(Status(Code::kReplaced, "/f: gone"));
  ASSERT_EQ(alone.end().code(), Code::kReplaced);
  alone.effects.clear();
  alone.reader->called(1, wire::Empty{}, kNow, alone.effects);
  alone.reader->fetched(fetch.fetch, {}, {}, {}, kNow, alone.effects);
  alone.reader->fetch_failed(fetch.fetch, {Code::kIo, "x"}, kNow, alone.effects);
  alone.reader->wake(kNow + seconds(100), alone.effects);
  EXPECT_TRUE(alone.effects.empty());
}

TEST(ReaderAlone, WhileItsReportOfRotIsOutOtherAnswersChangeNothingAndItsPatienceEnds) {
  ReadOptions options;
  options.window = 1;
  ReaderAlone alone(options);
  alone.answer(ReaderAlone::page(200, {0}));
  const Fetch fetch = alone.fetches().at(0);
  // The next page is out when the DataNode admits rot and everything fails.
  std::uint64_t page_call = 0;
  for (const ReaderEffect& effect : alone.effects) {
    if (const auto* asked = std::get_if<CallNameNode>(&effect)) page_call = asked->call;
  }
  alone.effects.clear();
  alone.reader->fetch_failed(fetch.fetch, {Code::kCorrupt, "rot"}, alone.now, alone.effects);
  ASSERT_TRUE(std::holds_alternative<CallNameNode>(alone.effects.at(0)));
  alone.effects.clear();
  alone.reader->called(page_call, Status(Code::kReplaced, "/f: gone"), alone.now, alone.effects);
  EXPECT_TRUE(alone.end().ok()) << "its report is out";
  alone.effects.clear();
  alone.reader->called(page_call, wire::Empty{}, alone.now, alone.effects);
  EXPECT_TRUE(alone.effects.empty());
  alone.reader->wake(alone.now + seconds(5), alone.effects);
  EXPECT_EQ(alone.end().code(), Code::kReplaced);
}

TEST(BlockReader, ReportsAReplicaOnceHoweverOftenItProvesRotten) {
  BlockWorld world(3 * kGranule, 7);
  BlockReaderOptions options;
  options.fetch_bytes = kGranule;
  options.parallel = 3;
  BlockReader reader(world.block, {node_address(1), node_address(2)}, "test", 0, 3 * kGranule,
                     options);
  BlockReaderEffects effects;
  reader.start({}, effects);
  const BlockReaderEffects fetches = std::exchange(effects, {});
  int from_one = 0;
  for (const BlockReaderEffect& effect : fetches) {
    const Fetch& fetch = std::get<Fetch>(effect);
    if (fetch.from.node != NodeId{1}) continue;
    ++from_one;
    reader.fetch_failed(fetch.fetch, {Code::kCorrupt, "rot"}, {}, effects);
  }
  ASSERT_EQ(from_one, 2);
  const auto reports = std::ranges::count_if(
      effects, [](const auto& effect) { return std::holds_alternative<FoundBad>(effect); });
  EXPECT_EQ(reports, 1);
}

TEST(BlockReader, WordsThatComeAfterTheEndOrTwiceChangeNothing) {
  BlockWorld world(3 * kGranule, 7);
  BlockReaderOptions options;
  options.fetch_bytes = kGranule;
  options.parallel = 2;
  BlockReader reader(world.block, {node_address(1)}, "test", 0, 3 * kGranule, options);
  BlockReaderEffects effects;
  reader.start({}, effects);
  ASSERT_EQ(effects.size(), 2u);
  const std::uint64_t one = std::get<Fetch>(effects[0]).fetch;
  const std::uint64_t two = std::get<Fetch>(effects[1]).fetch;
  effects.clear();
  reader.fetch_failed(two, {Code::kCorrupt, "rot"}, {}, effects);
  EXPECT_TRUE(std::holds_alternative<BlockDone>(effects.back()));
  effects.clear();
  reader.fetch_failed(one, {Code::kCorrupt, "rot"}, {}, effects);
  reader.fetched(one, {}, {}, {}, {}, effects);
  reader.fetched(99, {}, {}, {}, {}, effects);
  reader.fetch_failed(two, {Code::kIo, "x"}, {}, effects);
  reader.tick(kNow, effects);
  EXPECT_TRUE(effects.empty());
}

}  // namespace
}  // namespace dfs::client
