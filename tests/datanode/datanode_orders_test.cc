// The DataNode machine: what it does with orders.
#include "tests/datanode/datanode_world.h"

namespace dfs::datanode {
namespace {

TEST(Orders, WaitUntilTheHistoryMarkIsDurable) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.mark.applied = 11;
  w.next_heartbeat();
  w.answer(w.reply_with({order(1, OrderKind::kQuarantine, block(1))}));
  EXPECT_TRUE(w.tasks.empty());
  ASSERT_EQ(w.persists.size(), 1u);
  EXPECT_EQ(w.persists.front().identity.seen, w.mark);
  w.persist();
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kQuarantine);
}

TEST(Orders, ThatComeTwiceAreCarriedOutOnce) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  const auto copy = order(7, OrderKind::kCopy, block(9), {2});
  w.order({copy, copy});
  w.order({copy});
  EXPECT_EQ(w.tasks.size(), 1u);
  w.finish({}, 1);
  EXPECT_EQ(w.result_of(7), Status());
  w.order({copy});
  EXPECT_TRUE(w.tasks.empty());
  EXPECT_EQ(w.result_of(7), Status());
  EXPECT_EQ(w.machine.find(BlockId{9})->volume, 1u);
}

TEST(Orders, RunSoManyAtOnceAndOneABlock) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    orders.push_back(order(i, OrderKind::kCopy, block(100 + i / 2), {2}));
  }
  w.order(orders);
  EXPECT_EQ(w.tasks.size(), 4u);
  std::set<std::uint64_t> blocks;
  for (const StartTask& task : w.tasks) {
    EXPECT_TRUE(blocks.insert(task.order.block.id.value).second);
  }
  for (int i = 0; i < 20 && !w.tasks.empty(); ++i) w.finish({});
  EXPECT_EQ(w.machine.replicas(), 7u);
}

TEST(Orders, VerificationsDoNotHoldCopiesUp) {
  World w;
  std::vector<FoundReplica> replicas;
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    replicas.push_back(found(i));
    orders.push_back(order(i, OrderKind::kVerify, block(i)));
  }
  orders.push_back(order(101, OrderKind::kCopy, block(500), {2}));
  w.start(replicas);
  w.register_and_report();
  w.order(orders);
  EXPECT_EQ(w.tasks.size(), 3u);
  EXPECT_TRUE(std::any_of(w.tasks.begin(), w.tasks.end(),
                          [](const StartTask& t) { return t.kind == OrderKind::kCopy; }));
}

