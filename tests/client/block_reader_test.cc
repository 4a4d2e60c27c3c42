#include "core/client/block_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "tests/client/block_world.h"

namespace dfs::client {
namespace {

const Random kRandom(1);

BlockReaderOptions small_fetches(std::uint32_t parallel = 2) {
  BlockReaderOptions options;
  options.fetch_bytes = 2 * kGranule;
  options.parallel = parallel;
  return options;
}

TEST(BlockReader, ReadsAnyRangeExactly) {
  BlockWorld world(5 * kGranule + 100, 7);
  world.add_replica();
  world.add_replica();
  EXPECT_TRUE(world.read(kGranule - 1, 3 * kGranule + 2, small_fetches(), kRandom).ok());
  EXPECT_TRUE(world.all_there());
  EXPECT_TRUE(world.nothing_wrong(kGranule - 1));
}

TEST(BlockReader, AnEmptyRangeIsDoneWithoutAsking) {
  BlockWorld world(kGranule, 7);
  EXPECT_TRUE(world.read(100, 0, small_fetches(), kRandom).ok());
  EXPECT_EQ(world.fetches, 0u);
}

TEST(BlockReader, OneRottenByteIsReadFromAnotherReplicaAndReported) {
  BlockWorld world(3 * kGranule, 7);
  world.add_replica().bytes[kGranule + 5] ^= 1;
  world.add_replica();
  EXPECT_TRUE(world.read(0, 3 * kGranule, small_fetches(1), kRandom).ok());
  EXPECT_TRUE(world.all_there() && world.nothing_wrong(0));
  EXPECT_EQ(world.bad, std::vector<std::uint64_t>{1});
}

TEST(BlockReader, ABlockRottenEverywhereAtDifferentPlacesIsReadWhole) {
  BlockWorld world(3 * kGranule, 7);
  for (std::uint64_t i = 0; i < 3; ++i) world.add_replica().bytes[i * kGranule] ^= 0x80;
  EXPECT_TRUE(world.read(0, 3 * kGranule, small_fetches(), kRandom).ok());
  EXPECT_TRUE(world.all_there() && world.nothing_wrong(0));
  EXPECT_FALSE(world.bad.empty());
}

TEST(BlockReader, AGranuleThatNoReplicaHasIsAnErrorThatNamesBlockAndNodes) {
  BlockWorld world(3 * kGranule, 7);
  world.add_replica().bytes[kGranule] ^= 1;
  world.add_replica().bytes[kGranule + 9] ^= 1;
  const Status status = world.read(0, 3 * kGranule, small_fetches(), kRandom);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_EQ(status.message(),
            "block 17: no good copy of bytes 65536-131071 on DataNode 1 (client:8001: checksum "
            "mismatch), DataNode 2 (client:8002: checksum mismatch)");
  EXPECT_TRUE(world.nothing_wrong(0));
}

TEST(BlockReader, WithoutLocationsTheBlockIsUnavailable) {
  BlockWorld world(10, 7);
  const Status status = world.read(0, 10, small_fetches(), kRandom);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.message(), "block 17: no good copy of bytes 0-9 on any live DataNode");
}

TEST(BlockReader, HDFS_13709_ANodeThatIsAwayIsNoRot) {
  BlockWorld world(3 * kGranule, 7);
  world.add_replica().away = {Code::kUnavailable, "connection refused"};
  world.add_replica().bytes[0] ^= 1;
  const Status status = world.read(0, 3 * kGranule, small_fetches(), kRandom);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_NE(status.message().find("connection refused"), std::string::npos);
  EXPECT_EQ(world.bad, std::vector<std::uint64_t>{2});
}

TEST(BlockReader, ANodeThatAdmitsRotIsReported) {
  BlockWorld world(kGranule, 7);
  world.add_replica().away = {Code::kCorrupt, "sidecar does not match"};
  world.add_replica();
  EXPECT_TRUE(world.read(0, kGranule, small_fetches(), kRandom).ok());
  EXPECT_EQ(world.bad, std::vector<std::uint64_t>{1});
}

TEST(BlockReader, AReadErrorRulesAReplicaOutOnlyForTheGranulesThatItStrikes) {
  BlockWorld world(4 * kGranule, 7);
  for (std::uint64_t granule = 0; granule < 3; ++granule) {
    world.add_replica().unreadable = {granule};
  }
  BlockReaderOptions whole = small_fetches(1);
  whole.fetch_bytes = 4 * kGranule;
  EXPECT_TRUE(world.read(0, 4 * kGranule, whole, kRandom).ok());
  EXPECT_TRUE(world.all_there() && world.nothing_wrong(0));
  EXPECT_FALSE(world.out_of_order);
  EXPECT_TRUE(world.bad.empty()) << "what cannot be read is not rotten";
}

TEST(BlockReader, AReplicaWithAReadErrorIsAskedAloneOnlyForWhatNoOtherReplicaReads) {
  BlockWorld world(8 * kGranule, 7);
  world.add_replica().unreadable = {0};
  world.add_replica();
  BlockReaderOptions options = small_fetches(1);
  options.fetch_bytes = 4 * kGranule;
  BlockReader reader(world.block, world.locations(), "test", 0, 8 * kGranule, options);
  reader.distrust({NodeId{2}});
  EXPECT_TRUE(world.drive(reader, 0, 8 * kGranule, kRandom).ok());
  EXPECT_EQ(world.fetches, 3u);
}

TEST(BlockReader, AfterAReadErrorEachGranuleIsAskedForAloneOnce) {
  BlockWorld world(4 * kGranule, 7);
  world.add_replica().unreadable = {3};
  BlockReaderOptions options = small_fetches(1);
  options.fetch_bytes = 4 * kGranule;
  const Status status = world.read(0, 4 * kGranule, options, kRandom);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_NE(status.message().find("bytes 196608-262143"), std::string::npos) << status.message();
  EXPECT_EQ(world.fetches, 1u + 4u);
}

TEST(BlockReader, OfADiskThatReadsNothingTwoFetchesAreEnough) {
  BlockWorld world(64 * kGranule, 7);
  world.add_replica().away = {Code::kIo, "Input/output error"};
  EXPECT_EQ(world.read(0, 64 * kGranule, {}, kRandom).code(), Code::kUnavailable);
  EXPECT_EQ(world.fetches, 2u);
}

TEST(BlockReader, ANodeThatDoesNotAnswerInTimeIsAskedForNoGranuleAlone) {
  BlockWorld world(4 * kGranule, 7);
  world.add_replica().away = {Code::kTimedOut, "timed out"};
  world.add_replica().away = {Code::kUnavailable, "connection refused"};
  EXPECT_EQ(world.read(0, 4 * kGranule, {}, kRandom).code(), Code::kUnavailable);
  EXPECT_EQ(world.fetches, 2u);
}

TEST(BlockReader, RotInWhatWasReadAloneAtLastIsCalledRot) {
  BlockWorld world(2 * kGranule, 7);
  Replica& only = world.add_replica();
  only.unreadable = {1};
  only.bytes[0] ^= 1;
  EXPECT_EQ(world.read(0, 2 * kGranule, small_fetches(1), kRandom).code(), Code::kCorrupt);
  EXPECT_EQ(world.bad, std::vector<std::uint64_t>{1});
}

// Each lie alone must not get a byte through, and must not cost the read.
struct Lie {
  const char* name;
  std::function<void(Answer&)> tell;
};
const std::vector<Lie>& lies() {
  static const std::vector<Lie> all = {
      {"wrong block id", [](Answer& a) { a.header.block.id.value = 18; }},
      {"another length", [](Answer& a) { a.header.block.length -= 1; }},
      {"another checksum", [](Answer& a) { a.header.block.crc ^= 1; }},
      {"wrong offset", [](Answer& a) { a.header.offset += kGranule; }},
      {"short header", [](Answer& a) { a.header.length -= 1; }},
      {"short data", [](Answer& a) { a.data.pop_back(); }},
      {"no data", [](Answer& a) { a.data.clear(); }},
      {"too much data", [](Answer& a) { a.data.push_back(0); }},
      {"no vector", [](Answer& a) { a.crcs.clear(); }},
      {"long vector", [](Answer& a) { a.crcs.push_back(0); }},
      {"wrong vector", [](Answer& a) { a.crcs[0] ^= 1; }},
      {"swapped vector", [](Answer& a) { std::swap(a.crcs[0], a.crcs[1]); }},
      {"data and vector of another content",
       [](Answer& a) {
         for (std::uint8_t& byte : a.data) byte ^= 0x55;
         const auto crcs = granule_crcs_of(a.data);
         std::ranges::copy(crcs, a.crcs.begin());
       }},
      {"swapped granules",
       [](Answer& a) {
         if (a.data.size() < kGranule + 100) return;
         std::swap_ranges(a.data.begin(), a.data.begin() + 100, a.data.begin() + kGranule);
       }},
  };
  return all;
}

TEST(BlockReader, NoLieIsDeliveredAndEachIsReported) {
  for (const Lie& lie : lies()) {
    SCOPED_TRACE(lie.name);
    BlockWorld world(4 * kGranule, 7);
    world.add_replica().lies = lie.tell;
    world.add_replica();
    EXPECT_TRUE(world.read(0, 4 * kGranule, small_fetches(1), kRandom).ok());
    EXPECT_TRUE(world.all_there() && world.nothing_wrong(0));
    EXPECT_EQ(world.bad, std::vector<std::uint64_t>{1});
  }
}

TEST(BlockReader, ALiarAloneIsAFailure) {
  for (const Lie& lie : lies()) {
    SCOPED_TRACE(lie.name);
    BlockWorld world(4 * kGranule, 7);
    world.add_replica().lies = lie.tell;
    EXPECT_EQ(world.read(0, 4 * kGranule, small_fetches(), kRandom).code(), Code::kCorrupt);
    EXPECT_TRUE(world.nothing_wrong(0));
  }
}

TEST(BlockReader, HDFS_4660_AStaleReplicaOfAnotherLengthIsNeverDelivered) {
  BlockWorld world(4 * kGranule, 7);
  Replica& stale = world.add_replica();
  stale.bytes.resize(3 * kGranule);
  stale.info = {world.block.id, 3 * kGranule, crc32c(stale.bytes)};
  stale.crcs = granule_crcs_of(stale.bytes);
  world.add_replica();
  EXPECT_TRUE(world.read(0, 4 * kGranule, small_fetches(), kRandom).ok());
  EXPECT_TRUE(world.all_there() && world.nothing_wrong(0));
  EXPECT_EQ(world.bad, std::vector<std::uint64_t>{1});
}

TEST(BlockReader, OneFetchAtATimeDeliversInOrderAlsoAroundRot) {
  BlockWorld world(8 * kGranule, 7);
  world.add_replica().bytes[kGranule] ^= 1;
  world.add_replica().bytes[2 * kGranule] ^= 1;
  world.add_replica().bytes[5 * kGranule] ^= 1;
  BlockReaderOptions options = small_fetches(1);
  options.fetch_bytes = 4 * kGranule;
  EXPECT_TRUE(world.read(10, 8 * kGranule - 20, options, kRandom).ok());
  EXPECT_TRUE(world.all_there() && world.nothing_wrong(10));
  EXPECT_FALSE(world.out_of_order);
}

TEST(BlockReader, RangesAreAskedFromSeveralDataNodesAtOnce) {
  BlockWorld world(8 * kGranule, 7);
  world.add_replica();
  world.add_replica();
  BlockReader reader(world.block, world.locations(), "test", 0, 8 * kGranule, small_fetches());
  BlockReaderEffects effects;
  reader.start({}, effects);
  ASSERT_EQ(effects.size(), 2u);
  EXPECT_NE(std::get<Fetch>(effects[0]).from.node, std::get<Fetch>(effects[1]).from.node);
}

TEST(BlockReader, ASlowFetchIsHedgedAndTheFirstAnswerWins) {
  BlockWorld world(kGranule, 7);
  world.add_replica();
  world.add_replica();
  BlockReader reader(world.block, world.locations(), "test", 0, kGranule, small_fetches());
  BlockReaderEffects effects;
  reader.start({}, effects);
  ASSERT_EQ(effects.size(), 1u);
  const Fetch slow = std::get<Fetch>(effects[0]);
  EXPECT_EQ(reader.next_tick(), Instant{} + seconds(3));

  effects.clear();
  reader.tick(Instant{} + seconds(2), effects);
  EXPECT_TRUE(effects.empty());
  reader.tick(Instant{} + seconds(3), effects);
  ASSERT_EQ(effects.size(), 1u);
  const Fetch hedge = std::get<Fetch>(effects[0]);
  EXPECT_NE(hedge.from.node, slow.from.node);

  const Answer answer = world.replicas.at(2).serve(hedge.header);
  effects.clear();
  reader.fetched(hedge.fetch, answer.header, answer.crcs, answer.data, {}, effects);
  EXPECT_TRUE(reader.done());
  effects.clear();
  reader.fetched(slow.fetch, answer.header, answer.crcs, answer.data, {}, effects);
  EXPECT_TRUE(effects.empty());
}

TEST(BlockReader, ASlowFetchWithoutAnotherReplicaIsWaitedFor) {
  BlockWorld world(kGranule, 7);
  world.add_replica();
  BlockReader reader(world.block, world.locations(), "test", 0, kGranule, small_fetches());
  BlockReaderEffects effects;
  reader.start({}, effects);
  const Fetch slow = std::get<Fetch>(effects.at(0));
  effects.clear();
  reader.tick(Instant{} + seconds(10), effects);
  EXPECT_TRUE(effects.empty());
  EXPECT_FALSE(reader.done());
  const Answer answer = world.replicas.at(1).serve(slow.header);
  reader.fetched(slow.fetch, answer.header, answer.crcs, answer.data, {}, effects);
  EXPECT_TRUE(reader.done());
}

TEST(BlockReader, AfterAHedgeThatFailsTheThirdReplicaIsAsked) {
  BlockWorld world(kGranule, 7);
  for (int i = 0; i < 3; ++i) world.add_replica();
  BlockReader reader(world.block, world.locations(), "test", 0, kGranule, small_fetches(1));
  BlockReaderEffects effects;
  reader.start({}, effects);
  effects.clear();
  reader.tick(Instant{} + seconds(3), effects);
  const Fetch hedge = std::get<Fetch>(effects.at(0));
  effects.clear();
  reader.fetch_failed(hedge.fetch, {Code::kUnavailable, "reset"}, {}, effects);
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<Fetch>(effects[0]).from.node, NodeId{3});
}

