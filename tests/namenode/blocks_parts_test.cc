// The small parts that Blocks is made of: the agenda, the order book, the running clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/namenode/blocks/agenda.h"
#include "core/namenode/blocks/order_book.h"
#include "core/namenode/blocks/running_clock.h"
#include "core/namenode/blocks/state.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using wire::OrderKind;

Instant at(std::int64_t second) { return Instant{} + seconds(second); }

wire::Order order(OrderKind kind, std::uint64_t block, std::uint64_t length = 1) {
  wire::Order made;
  made.kind = kind;
  made.block = {BlockId{block}, length, 0};
  return made;
}

TEST(RunningClock, CountsALongGapAsAShortOne) {
  RunningClock clock;
  clock.start(at(100));
  clock.advance(at(101));
  EXPECT_EQ(clock.now(), at(1));
  clock.advance(at(5000));
  EXPECT_EQ(clock.now(), at(1) + RunningClock::kLongestGap);
  clock.advance(at(4000));  // never back
  EXPECT_EQ(clock.now(), at(1) + RunningClock::kLongestGap);
}

TEST(Agenda, BringsABlockUpOnceHoweverOftenItIsNoted) {
  Agenda agenda;
  agenda.note(BlockId{5});
  agenda.note(BlockId{5});
  EXPECT_EQ(agenda.take(), BlockId{5});
  EXPECT_EQ(agenda.take(), std::nullopt);
}

TEST(Agenda, HDFS_4366_NoBlockIsOvertakenForEver) {
  Agenda agenda;
  agenda.note(BlockId{1});
  agenda.note(BlockId{9});
  EXPECT_EQ(agenda.take(), BlockId{1});
  agenda.note(BlockId{1});
  EXPECT_EQ(agenda.take(), BlockId{9});
  EXPECT_EQ(agenda.take(), BlockId{1});
}

TEST(Agenda, KeepsTheEarlierOfTwoAppointments) {
  Agenda agenda;
  agenda.note_at(BlockId{1}, at(10));
  agenda.note_at(BlockId{1}, at(5));
  agenda.note_at(BlockId{1}, at(20));
  agenda.advance(at(4));
  EXPECT_EQ(agenda.take(), std::nullopt);
  agenda.advance(at(5));
  EXPECT_EQ(agenda.take(), BlockId{1});
  agenda.advance(at(100));
  EXPECT_EQ(agenda.take(), std::nullopt);
}

TEST(Agenda, SaysOnceThatItHadToLeaveSomethingToTheSweep) {
  Agenda agenda;
  for (std::uint64_t i = 1; i <= Agenda::kMost; ++i) agenda.note(BlockId{i});
  agenda.note(BlockId{1});
  EXPECT_FALSE(agenda.overflowed());
  agenda.note(BlockId{Agenda::kMost + 1});
  EXPECT_EQ(agenda.size(), Agenda::kMost);
  EXPECT_TRUE(agenda.overflowed());
  EXPECT_FALSE(agenda.overflowed());
}

TEST(Agenda, KeepsSoManyAppointmentsAndSaysThatThereWereMore) {
  Agenda agenda;
  for (std::uint64_t i = 1; i <= Agenda::kMost; ++i) agenda.note_at(BlockId{i}, at(10));
  EXPECT_FALSE(agenda.overflowed());
  agenda.note_at(BlockId{Agenda::kMost + 1}, at(1));
  EXPECT_TRUE(agenda.overflowed());
  agenda.advance(at(5));
  EXPECT_EQ(agenda.take(), std::nullopt);
}

TEST(Agenda, WhatDoesNotHoldForLongIsEveryOtherOneThatIsTaken) {
  Agenda agenda;
  for (const std::uint64_t i : {1u, 2u, 3u, 4u}) agenda.note(BlockId{i});
  agenda.note_soon(BlockId{4});
  agenda.note_soon(BlockId{9});
  agenda.note(BlockId{9});
  EXPECT_EQ(agenda.size(), 5u);
  EXPECT_EQ(agenda.soon(), 2u);
  std::vector<std::uint64_t> taken;
  while (const auto block = agenda.take()) taken.push_back(block->value);
  EXPECT_THAT(taken, ElementsAre(4, 1, 9, 2, 3));
}

