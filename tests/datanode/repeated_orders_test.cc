// The DataNode machine: orders for what is waiting or being done already.
#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

std::map<std::uint64_t, Code> results(World& w) {
  std::map<std::uint64_t, Code> codes;
  for (int i = 0; i < 3; ++i) {
    for (const auto& result : w.next_heartbeat().results) {
      codes[result.order] = result.status.code();
    }
    w.answer(w.reply_with({}));
  }
  return codes;
}

// Orders 1 to 4: what comes behind them waits.
std::vector<wire::Order> copies_in_all_slots() {
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    orders.push_back(order(i, OrderKind::kCopy, block(100 + i), {2}));
  }
  return orders;
}

TEST(Verification, AnswersEveryOrderForTheReplicaThatItRead) {
  for (const Status& end : {Status(), kRotten, kUnreadable}) {
    World w;
    w.start({found(1)});
    w.register_and_report();
    w.order({order(1, OrderKind::kVerify, block(1))});
    w.order({order(2, OrderKind::kVerify, block(1))});
    ASSERT_EQ(w.tasks.size(), 1u);
    w.finish(end);
    EXPECT_TRUE(w.tasks.empty()) << "it is not read again";
    EXPECT_EQ(results(w), (std::map<std::uint64_t, Code>{{1, end.code()}, {2, end.code()}}));
  }
}

TEST(Verification, OfOurOwnAnswersTheOrderThatCameMeanwhile) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.suspect(1);
  w.order({order(1, OrderKind::kVerify, block(1))});
  w.finish({});
  EXPECT_TRUE(w.tasks.empty());
  EXPECT_EQ(w.result_of(1), Status());
}

TEST(Verification, SaysNothingOfAReplicaThatWasPublishedMeanwhile) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kVerify, block(1))});
  w.order({order(2, OrderKind::kVerify, block(1))});
  w.stored(block(1));
  w.finish({});
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().order.order, 2u);
}

TEST(Orders, ThatAreGivenAnewTakeThePlaceOfTheOlderOnes) {
  World w;
  w.start();
  w.register_and_report();
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    orders.push_back(order(i, OrderKind::kCopy, block(10 + i), {2}));
  }
  w.order(orders);
  ASSERT_EQ(w.tasks.size(), 4u);
  w.order({order(7, OrderKind::kCopy, block(15), {3})});
  EXPECT_EQ(results(w), (std::map<std::uint64_t, Code>{{5, Code::kUnavailable}}));
  for (int i = 0; i < 4; ++i) w.finish({});
  ASSERT_EQ(w.tasks.size(), 2u);
  EXPECT_EQ(w.tasks.front().order.order, 7u);
  EXPECT_EQ(w.tasks.front().order.sources.front().node, NodeId{3});
  EXPECT_EQ(w.tasks.back().order.order, 6u);
}

// The second restore has taken the place of the first, before the quarantine.
TEST(Orders, D4_ToRestoreWhatWaitsToBeQuarantinedAreRefused) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  std::vector<wire::Order> orders = copies_in_all_slots();
  orders.push_back(order(5, OrderKind::kRestore, block(1)));
  orders.push_back(order(6, OrderKind::kQuarantine, block(1)));
  orders.push_back(order(7, OrderKind::kRestore, block(1)));
  w.order(orders);
  while (!w.tasks.empty()) w.finish({});
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  EXPECT_EQ(results(w)[7], Code::kUnavailable);
}

// Its replica is asked for as a survivor while an order to move it waits for a free slot.
TEST(Orders, D4_AReplicaThatWaitsToBeQuarantinedIsNotConfirmed) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  std::vector<wire::Order> orders = copies_in_all_slots();
  orders.push_back(order(5, OrderKind::kQuarantine, block(1)));
  w.order(orders);
  w.order({order(6, OrderKind::kConfirm, block(1))});
  EXPECT_EQ(w.result_of(6)->code(), Code::kUnavailable);
  while (!w.tasks.empty()) w.finish({});
  w.order({order(7, OrderKind::kConfirm, block(1))});
  EXPECT_EQ(w.result_of(7)->code(), Code::kNotFound);
}

}  // namespace
}  // namespace dfs::datanode