TEST(BlockReader, RetryGoesOnWithWhatIsMissingAndIgnoresOldAnswers) {
  BlockWorld world(4 * kGranule, 7);
  world.add_replica().bytes[3 * kGranule] ^= 1;
  BlockReader reader(world.block, world.locations(), "test", 0, 4 * kGranule, small_fetches(1));
  EXPECT_EQ(world.drive(reader, 0, 4 * kGranule, kRandom).code(), Code::kCorrupt);
  world.add_replica();
  BlockReaderEffects effects;
  reader.retry(world.locations(), {}, effects);
  EXPECT_TRUE(world.go_on(reader, 0, 4 * kGranule, kRandom, std::move(effects)).ok());
  EXPECT_TRUE(world.all_there() && world.nothing_wrong(0));
}

TEST(BlockReader, ABlockOfAbsurdLengthIsRefused) {
  BlockReader reader({BlockId{1}, UINT64_MAX, 0}, {}, "test", 0, UINT64_MAX, {});
  BlockReaderEffects effects;
  reader.start({}, effects);
  EXPECT_EQ(std::get<BlockDone>(effects.at(0)).status.code(), Code::kTooLarge);
}

// A replica of the world, damaged as rapidcheck likes.
void damage(BlockWorld& world, Replica& replica) {
  const auto kind = *rc::gen::weightedElement<int>({{6, 0}, {2, 1}, {1, 2}, {1, 3}, {4, 4}});
  if (kind == 0) {
    const auto rot = *rc::gen::container<std::vector<std::uint64_t>>(
        static_cast<std::size_t>(*rc::gen::inRange(0, 4)),
        rc::gen::inRange<std::uint64_t>(0, world.block.length));
    for (std::uint64_t at : rot) replica.bytes[at] ^= 0x10;
  } else if (kind == 1) {
    replica.lies = (*rc::gen::elementOf(lies())).tell;
  } else if (kind == 2) {
    replica.away = {Code::kTimedOut, "timed out"};
  } else if (kind == 4) {
    const auto granules = wire::granules_of(world.block.length);
    replica.unreadable =
        *rc::gen::container<std::set<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, granules));
  } else {
    replica.bytes.resize(*rc::gen::inRange<std::uint64_t>(0, world.block.length));
    replica.info = {world.block.id, replica.bytes.size(), crc32c(replica.bytes)};
    replica.crcs = granule_crcs_of(replica.bytes);
  }
}

