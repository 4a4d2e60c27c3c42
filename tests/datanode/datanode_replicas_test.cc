// The DataNode machine: what it learns of its replicas, and what it tells of them.
#include <rapidcheck.h>
#include <algorithm>

#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

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
    w.stored(block(1), 0);
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
  w.stored(block(1), 0);
  w.finish({});
  EXPECT_TRUE(w.machine.find(BlockId{1}));
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
}

TEST(Reading, RottenSourcesThatACopyMetAreReported) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.answer(w.reply_with({}));
  EffectList effects;
  w.machine.found_bad({BlockId{1}, NodeId{4}}, w.now, effects);  // this node itself
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<StartTask>(effects[0]).kind, OrderKind::kVerify);
  effects.clear();
  w.machine.found_bad({BlockId{1}, NodeId{2}}, w.now, effects);
  ASSERT_EQ(effects.size(), 1u);
  const auto message = std::get<SendToNameNode>(effects[0]);
  EXPECT_EQ(std::get<wire::ReportBad>(message.request).replicas,
            (std::vector{wire::BadReplica{BlockId{1}, NodeId{2}}}));
  effects.clear();
  w.machine.answered(message.message, wire::Empty{}, w.now, effects);
  EXPECT_TRUE(effects.empty());
  EXPECT_TRUE(w.machine.registered());
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

// The fence may refuse some of them for ever.
TEST(Purging, IsAskedForEachInTurnWhenTheyAreMoreThanAMessageHolds) {
  Config config = World::default_config();
  config.quarantine_keep = seconds(100);
  World w(config);
  std::vector<FoundReplica> replicas;
  for (std::uint64_t i = 1; i <= 150; ++i) {
    replicas.push_back({block(i), 0, true, seconds(1000 - static_cast<std::int64_t>(i))});
  }
  w.start(replicas);
  w.register_and_report();
  std::map<std::uint64_t, int> named;
  const Instant end = w.now.mono + seconds(300);
  while (w.now.mono < end) {
    for (const wire::BlockInfo& replica : w.next_heartbeat().purge_wanted) {
      ++named[replica.id.value];
    }
    w.answer(w.reply_with({}));
  }
  EXPECT_EQ(named.size(), 150u);
  // Each in several messages of its turn.
  EXPECT_TRUE(std::ranges::all_of(named, [](const auto& each) { return each.second >= 5; }));
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