TEST(OrderBook, HoldsOneOrderOfAKindForABlockOnANode) {
  OrderBook book(100);
  EXPECT_TRUE(book.place(NodeId{1}, order(OrderKind::kVerify, 7), at(0)));
  EXPECT_FALSE(book.place(NodeId{1}, order(OrderKind::kVerify, 7), at(0)));
  EXPECT_TRUE(book.place(NodeId{1}, order(OrderKind::kConfirm, 7), at(0)));
  EXPECT_TRUE(book.place(NodeId{2}, order(OrderKind::kVerify, 7), at(0)));
  EXPECT_THAT(book.nodes_of(BlockId{7}, OrderKind::kVerify), ElementsAre(NodeId{1}, NodeId{2}));
}

TEST(OrderBook, AReplyHasAtMostAHundredOrdersTheUrgentFirst) {
  OrderBook book(1);
  for (std::uint64_t i = 1; i <= 150; ++i) {
    (void)book.place(NodeId{1}, order(OrderKind::kConfirm, i), at(0));
  }
  (void)book.place(NodeId{1}, order(OrderKind::kRestore, 500), at(0));
  const std::vector<wire::Order> first = book.take(NodeId{1}, at(1));
  ASSERT_THAT(first, SizeIs(OrderBook::kOrdersPerReply));
  EXPECT_EQ(first[0].block.id, BlockId{500});
  EXPECT_THAT(book.take(NodeId{1}, at(2)), SizeIs(51));
  EXPECT_THAT(book.take(NodeId{1}, at(3)), IsEmpty());
}

TEST(OrderBook, TheLeastUrgentHaveTheirPlaceInEveryReply) {
  OrderBook book(1);
  for (std::uint64_t i = 1; i <= 300; ++i) {
    (void)book.place(NodeId{1}, order(OrderKind::kQuarantine, i), at(0));
    (void)book.place(NodeId{1}, order(OrderKind::kConfirm, i), at(0));
    (void)book.place(NodeId{1}, order(OrderKind::kVerify, i), at(0));
  }
  std::map<OrderKind, std::size_t> taken;
  for (const wire::Order& order : book.take(NodeId{1}, at(1))) ++taken[order.kind];
  EXPECT_EQ(taken[OrderKind::kConfirm], 80u);
  EXPECT_EQ(taken[OrderKind::kQuarantine], 10u);
  EXPECT_EQ(taken[OrderKind::kVerify], 10u);
}

TEST(OrderBook, AResultCountsOnceAndOnlyFromTheNodeThatGotTheOrder) {
  OrderBook book(10);
  (void)book.place(NodeId{1}, order(OrderKind::kVerify, 7), at(0));
  EXPECT_FALSE(book.finish(NodeId{1}, 10).has_value());  // not sent yet
  (void)book.take(NodeId{1}, at(1));
  EXPECT_FALSE(book.finish(NodeId{2}, 10).has_value());
  EXPECT_TRUE(book.finish(NodeId{1}, 10).has_value());
  EXPECT_FALSE(book.finish(NodeId{1}, 10).has_value());
  EXPECT_FALSE(book.pending(BlockId{7}, NodeId{1}, OrderKind::kVerify));
}

TEST(OrderBook, ForgetsWhatHasNoResultInTime) {
  OrderBook book(10);
  (void)book.place(NodeId{1}, order(OrderKind::kVerify, 7), at(0));
  EXPECT_THAT(book.expire(at(500), seconds(120)), IsEmpty());  // it waits for its node
  (void)book.take(NodeId{1}, at(500));
  EXPECT_THAT(book.expire(at(619), seconds(120)), IsEmpty());
  EXPECT_THAT(book.expire(at(620), seconds(120)), SizeIs(1));
}

TEST(OrderBook, CountsTheCopiesOfTargetsAndFirstSources) {
  OrderBook book(10);
  wire::Order copy = order(OrderKind::kCopy, 7);
  copy.sources = {{NodeId{2}, "", ""}, {NodeId{3}, "", ""}};
  (void)book.place(NodeId{1}, copy, at(0));
  EXPECT_EQ(book.copies_with(NodeId{1}), 1u);
  EXPECT_EQ(book.copies_with(NodeId{2}), 1u);
  EXPECT_EQ(book.copies_with(NodeId{3}), 0u);
  EXPECT_THAT(book.drop(NodeId{1}), SizeIs(1));
  EXPECT_EQ(book.copies_with(NodeId{1}), 0u);
  EXPECT_EQ(book.copies_with(NodeId{2}), 0u);
  EXPECT_EQ(book.count(OrderKind::kCopy), 0u);
}

