// Reads whose DataNodes are slow or rotten in places: what is asked again, of whom, and when it is
// over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "core/client/reader.h"
#include "tests/client/block_world.h"

namespace dfs::client {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr Instant at_second(std::int64_t second) { return Instant{} + seconds(second); }

template <class T, class Effects>
std::vector<T> take_all(const Effects& effects) {
  std::vector<T> found;
  for (const auto& effect : effects) {
    if (const T* one = std::get_if<T>(&effect)) found.push_back(*one);
  }
  return found;
}

TEST(SlowRead, BringsOnlyWhatTheHedgeDidNot) {
  BlockWorld world(2 * kGranule, 7);
  world.add_replica();
  world.add_replica().bytes[kGranule] ^= 1;
  BlockReader reader(world.block, world.locations(), "test", 0, 2 * kGranule, {});
  BlockReaderEffects effects;
  reader.start({}, effects);
  const Fetch slow = std::get<Fetch>(effects.at(0));
  effects.clear();
  reader.tick(at_second(3), effects);
  const Fetch hedge = std::get<Fetch>(effects.at(0));
  Answer answer = world.replicas.at(2).serve(hedge.header);
  reader.fetched(hedge.fetch, answer.header, answer.crcs, answer.data, at_second(4), effects);
  effects.clear();
  answer = world.replicas.at(1).serve(slow.header);
  reader.fetched(slow.fetch, answer.header, answer.crcs, answer.data, at_second(5), effects);
  const auto pieces = take_all<Deliver>(effects);
  ASSERT_THAT(pieces, SizeIs(1));
  EXPECT_EQ(pieces[0].offset, kGranule);
  EXPECT_THAT(take_all<FoundBad>(effects), SizeIs(0));
  EXPECT_TRUE(reader.done());
}

TEST(RottenRead, AsksNobodyTwiceForAGranuleInOneRun) {
  BlockWorld world(4 * kGranule, 7);
  std::vector<std::uint8_t>& first = world.add_replica().bytes;
  first[0] ^= 1;
  first[2 * kGranule] ^= 1;
  world.add_replica().bytes[kGranule] ^= 1;
  BlockReaderOptions one_at_a_time;
  one_at_a_time.parallel = 1;
  BlockReader reader(world.block, world.locations(), "test", 0, 4 * kGranule, one_at_a_time);
  using Asked = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;  // of whom, from, how many
  std::vector<Asked> asked;
  BlockReaderEffects effects;
  reader.start({}, effects);
  for (auto out = take_all<Fetch>(effects); !out.empty(); out = take_all<Fetch>(effects)) {
    const Fetch& fetch = out.at(0);
    asked.emplace_back(fetch.from.node.value, fetch.header.offset / kGranule,
                       fetch.header.length / kGranule);
    const Answer answer = world.replicas.at(fetch.from.node.value).serve(fetch.header);
    effects.clear();
    reader.fetched(fetch.fetch, answer.header, answer.crcs, answer.data, {}, effects);
  }
  EXPECT_TRUE(reader.done());
  EXPECT_THAT(asked, ElementsAre(Asked(1, 0, 4), Asked(2, 0, 4), Asked(1, 1, 1), Asked(2, 2, 2)));
}

// The file has a block of eight granules on node 1 and one of a granule on node 2.
TEST(SlowRead, EndsOnceTheLastHopeOfABlockIsGoneAlsoWhileOthersAreOut) {
  ReadOptions options;
  options.path = "/f";
  options.block.fetch_bytes = kGranule;
  options.retry.limit = {};
  Reader reader(options, "test");
  ReaderEffects effects;
  reader.start({}, effects);
  wire::LocateReply page;
  page.status.inode = InodeId{7};
  page.status.length = 9 * kGranule;
  page.blocks = {{{BlockId{1}, 8 * kGranule, 1}, 0, 8 * kGranule, {node_address(1)}},
                 {{BlockId{2}, kGranule, 1}, 8 * kGranule, kGranule, {node_address(2)}}};
  const std::uint64_t call = std::get<CallNameNode>(effects.at(0)).call;
  effects.clear();
  reader.called(call, page, {}, effects);
  const Fetch first = take_all<Fetch>(effects).at(0);
  reader.wake(at_second(3), effects);
  reader.wake(at_second(6), effects);  // no place is free for more than six
  ASSERT_THAT(take_all<Fetch>(effects), SizeIs(6 + 1));
  effects.clear();
  reader.fetch_failed(first.fetch, {Code::kUnavailable, "away"}, at_second(7), effects);
  EXPECT_THAT(take_all<ReadDone>(effects), SizeIs(0));
  reader.wake(at_second(9), effects);
  const auto ends = take_all<ReadDone>(effects);
  ASSERT_THAT(ends, SizeIs(1));
  EXPECT_EQ(ends[0].status.code(), Code::kUnavailable);
}

// Every block is rotten on a node of its own and whole on node 1.
TEST(RottenRead, ReportsAtMostAThousandReplicasAtOnce) {
  constexpr std::uint64_t kBlocks = 1003;
  BlockWorld world(100, 7);
  world.add_replica();
  wire::LocateReply page;
  page.status.inode = InodeId{7};
  page.status.length = kBlocks * 100;
  for (std::uint64_t i = 0; i < kBlocks; ++i) {
    const wire::BlockInfo block{BlockId{i + 1}, 100, world.block.crc};
    page.blocks.push_back({block, i * 100, 100, {node_address(i + 2), node_address(1)}});
  }
  ReadOptions options;
  options.path = "/f";
  Reader reader(options, "test");
  ReaderEffects effects;
  reader.start({}, effects);
  std::vector<wire::ReportBad> reports;
  std::uint64_t report_call = 0;
  for (std::size_t i = 0; i < effects.size(); ++i) {  // it grows
    const ReaderEffect effect = effects[i];
    if (const auto* fetch = std::get_if<Fetch>(&effect)) {
      Answer answer = world.replicas.at(1).serve(fetch->header);
      answer.header.block = fetch->header.block;
      if (fetch->from.node == NodeId{1}) {
        reader.fetched(fetch->fetch, answer.header, answer.crcs, answer.data, {}, effects);
      } else {
        reader.fetch_failed(fetch->fetch, {Code::kCorrupt, "rot"}, {}, effects);
      }
    } else if (const auto* call = std::get_if<CallNameNode>(&effect)) {
      if (const auto* report = std::get_if<wire::ReportBad>(&call->request)) {
        report_call = call->call;
        reports.push_back(*report);
      } else {
        reader.called(call->call, page, {}, effects);
      }
    }
  }
  ASSERT_THAT(reports, SizeIs(1));
  effects.clear();
  reader.called(report_call, wire::Empty{}, {}, effects);
  const auto calls = take_all<CallNameNode>(effects);
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_THAT(std::get<wire::ReportBad>(calls[0].request).replicas, SizeIs(1000));
}

}  // namespace
}  // namespace dfs::client