TEST(Orders, MooseFS_151_AnOlderHistoryRemovesNothing) {
  World w;
  w.start({found(1)}, {"c1", NodeId{4}, {1, 50, 100}});
  w.register_and_report();
  EXPECT_EQ(w.machine.identity().seen, (wire::HistoryMark{1, 50, 100}));
  EXPECT_EQ(w.next_heartbeat().seen, (wire::HistoryMark{1, 50, 100}));
  w.order({order(1, OrderKind::kQuarantine, block(1)), order(2, OrderKind::kPurge, block(1)),
           order(3, OrderKind::kVerify, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  EXPECT_EQ(w.result_of(1)->code(), Code::kReadOnly);
}

TEST(Orders, OfAHistoryThatIsOlderThanAReplicaRemoveNothing) {
  for (const bool quarantined : {false, true}) {
    World w;
    w.mark = {1, 10, first_id_of_epoch(1)};
    const std::uint64_t younger = w.mark.block + 1;
    w.start({found(younger, 0, quarantined), found(1)}, {"c1", NodeId{4}, w.mark});
    EXPECT_EQ(w.last<wire::Register>().seen, (wire::HistoryMark{1, 10, younger}));
    w.register_and_report();
    w.order({order(1, OrderKind::kQuarantine, block(1))});
    EXPECT_TRUE(w.tasks.empty());
    EXPECT_EQ(w.result_of(1)->code(), Code::kReadOnly);
  }
}

TEST(Orders, OfAHistoryThatIsOlderThanAFreshReplicaRemoveNothing) {
  World w;
  w.mark = {1, 10, first_id_of_epoch(1)};
  w.start({found(1)}, {"c1", NodeId{4}, w.mark});
  w.register_and_report();
  w.stored(block(w.mark.block + 1));
  w.order({order(1, OrderKind::kQuarantine, block(1))});
  EXPECT_TRUE(w.tasks.empty());
  EXPECT_EQ(w.result_of(1)->code(), Code::kReadOnly);
}

TEST(Epoch, ThatIsRaisedIsMadeDurableAtOnce) {
  for (const bool registering : {false, true}) {
    World w;
    w.start({}, {"c1", NodeId{4}, w.mark});
    if (!registering) w.register_and_report();
    w.mark.epoch = 2;
    if (registering) {
      w.answer(w.registration(1));
      EXPECT_TRUE(w.machine.registered()) << "nothing waits for it";
    } else {
      w.next_heartbeat();
      w.answer(w.reply_with({}));
    }
    ASSERT_EQ(w.persists.size(), 1u);
    EXPECT_EQ(w.persists.front().identity.seen.epoch, 2u);
  }
}

TEST(Orders, OfAnOlderEpochAreRefused) {
  World w;
  w.start({found(1)}, {"c1", NodeId{4}, {2, 5, 100}});
  w.register_and_report();
  w.mark = {1, 500, 100};
  w.order({order(3, OrderKind::kVerify, block(1)), order(4, OrderKind::kCopy, block(8), {2})});
  EXPECT_TRUE(w.tasks.empty());
  EXPECT_EQ(w.result_of(4)->code(), Code::kReadOnly);
}

TEST(Orders, ThatWereBegunAreNotRefusedWhenTheyComeAgainFromAnOlderEpoch) {
  World w;
  w.start({found(1)}, {"c1", NodeId{4}, {2, 5, 100}});
  w.mark = {2, 5, 100};
  w.register_and_report();
  w.order({order(1, OrderKind::kVerify, block(1))});
  w.mark = {1, 500, 100};
  w.order({order(1, OrderKind::kVerify, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_TRUE(w.next_heartbeat().results.empty());
  w.finish({});
  EXPECT_EQ(w.result_of(1), Status());
}

TEST(Orders, OfAnEarlierSessionAreNeitherBegunNorAnswered) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 6; ++i)
    orders.push_back(order(i, OrderKind::kCopy, block(9 + i), {2}));
  w.order(orders);
  ASSERT_EQ(w.tasks.size(), 4u);
  w.next_heartbeat();
  w.answer(Status(Code::kStale, "register again"));
  w.reported = false;
  w.register_and_report(2);
  while (!w.tasks.empty()) w.finish({});
  EXPECT_EQ(w.machine.replicas(), 5u);
  EXPECT_EQ(w.result_of(1), std::nullopt);
}

TEST(Orders, HDFS_3391_OtherContentUnderTheSameIdIsNotRemoved) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kQuarantine, block(1, 100, 8))});
  EXPECT_TRUE(w.tasks.empty());
  EXPECT_EQ(w.result_of(1)->code(), Code::kNotFound);
  EXPECT_TRUE(w.machine.find(BlockId{1}));
}

TEST(Orders, QuarantineRestoreAndPurgeFollowTheReplica) {
  World w;
  w.start({found(1, 1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kQuarantine, block(1))});
  EXPECT_EQ(w.tasks.front().volume, 1u);
  w.finish({}, 1);
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kRemoved});
  w.order({order(2, OrderKind::kRestore, block(1))});
  EXPECT_EQ(w.tasks.front().volume, 1u);
  w.finish({}, 1);
  EXPECT_TRUE(w.machine.find(BlockId{1}));
  EXPECT_EQ(events_of(w.news(), 1), std::vector{ReplicaEvent::kStored});
  w.order({order(3, OrderKind::kPurge, block(1))});
  EXPECT_TRUE(w.tasks.empty()) << "it is not in quarantine";
  w.order({order(4, OrderKind::kQuarantine, block(1))});
  w.finish({}, 1);
  w.order({order(5, OrderKind::kPurge, block(1))});
  ASSERT_EQ(w.tasks.size(), 1u);
  w.finish({}, 1);
  w.order({order(6, OrderKind::kRestore, block(1))});
  EXPECT_EQ(w.result_of(6)->code(), Code::kNotFound);
}