// Whether some replica serves every granule of the range truly.
bool readable(const BlockWorld& world, std::uint64_t offset, std::uint64_t length) {
  const wire::GranuleRange range = wire::widen(offset, length, world.block.length);
  const auto truth = granule_crcs_of(world.content);
  for (std::uint64_t g = range.offset / kGranule; g * kGranule < range.offset + range.length; ++g) {
    bool found = false;
    for (const auto& [node, replica] : world.replicas) {
      if (!replica.away.ok() || replica.lies || replica.info != world.block) continue;
      if (replica.unreadable.contains(g)) continue;
      found = found || granule_crcs_of(replica.bytes)[g] == truth[g];
    }
    if (!found) return false;
  }
  return true;
}

TEST(BlockReader, WhateverRotsItDeliversExactlyTheBytesOrFailsNamingBlockAndNodes) {
  EXPECT_TRUE(rc::check([] {
    BlockWorld world(*rc::gen::inRange<std::uint64_t>(1, 6 * kGranule), 3);
    if (world.block.length < 2 * kGranule) world = BlockWorld(2 * kGranule, 3);
    const auto replicas = *rc::gen::inRange(0, 5);
    for (int i = 0; i < replicas; ++i) damage(world, world.add_replica());
    const auto offset = *rc::gen::inRange<std::uint64_t>(0, world.block.length);
    const auto length = *rc::gen::inRange<std::uint64_t>(1, world.block.length - offset + 1);
    BlockReaderOptions options;
    options.fetch_bytes = *rc::gen::inRange<std::uint64_t>(1, 5) * kGranule;
    options.parallel = *rc::gen::inRange(1u, 4u);
    const Random random(*rc::gen::arbitrary<std::uint64_t>());

    const Status status = world.read(offset, length, options, random);
    RC_ASSERT(world.nothing_wrong(offset));
    RC_ASSERT(options.parallel > 1 || !world.out_of_order);
    if (status.ok()) {
      RC_ASSERT(world.all_there());
    } else {
      RC_ASSERT(status.code() != Code::kInternal);
      RC_ASSERT(status.message().find("block 17") != std::string::npos);
      for (const auto& [node, replica] : world.replicas) {
        RC_ASSERT(status.message().find("DataNode " + std::to_string(node)) != std::string::npos);
      }
    }
    // A lie that a range does not touch does no harm, so readable() may be too strict, never too
    // lax.
    if (readable(world, offset, length)) RC_ASSERT(status.ok());
    // Each fetch delivers a granule, rules a replica out for one or, once, finds a run of at least
    // two that must be asked for one by one.
    const std::uint64_t granules = wire::granules_of(world.block.length);
    RC_ASSERT(world.fetches <=
              granules * (world.replicas.size() + 1) + granules * world.replicas.size() / 2);
  }));
}

