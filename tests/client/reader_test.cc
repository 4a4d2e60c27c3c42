#include "core/client/reader.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/client/block_world.h"

namespace dfs::client {
namespace {

// A file of several blocks, its NameNode, and the owner of a Reader.
class ReadWorld {
 public:
  struct Block {
    BlockWorld world;
    std::uint64_t visible = 0;
    std::vector<std::uint64_t> hidden;  // replicas that the NameNode does not tell of yet
  };

  explicit ReadWorld(std::vector<std::uint64_t> lengths, int replicas = 2) {
    for (std::uint64_t length : lengths) {
      Block& block = blocks.emplace_back(Block{BlockWorld(length, blocks.size()), length, {}});
      block.world.block.id = BlockId{100 + blocks.size()};
      for (int i = 0; i < replicas; ++i) block.world.add_replica();
    }
  }

  std::deque<Block> blocks;
  std::size_t page_size = 1000;
  InodeId inode{7};
  std::uint64_t hung = 0;  // this node answers nothing
  bool replaced = false;   // the version is gone
  std::function<void(const wire::Locate&)> on_locate;
  std::function<void()> on_delivery;
  Instant now{seconds(50).us};

  std::vector<wire::Locate> locates;
  std::vector<wire::BadReplica> reported;
  std::map<std::uint64_t, std::uint8_t> bytes;
  bool twice = false;
  int opened = 0;
  std::optional<Status> done;
  std::optional<Reader> reader;

  [[nodiscard]] std::vector<std::uint8_t> content() const {
    std::vector<std::uint8_t> all;
    for (const Block& block : blocks) {
      all.insert(all.end(), block.world.content.begin(),
                 block.world.content.begin() + static_cast<std::ptrdiff_t>(block.visible));
    }
    return all;
  }
  [[nodiscard]] bool delivered(std::uint64_t offset, std::uint64_t length) const {
    return !twice && bytes.size() == length &&
           (length == 0 || (bytes.begin()->first == offset && right()));
  }
  [[nodiscard]] bool right() const {
    const auto all = content();
    return std::ranges::all_of(bytes, [&](const auto& b) { return all.at(b.first) == b.second; });
  }

  ReadOptions options() const {
    ReadOptions options;
    options.path = "/f";
    options.block.fetch_bytes = kGranule;
    return options;
  }

  Status run(ReadOptions options, Random random = Random(1)) {
    reader.emplace(std::move(options), "test");
    ReaderEffects effects;
    reader->start(now, effects);
    take(effects);
    while (!done && step(random)) {
    }
    return done.value_or(Status(Code::kInternal, "stuck"));
  }

  bool step(Random& random) {
    ReaderEffects effects;
    if (queue.empty()) {
      if (wakes.empty()) return false;
      now = std::max(now, *wakes.begin());
      wakes.erase(wakes.begin());
      reader->wake(now, effects);
      take(effects);
      return true;
    }
    const std::size_t index = random.below(queue.size());
    const ReaderEffect effect = queue[index];
    queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(index));
    Answer answer;
    if (const auto* call = std::get_if<CallNameNode>(&effect)) {
      reader->called(call->call, reply_to(call->request), now, effects);
    } else if (const auto* fetch = std::get_if<Fetch>(&effect)) {
      if (fetch->from.node.value == hung) return true;
      answer = blocks.at(fetch->header.block.id.value - 101)
                   .world.replicas.at(fetch->from.node.value)
                   .serve(fetch->header);
      if (answer.status.ok()) {
        reader->fetched(fetch->fetch, answer.header, answer.crcs, answer.data, now, effects);
      } else {
        reader->fetch_failed(fetch->fetch, answer.status, now, effects);
      }
    }
    take(effects);
    return true;
  }

  std::vector<ReaderEffect> queue;
  std::multiset<Instant> wakes;

