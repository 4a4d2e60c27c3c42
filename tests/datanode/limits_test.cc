// What does not fit into one message or one queue is told all the same (limits.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

using ::testing::SizeIs;

World with_limits(std::size_t in_message, std::size_t changes) {
  Config config = World::default_config();
  config.limits.in_message = in_message;
  config.limits.changes = changes;
  return World(config);
}

wire::Order quarantine_of(std::uint64_t id) {
  wire::Order order;
  order.order = 6 + id;
  order.kind = OrderKind::kQuarantine;
  order.block = block(id);
  return order;
}

TEST(Limits, AResultFollowsWhatWasDoneForIt) {
  World w = with_limits(2, 100);
  w.start({found(1)});
  w.register_and_report();
  w.order({quarantine_of(1)});
  for (std::uint64_t id = 10; id < 13; ++id) w.stored(block(id));
  w.finish({});
  std::vector<wire::ReplicaChange> told;
  for (int messages = 0; messages < 10; ++messages) {
    const wire::Heartbeat heartbeat = w.next_heartbeat();
    EXPECT_LE(heartbeat.changes.size(), 2u);
    for (const wire::ReplicaChange& change : heartbeat.changes) told.push_back(change);
    if (!heartbeat.results.empty()) break;
    w.answer(w.reply_with({}));
  }
  ASSERT_THAT(told, SizeIs(4)) << "the removal before the result";
  EXPECT_EQ(told.back().event, ReplicaEvent::kRemoved);
}

TEST(Limits, AResultDoesNotWaitForWhatHappensAfterIt) {
  World w = with_limits(1, 100);
  w.start({found(1)});
  w.register_and_report();
  w.order({quarantine_of(1)});
  w.finish({});
  bool told = false;
  for (std::uint64_t id = 10; id < 15 && !told; ++id) {
    w.stored(block(id));
    w.stored(block(id + 100));
    told = !w.next_heartbeat().results.empty();
    w.answer(w.reply_with({}));
  }
  EXPECT_TRUE(told);
}

TEST(Limits, AReplicaIsToldOfInFullWhenNewsOfItIsOut) {
  World w = with_limits(1, 100);
  w.start();
  w.register_and_report();
  w.stored(block(10));
  w.stored(block(11));
  w.answer(w.reply_with({}));  // to what was said before
  EXPECT_EQ(w.next_heartbeat().changes.front().replica, block(10));
  EXPECT_TRUE(w.machine.told_all(BlockId{10}));
  EXPECT_FALSE(w.machine.told_all(BlockId{11}));
  w.answer(w.reply_with({}));
  EXPECT_EQ(w.next_heartbeat().changes.front().replica, block(11));
  EXPECT_TRUE(w.machine.told_all(BlockId{11}));
}

TEST(Limits, WhatTheQueueCannotHoldAFullReportTells) {
  World w = with_limits(2, 4);
  w.start();
  w.register_and_report();
  w.reported = false;
  for (std::uint64_t id = 10; id < 15; ++id) w.stored(block(id));
  EXPECT_FALSE(w.machine.told_all(BlockId{10}));
  std::set<std::uint64_t> buckets;
  for (std::uint64_t id = 10; id < 15; ++id) buckets.insert(wire::bucket_of(BlockId{id}));
  w.pieces.clear();
  for (int i = 0; i < 100 && !w.settled(); ++i) w.settle_one(buckets);
  std::set<BlockId> told;
  for (const wire::ReportPiece& piece : w.pieces) {
    for (const wire::BlockInfo& replica : piece.replicas) told.insert(replica.id);
  }
  EXPECT_THAT(told, SizeIs(5));
  EXPECT_TRUE(w.machine.told_all(BlockId{10}));
}

TEST(Limits, ABucketWithMoreReplicasThanAMessageTakesIsToldOfInPieces) {
  World w = with_limits(2, 100);
  std::vector<FoundReplica> replicas;
  for (std::uint64_t i = 0; i < 5; ++i) replicas.push_back(found(1 + i * wire::kReportBuckets));
  w.start(replicas);
  w.register_and_report(1, {wire::bucket_of(BlockId{1})});
  ASSERT_THAT(w.pieces, SizeIs(3));
  EXPECT_THAT(w.pieces[0].replicas, SizeIs(2));
  EXPECT_FALSE(w.pieces[0].last);
  EXPECT_EQ(w.pieces[1].after, w.pieces[0].through);
  EXPECT_THAT(w.pieces[2].replicas, SizeIs(1));
  EXPECT_TRUE(w.pieces[2].last);
}

TEST(Limits, AnOrderThatFindsTheQueueFullIsRefused) {
  Config config = World::default_config();
  config.limits.orders = 1;
  config.parallel_tasks = 1;
  World w(config);
  w.start({found(1), found(2), found(3)});
  w.register_and_report();
  for (std::uint64_t i = 0; i < 3; ++i) {
    w.order({quarantine_of(1 + i)});  // the first one is carried out, the second one waits
  }
  const std::optional<Status> refused = w.result_of(9);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->message(), "too many orders");
}

}  // namespace
}  // namespace dfs::datanode