TEST(OrderBook, VerificationsAreBoundedByTheirBytes) {
  OrderBook book(10);
  EXPECT_TRUE(book.room_to_verify(NodeId{1}));
  (void)book.place(NodeId{1}, order(OrderKind::kVerify, 7, OrderBook::kVerifyBytesPerNode), at(0));
  EXPECT_FALSE(book.room_to_verify(NodeId{1}));
  EXPECT_TRUE(book.room_to_verify(NodeId{2}));
  (void)book.drop(NodeId{1});
  EXPECT_TRUE(book.room_to_verify(NodeId{1}));
}

TEST(Refusals, HoldForAWhile) {
  Refusals refusals;
  refusals.add(BlockId{1}, NodeId{2}, at(10));
  refusals.add(BlockId{1}, NodeId{2}, at(15));
  refusals.advance(at(39));
  EXPECT_TRUE(refusals.hold(BlockId{1}, NodeId{2}));
  EXPECT_FALSE(refusals.hold(BlockId{1}, NodeId{3}));
  refusals.advance(at(40));
  EXPECT_FALSE(refusals.hold(BlockId{1}, NodeId{2}));
}

TEST(Renewals, HoldTwiceAsLongEachTime) {
  Renewals renewals;
  const auto held = [&renewals](int second) {
    return renewals.hold(BlockId{1}, NodeId{2}, at(second));
  };
  EXPECT_FALSE(held(10));
  renewals.add(BlockId{1}, NodeId{2}, at(10));
  EXPECT_TRUE(held(39));
  EXPECT_FALSE(held(40));
  EXPECT_FALSE(renewals.hold(BlockId{1}, NodeId{3}, at(20)));
  renewals.add(BlockId{1}, NodeId{2}, at(40));
  EXPECT_TRUE(held(99));
  EXPECT_FALSE(held(100));
  constexpr int kDay = 86'400;
  for (int time = 0; time < 40; ++time) renewals.add(BlockId{1}, NodeId{2}, at(100));
  EXPECT_TRUE(held(99 + kDay));
  EXPECT_FALSE(held(100 + kDay));
  renewals.advance(at(100 + 2 * kDay));
  renewals.add(BlockId{1}, NodeId{2}, at(100 + 2 * kDay));
  EXPECT_FALSE(held(130 + 2 * kDay)) << "the first one again";
}

TEST(VerifyQueue, TheDoubtedComeFirst) {
  VerifyQueue queue;
  queue.want(NodeId{1}, BlockId{1}, false);
  queue.want(NodeId{1}, BlockId{9}, true);
  queue.want(NodeId{1}, BlockId{9}, false);
  queue.want(NodeId{2}, BlockId{4}, false);
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(queue.take(NodeId{1}), BlockId{9});
  EXPECT_EQ(queue.take(NodeId{1}), BlockId{1});
  EXPECT_EQ(queue.take(NodeId{1}), std::nullopt);
  queue.drop(NodeId{2});
  EXPECT_EQ(queue.size(), 0u);
}

TEST(ScanQueue, ANodeThatComesAndGoesDoesNotKeepOthersFromTheirTurn) {
  ScanQueue scans;
  scans.want(NodeId{1});
  EXPECT_EQ(scans.take(), std::pair(NodeId{1}, std::uint64_t{0}));
  for (int i = 0; i < 10; ++i) scans.want(NodeId{1});
  scans.want(NodeId{2});
  scans.want(NodeId{1});
  std::map<NodeId, std::uint64_t> buckets;
  std::vector<NodeId> order;
  while (!scans.empty()) {
    const NodeId node = scans.take().first;
    ++buckets[node];
    if (order.empty() || order.back() != node) order.push_back(node);
  }
  EXPECT_THAT(order, ElementsAre(NodeId{1}, NodeId{2}));
  EXPECT_EQ(buckets[NodeId{1}], 2 * wire::kReportBuckets - 1);  // the rest, and once more
  EXPECT_EQ(buckets[NodeId{2}], wire::kReportBuckets);
}

TEST(RepairQueue, TheScarcestComesFirstAndChangesItsPlace) {
  RepairQueue queue;
  queue.want(BlockId{1}, 2);
  queue.want(BlockId{2}, 1);
  EXPECT_EQ(queue.waiting.begin()->second, BlockId{2});
  queue.want(BlockId{1}, 0);
  EXPECT_EQ(queue.waiting.begin()->second, BlockId{1});
  EXPECT_THAT(queue.waiting, SizeIs(2));
  queue.done(BlockId{1});
  queue.done(BlockId{1});
  EXPECT_THAT(queue.waiting, SizeIs(1));
}

}  // namespace
}  // namespace dfs::namenode