 private:
  void take(ReaderEffects& effects) {
    for (ReaderEffect& effect : effects) {
      if (const auto* wake = std::get_if<WakeAt>(&effect)) {
        wakes.insert(wake->at);
      } else if (std::holds_alternative<FileOpened>(effect)) {
        ++opened;
      } else if (const auto* finished = std::get_if<ReadDone>(&effect)) {
        done = finished->status;
      } else if (const auto* piece = std::get_if<DeliverFile>(&effect)) {
        for (std::size_t i = 0; i < piece->data.size(); ++i) {
          twice = !bytes.emplace(piece->offset + i, piece->data[i]).second || twice;
        }
        if (on_delivery) on_delivery();
      } else {
        queue.push_back(std::move(effect));
      }
    }
  }

  wire::Reply reply_to(const wire::Request& request) {
    if (const auto* report = std::get_if<wire::ReportBad>(&request)) {
      reported.insert(reported.end(), report->replicas.begin(), report->replicas.end());
      return wire::Empty{};
    }
    const wire::Locate& asked = std::get<wire::Locate>(request);
    locates.push_back(asked);
    if (on_locate) on_locate(asked);
    if (asked.inode && replaced) return Status(Code::kReplaced, "/f: file was replaced");
    wire::LocateReply reply;
    reply.status.inode = asked.inode ? asked.inode : inode;
    reply.status.length = content().size();
    std::uint64_t at = 0;
    for (const Block& block : blocks) {
      const bool wanted = at + block.visible > asked.offset &&
                          (asked.length > block.visible * 1000 || at < asked.offset + asked.length);
      if (wanted && reply.blocks.size() < page_size) {
        auto locations = block.world.locations();
        std::erase_if(locations, [&](const wire::NodeAddress& address) {
          return std::ranges::find(block.hidden, address.node.value) != block.hidden.end();
        });
        reply.blocks.push_back({block.world.block, at, block.visible, std::move(locations)});
      } else if (wanted) {
        reply.more = true;
      }
      at += block.visible;
    }
    return reply;
  }
};

TEST(Reader, ReadsAFileOfManyBlocksAndPagesExactly) {
  ReadWorld world({3 * kGranule, kGranule, 100, 2 * kGranule + 5});
  world.page_size = 2;
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_EQ(world.opened, 1);
  EXPECT_TRUE(world.delivered(0, 6 * kGranule + 105));
  ASSERT_EQ(world.locates.size(), 2u);
  EXPECT_EQ(world.locates[0].path, "/f");
}

TEST(Reader, G4_AsksByInodeAfterTheFirstTime) {
  ReadWorld world({100, 100, 100});
  world.page_size = 1;
  EXPECT_TRUE(world.run(world.options()).ok());
  for (std::size_t i = 1; i < world.locates.size(); ++i) {
    EXPECT_EQ(world.locates[i].path, "");
    EXPECT_EQ(world.locates[i].inode, world.inode);
  }
}

TEST(Reader, ReadsARangeAcrossBlocks) {
  ReadWorld world({100, 100, 100});
  ReadOptions options = world.options();
  options.offset = 150;
  options.length = 100;
  EXPECT_TRUE(world.run(options).ok());
  EXPECT_TRUE(world.delivered(150, 100));
}

TEST(Reader, ARangeBeyondTheEndIsEmpty) {
  ReadWorld world({100});
  ReadOptions options = world.options();
  options.offset = 1000;
  EXPECT_TRUE(world.run(options).ok());
  EXPECT_TRUE(world.delivered(0, 0));
}

TEST(Reader, AnEmptyFileIsOpenedAndDone) {
  ReadWorld world({});
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_EQ(world.opened, 1);
}

TEST(Reader, TheInvisibleTailOfABlockIsNotDelivered) {
  ReadWorld world({kGranule, kGranule});
  world.blocks[0].visible = 512;
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_TRUE(world.delivered(0, kGranule + 512));
}

TEST(Reader, StaleLocationsAreLocatedAgain) {
  ReadWorld world({kGranule}, 3);
  world.blocks[0].hidden = {3};
  world.blocks[0].world.replicas.at(1).away = {Code::kUnavailable, "refused"};
  world.blocks[0].world.replicas.at(2).away = {Code::kNotFound, "no such block"};
  world.on_locate = [&](const wire::Locate&) {
    if (world.locates.size() == 3) world.blocks[0].hidden.clear();
  };
  EXPECT_TRUE(world.run(world.options()).ok());
  EXPECT_TRUE(world.delivered(0, kGranule));
  EXPECT_EQ(world.locates.size(), 3u);
}

TEST(Reader, ABlockThatStaysAwayIsGivenUpAtTheLimit) {
  ReadWorld world({kGranule}, 1);
  world.blocks[0].world.replicas.at(1).away = {Code::kUnavailable, "refused"};
  ReadOptions options = world.options();
  options.retry.limit = seconds(30);
  const Instant start = world.now;
  const Status status = world.run(options);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_TRUE(status.message().starts_with("/f: block 101: no good copy of bytes 0-65535"));
  EXPECT_GE(world.now - start, seconds(30));
  EXPECT_LT(world.locates.size(), 40u);  // B3: with backoff
}

TEST(Reader, WhoTakesLongOverTheBytesLosesNoTimeToTryAgain) {
  ReadWorld world({2 * kGranule}, 1);
  ReadOptions options = world.options();
  options.block.parallel = 1;
  Status& away = world.blocks[0].world.replicas.at(1).away;
  world.on_delivery = [&] {
    if (world.bytes.size() == 2 * kGranule) return;
    world.now = world.now + options.retry.limit + seconds(10);
    away = {Code::kUnavailable, "refused"};
  };
  world.on_locate = [&](const wire::Locate&) { away = {}; };
  EXPECT_TRUE(world.run(options).ok());
  EXPECT_TRUE(world.delivered(0, 2 * kGranule));
  EXPECT_EQ(world.locates.size(), 2u);
}

TEST(Reader, RotOnEveryReplicaAtOnePlaceFailsSoonAndIsReported) {
  ReadWorld world({3 * kGranule});
  world.blocks[0].world.replicas.at(1).bytes[5] ^= 1;
  world.blocks[0].world.replicas.at(2).bytes[6] ^= 1;
  const Instant start = world.now;
  EXPECT_EQ(world.run(world.options()).code(), Code::kCorrupt);
  EXPECT_LT(world.now - start, seconds(5));
  EXPECT_GE(world.reported.size(), 2u);
  EXPECT_TRUE(world.right());
}

TEST(Reader, RotIsReportedBeforeTheEnd) {
  ReadWorld world({kGranule});
  world.blocks[0].world.replicas.at(1).bytes[5] ^= 1;
  EXPECT_TRUE(world.run(world.options()).ok());
  ASSERT_EQ(world.reported.size(), 1u);
  EXPECT_EQ(world.reported[0], (wire::BadReplica{BlockId{101}, NodeId{1}}));
}

TEST(Reader, ANodeThatHangsIsWaitedForOnceAndNotAtEveryBlock) {
  ReadWorld world({kGranule, kGranule, kGranule, kGranule, kGranule, kGranule}, 2);
  ReadOptions options = world.options();
  options.window = 1;
  world.hung = 1;
  const Instant start = world.now;
  EXPECT_TRUE(world.run(options).ok());
  EXPECT_TRUE(world.delivered(0, 6 * kGranule));
  EXPECT_EQ(world.now - start, options.block.hedge_after);
}

TEST(Reader, AReplacedFileIsNeverAMixture) {
  ReadWorld world({100, 100, 100});
  world.page_size = 1;
  world.on_locate = [&](const wire::Locate& asked) { world.replaced = asked.offset > 0; };
  EXPECT_EQ(world.run(world.options()).code(), Code::kReplaced);
}

TEST(Reader, AnotherVersionUnderTheSameAnswerIsRefused) {
  ReadWorld world({100, 100, 100});
  world.page_size = 1;
  world.on_locate = [&](const wire::Locate& asked) {
    if (asked.offset == 100) world.blocks[2].visible = 50;
  };
  EXPECT_EQ(world.run(world.options()).code(), Code::kReplaced);
}

TEST(Reader, BlocksThatLeaveAGapAreRefused) {
  ReadWorld world({100, 100});
  world.reader.emplace(world.options(), "test");
  ReaderEffects effects;
  world.reader->start({}, effects);
  const auto call = std::get<CallNameNode>(effects.at(0)).call;
  wire::LocateReply reply;
  reply.status.length = 200;
  reply.blocks.push_back({world.blocks[0].world.block, 100, 100, {}});
  effects.clear();
  world.reader->called(call, reply, {}, effects);
  EXPECT_EQ(std::get<ReadDone>(effects.back()).status.code(), Code::kInternal);
}

// What the reader says of a path whose first answer shows it to be this.
std::string refusal_of(const wire::FileStatus& status) {
  ReadWorld world({});
  world.reader.emplace(world.options(), "test");
  ReaderEffects effects;
  world.reader->start({}, effects);
  const auto call = std::get<CallNameNode>(effects.at(0)).call;
  wire::LocateReply reply;
  reply.status = status;
  effects.clear();
  world.reader->called(call, reply, {}, effects);
  return std::get<ReadDone>(effects.back()).status.message();
}

TEST(Reader, ADirectoryIsRefused) {
  wire::FileStatus status;
  status.type = wire::FileType::kDirectory;
  EXPECT_EQ(refusal_of(status), "/f: Is a directory");
}

TEST(Reader, AFileThatIsStillBeingWrittenIsRefusedAndNotTakenForAnEmptyOne) {
  wire::FileStatus status;
  status.under_construction = true;
  EXPECT_EQ(refusal_of(status),
            "/f: Is being written; there is nothing to read until it is complete");
}

TEST(Reader, WhateverRotsOrIsAwayItDeliversTheFileOrFailsNamingABlock) {
  EXPECT_TRUE(rc::check([] {
    const auto lengths = *rc::gen::container<std::vector<std::uint64_t>>(
        static_cast<std::size_t>(*rc::gen::inRange(0, 5)),
        rc::gen::inRange<std::uint64_t>(1, 3 * kGranule));
    ReadWorld world(lengths, *rc::gen::inRange(1, 4));
    world.page_size = *rc::gen::inRange<std::size_t>(1, 4);
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Random faults = random.fork("faults");
    bool rotten = false;
    for (ReadWorld::Block& block : world.blocks) {
      for (auto& [node, replica] : block.world.replicas) {
        if (faults.chance(1, 3)) {
          replica.bytes[faults.below(replica.bytes.size())] ^= 4;
          rotten = true;
        }
        if (faults.chance(1, 5)) replica.away = {Code::kUnavailable, "away"};
      }
    }
    // Those that are away come back after a while.
    world.on_locate = [&](const wire::Locate&) {
      for (ReadWorld::Block& block : world.blocks) {
        for (auto& [node, replica] : block.world.replicas) {
          if (faults.chance(1, 2)) replica.away = {};
        }
      }
    };
    ReadOptions options = world.options();
    options.window = *rc::gen::inRange(1u, 4u);
    options.block.parallel = *rc::gen::inRange(1u, 3u);
    const std::uint64_t size = world.content().size();
    options.offset = *rc::gen::inRange<std::uint64_t>(0, size + 2);
    options.length = *rc::gen::inRange<std::uint64_t>(0, size + 2);

    const Status status = world.run(options, random);
    RC_ASSERT(world.right());
    RC_ASSERT(!world.twice);
    const std::uint64_t from = std::min(options.offset, size);
    if (status.ok()) {
      RC_ASSERT(world.delivered(from, std::min(options.length, size - from)));
    } else {
      RC_ASSERT(rotten);
      RC_ASSERT(status.message().find("/f: block ") == 0);
    }
  }));
}

}  // namespace
}  // namespace dfs::client