TEST(Orders, ARestoreOfARottenReplicaFailsAndKeepsIt) {
  World w;
  w.start({found(1, 0, true)});
  w.register_and_report();
  w.order({order(1, OrderKind::kRestore, block(1))});
  w.finish(kRotten);
  EXPECT_EQ(w.result_of(1)->code(), Code::kCorrupt);
  EXPECT_FALSE(w.machine.find(BlockId{1}));
  w.order({order(2, OrderKind::kPurge, block(1))});
  EXPECT_EQ(w.tasks.size(), 1u) << "it is still there";
}

TEST(Orders, AConfirmationIsAnsweredFromWhatIsKnown) {
  World w;
  w.start({found(1), found(2), found(3)});
  w.register_and_report();
  w.suspect(2);
  w.finish(kRotten);
  w.suspect(3);
  w.order({order(1, OrderKind::kConfirm, block(1)), order(2, OrderKind::kConfirm, block(2)),
           order(3, OrderKind::kConfirm, block(3)), order(4, OrderKind::kConfirm, block(4)),
           order(5, OrderKind::kConfirm, block(1, 99))});
  const wire::Heartbeat heartbeat = w.next_heartbeat();
  std::map<std::uint64_t, Code> codes;
  for (const auto& result : heartbeat.results) codes[result.order] = result.status.code();
  EXPECT_EQ(codes[1], Code::kOk);
  EXPECT_EQ(codes[2], Code::kCorrupt);
  EXPECT_EQ(codes[3], Code::kUnavailable);
  EXPECT_EQ(codes[4], Code::kNotFound);
  EXPECT_EQ(codes[5], Code::kNotFound);
}

TEST(Orders, ACopyOfWhatIsHereReadsItInstead) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kCopy, block(1), {2, 3})});
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  w.finish(kRotten);
  EXPECT_EQ(w.result_of(1)->code(), Code::kCorrupt);
  w.order({order(2, OrderKind::kCopy, block(1), {2, 3})});
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kCopy);
}

TEST(Orders, HDFS_2290_ARottenReplicaIsRepairedInPlace) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kCopy, block(1), {2, 4})});  // this node is number 4
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kCopy);
  w.finish({}, 1);
  EXPECT_EQ(w.result_of(1), Status());
  EXPECT_FALSE(w.machine.find(BlockId{1})->corrupt);
  EXPECT_EQ(w.machine.find(BlockId{1})->volume, 1u);
  w.order({order(2, OrderKind::kPurge, block(1))});
  EXPECT_EQ(w.tasks.size(), 1u) << "the rotten one is in quarantine";
}

TEST(Orders, OfABlockThatIsBusyHoldUpOnlySoManyOthers) {
  for (const std::uint64_t behind : {63u, 64u}) {
    World w;
    w.start();
    w.register_and_report();
    std::vector<wire::Order> orders;
    for (std::uint64_t i = 0; i <= behind; ++i) {
      orders.push_back(order(1 + i, OrderKind::kCopy, block(1, 100 + i), {2}));
    }
    orders.push_back(order(1000, OrderKind::kCopy, block(2), {2}));
    w.order(orders);
    EXPECT_EQ(w.tasks.size(), behind < 64 ? 2u : 1u);
  }
}