TEST(BlockReader, WhatIsGoodSomewhereIsReadWhateverIsRottenOrUnreadableElsewhere) {
  EXPECT_TRUE(rc::check([] {
    const auto granules = *rc::gen::inRange<std::uint64_t>(2, 8);
    BlockWorld world(granules * kGranule, 3);
    const auto replicas = *rc::gen::inRange<std::uint64_t>(1, 4);
    for (std::uint64_t i = 0; i < replicas; ++i) world.add_replica();
    for (std::uint64_t granule = 0; granule < granules; ++granule) {
      const auto good = *rc::gen::inRange<std::uint64_t>(1, replicas + 1);
      for (auto& [node, replica] : world.replicas) {
        const auto harm = node == good ? 0 : *rc::gen::inRange(0, 3);
        if (harm == 1) replica.bytes[granule * kGranule] ^= 1;
        if (harm == 2) replica.unreadable.insert(granule);
      }
    }
    BlockReaderOptions options;
    options.fetch_bytes = *rc::gen::inRange<std::uint64_t>(1, granules + 1) * kGranule;
    options.parallel = *rc::gen::inRange(1u, 4u);
    const Random random(*rc::gen::arbitrary<std::uint64_t>());
    RC_ASSERT(world.read(0, granules * kGranule, options, random).ok());
    RC_ASSERT(world.all_there() && world.nothing_wrong(0));
    RC_ASSERT(options.parallel > 1 || !world.out_of_order);
  }));
}

TEST(BlockReader, AnswersOutOfNowhereAreIgnored) {
  BlockWorld world(2 * kGranule, 7);
  world.add_replica();
  BlockReader reader(world.block, world.locations(), "test", 0, 2 * kGranule, small_fetches());
  BlockReaderEffects effects;
  reader.start({}, effects);
  effects.clear();
  reader.fetched(99, {}, {}, {}, {}, effects);
  reader.fetch_failed(98, {Code::kIo, "x"}, {}, effects);
  EXPECT_TRUE(effects.empty());
  EXPECT_FALSE(reader.done());
}

}  // namespace
}  // namespace dfs::client