TEST(Orders, AreRememberedWhenTheyAreDoneAndOnlySoManyOfThem) {
  for (const std::uint64_t later : {1999u, 2000u}) {
    World w;
    w.start();
    w.register_and_report();
    const auto copy = order(1, OrderKind::kCopy, block(9), {2, 4});
    w.order({copy});
    w.finish({});
    std::vector<wire::Order> more;
    for (std::uint64_t i = 0; i < later; ++i) {
      more.push_back(order(2 + i, OrderKind::kConfirm, block(9)));
    }
    w.order(more);
    w.order({copy});
    EXPECT_EQ(w.tasks.size(), later < 2000 ? 0u : 1u);
  }
}

TEST(Orders, B3_HaveAtMostTenThousandResultsWaiting) {
  World w;
  w.start({found(9)});
  w.register_and_report();
  std::vector<wire::Order> orders;
  for (std::uint64_t i = 1; i <= 10'005; ++i) {
    orders.push_back(order(i, OrderKind::kConfirm, block(9)));
  }
  orders.push_back(orders.back());  // … also when one is asked for again
  w.order(orders);
  std::size_t results = 0;
  for (int i = 0; i < 12; ++i) {
    results += w.next_heartbeat().results.size();
    w.answer(w.reply_with({}));
  }
  EXPECT_EQ(results, 10'000u);
}

TEST(Orders, AboutAQuarantineOnAVolumeThatFailedMeanwhileChangeNothing) {
  for (const OrderKind kind : {OrderKind::kPurge, OrderKind::kRestore}) {
    for (const Status& end : {Status(), kAbsent, kUnreadable, kRotten}) {
      if (kind == OrderKind::kRestore && end.ok()) continue;
      World w;
      w.start({found(1, 0, true)});
      w.register_and_report();
      w.order({order(1, kind, block(1))});
      ASSERT_EQ(w.tasks.size(), 1u);
      w.volume_failed(0);
      w.finish(end);
      EXPECT_EQ(w.result_of(1), end);
      EXPECT_FALSE(w.machine.find(BlockId{1}));
    }
  }
}

TEST(Orders, ThatMovedAReplicaBeforeItsPublicationWasToldOfAreFoundOut) {
  World w;
  w.start({found(1)});
  w.register_and_report();
  w.order({order(1, OrderKind::kQuarantine, block(1))});
  w.finish({});  // it had waited for the publication of the next one, and moved that
  w.stored(block(1));
  w.order({order(2, OrderKind::kConfirm, block(1))});
  EXPECT_EQ(w.result_of(2)->code(), Code::kUnavailable);
  ASSERT_EQ(w.tasks.size(), 1u);
  EXPECT_EQ(w.tasks.front().kind, OrderKind::kVerify);
  w.finish(kAbsent);
  EXPECT_FALSE(w.machine.find(BlockId{1}));
}

TEST(Orders, ToRestoreWhatIsNotInQuarantineAfterAllForgetIt) {
  World w;
  w.start({found(1, 0, true)});
  w.register_and_report();
  w.order({order(1, OrderKind::kRestore, block(1))});
  w.finish(kAbsent);
  w.order({order(2, OrderKind::kRestore, block(1))});
  EXPECT_TRUE(w.tasks.empty()) << "it is known not to be there";
  EXPECT_EQ(w.result_of(2)->code(), Code::kNotFound);
}

TEST(Found, RotElsewhereIsToldOfUpToAThousandReplicasAtOnce) {
  World w;
  w.start();
  w.register_and_report();
  EffectList effects;
  w.next_heartbeat();
  for (std::uint64_t i = 1; i <= 1001; ++i) {
    w.machine.found_bad({BlockId{i}, NodeId{8}}, w.now, effects);
  }
  w.answer(w.reply_with({}));
  for (int i = 0; i < 100 && !w.said<wire::ReportBad>(); ++i) {
    if (!w.messages.empty()) w.answer(w.reply_with({}));
    w.pass(milliseconds(100));
  }
  ASSERT_TRUE(w.said<wire::ReportBad>());
  EXPECT_EQ(w.last<wire::ReportBad>().replicas.size(), 1000u);
}

}  // namespace
}  // namespace dfs::datanode
