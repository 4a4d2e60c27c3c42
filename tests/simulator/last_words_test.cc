// What the judges of deletions know of what DataNodes have told.
#include "simulator/world/last_words.h"

#include <gtest/gtest.h>

#include "simulator/world/orders.h"

namespace dfs::world {
namespace {

using wire::ReplicaEvent;

constexpr wire::BlockInfo kReplica{BlockId{7}, 100, 1};
constexpr NodeId kNode{3};
constexpr NodeId kVictim{4};

class LastWordsTest : public ::testing::Test {
 protected:
  LastWordsTest() { scene_.atlas.redefine(kReplica.id, kReplica); }

  void wait(Duration time) {
    scene_.queue.after(time, [] {});
    scene_.queue.run_next();
  }
  wire::Heartbeat heartbeat() { return {.mark = {kNode, 1, ++sequence_}}; }
  // It has told last that its replica is whole.
  [[nodiscard]] std::int64_t told_whole_us() const {
    return words_.whole(kNode, kReplica).value_or(LastWords::Whole{-1, 0}).told_us;
  }
  void tell(ReplicaEvent event, const wire::BlockInfo& replica = kReplica) {
    wire::Heartbeat message = heartbeat();
    message.changes = {{event, replica}};
    words_.datanode_says(message);
    words_.answered(message, wire::HeartbeatReply{});
  }
  void beat() { words_.datanode_says(heartbeat()); }
  void ask_to_confirm() {
    wire::HeartbeatReply reply;
    reply.orders.emplace_back().kind = wire::OrderKind::kConfirm;
    reply.orders.front().block = kReplica;
    reply.orders.front().order = 9;
    words_.answered(heartbeat(), reply);
  }
  void answer(Code code) {
    wire::Heartbeat message = heartbeat();
    message.results = {{9, Status(code, "")}};
    words_.answered(message, wire::HeartbeatReply{});
  }
  [[nodiscard]] bool survives(bool must_confirm = false) const {
    return believable_survivors(scene_, reports_, words_, kVictim, kReplica, must_confirm)
        .contains(kNode);
  }
  // The node counts, as far as words go: it has reported, and a fault took its copy only just now.
  void report_and_lose() {
    scene_.addresses = {{kNode, 1}, {kVictim, 2}};
    reports_.answered(wire::ReportDigests{{kNode, 1, 1}, {}}, wire::ReportDigestsReply{});
    scene_.atlas.destroyed(1, kReplica.id, scene_.now_us());
  }

  Plan plan_;
  Scene scene_{plan_};
  Reports reports_;
  LastWords words_{scene_};

 private:
  std::uint64_t sequence_ = 0;
};

TEST_F(LastWordsTest, AReplicaIsWholeSinceItsNodeStoredOrReadIt) {
  EXPECT_FALSE(words_.whole(kNode, kReplica));
  tell(ReplicaEvent::kStored);
  EXPECT_EQ(told_whole_us(), 0);
  wait(seconds(1));
  tell(ReplicaEvent::kVerified);
  EXPECT_EQ(told_whole_us(), 1'000'000);
}

TEST_F(LastWordsTest, WhatWasToldToBeBadOrGoneOrIsOfOtherContentIsNotWhole) {
  for (const ReplicaEvent event :
       {ReplicaEvent::kCorrupt, ReplicaEvent::kUnread, ReplicaEvent::kRemoved}) {
    tell(ReplicaEvent::kVerified);
    EXPECT_TRUE(words_.whole(kNode, kReplica));
    tell(event);
    EXPECT_FALSE(words_.whole(kNode, kReplica)) << wire::to_string(event);
  }
  tell(ReplicaEvent::kStored, {kReplica.id, 100, 2});
  EXPECT_FALSE(words_.whole(kNode, kReplica));
}

TEST_F(LastWordsTest, AReplicaIsRottenUntilItIsToldToBeWholeAlsoIfItCannotBeReadSince) {
  tell(ReplicaEvent::kUnread);
  EXPECT_FALSE(words_.rotten(kNode, kReplica.id));
  tell(ReplicaEvent::kCorrupt);
  EXPECT_TRUE(words_.rotten(kNode, kReplica.id));
  tell(ReplicaEvent::kUnread);
  EXPECT_TRUE(words_.rotten(kNode, kReplica.id));
  tell(ReplicaEvent::kVerified);
  EXPECT_FALSE(words_.rotten(kNode, kReplica.id));
}

TEST_F(LastWordsTest, AMessageThatIsSentAgainTellsNothingNew) {
  wire::Heartbeat old = heartbeat();
  old.changes = {{ReplicaEvent::kVerified, kReplica}};
  words_.answered(old, wire::HeartbeatReply{});
  wait(seconds(1));
  words_.answered(old, wire::HeartbeatReply{});
  EXPECT_EQ(told_whole_us(), 0);
}

// The first message of a session does not prove that the last one before it was heard.
TEST_F(LastWordsTest, WhatIsToldAgainInANewSessionMayBeOfBeforeTheUnansweredMessage) {
  beat();
  wait(seconds(1));
  wire::Heartbeat unheard = heartbeat();
  unheard.changes = {{ReplicaEvent::kVerified, kReplica}};
  words_.datanode_says(unheard);
  wait(seconds(1));
  wire::Heartbeat again = unheard;
  again.mark = {kNode, 2, 1};
  words_.datanode_says(again);
  words_.answered(again, wire::HeartbeatReply{});
  EXPECT_EQ(words_.whole(kNode, kReplica)->read_after_us, 0);
  wait(seconds(1));
  again.mark.sequence = 2;
  words_.datanode_says(again);
  words_.answered(again, wire::HeartbeatReply{});
  EXPECT_EQ(words_.whole(kNode, kReplica)->read_after_us, 2'000'000);
}

TEST_F(LastWordsTest, ACopyIsLongBadWhenNoOrderCanRelyOnAnOlderWord) {
  tell(ReplicaEvent::kVerified);
  wait(seconds(100));
  EXPECT_FALSE(words_.long_bad({kNode}, kReplica.id));
  tell(ReplicaEvent::kCorrupt);
  EXPECT_FALSE(words_.long_bad({kNode}, kReplica.id));
  wait(kOrdersKeep + milliseconds(1));
  EXPECT_TRUE(words_.long_bad({kNode}, kReplica.id));
  tell(ReplicaEvent::kStored);
  EXPECT_FALSE(words_.long_bad({kNode}, kReplica.id));
}

TEST_F(LastWordsTest, ASurvivorHasToldWithinTheScrubPeriodThatItIsWhole) {
  report_and_lose();
  EXPECT_FALSE(survives());
  tell(ReplicaEvent::kVerified);
  EXPECT_TRUE(survives());
  tell(ReplicaEvent::kCorrupt);
  EXPECT_FALSE(survives());
  tell(ReplicaEvent::kVerified);
  wait(plan_.namenode.scrub_period + seconds(2000));
  scene_.atlas.destroyed(1, kReplica.id, scene_.now_us());
  EXPECT_FALSE(survives());
}

// What was read before a heartbeat was made would have been told with it.
TEST_F(LastWordsTest, ACopyThatAFaultTookBeforeItWasReadIsNoSurvivor) {
  report_and_lose();
  wait(seconds(1));
  beat();
  tell(ReplicaEvent::kVerified);
  EXPECT_FALSE(survives());
}

TEST_F(LastWordsTest, ACopyThatAFaultTookBeforeItsNodeCouldTellOfItsReadingIsOne) {
  beat();
  report_and_lose();
  wait(seconds(1));
  tell(ReplicaEvent::kVerified);
  EXPECT_TRUE(survives());
}

TEST_F(LastWordsTest, ASurvivorOfAnExcessCopyHasAnsweredThatItIsThere) {
  report_and_lose();
  tell(ReplicaEvent::kVerified);
  EXPECT_FALSE(survives(true));
  ask_to_confirm();
  EXPECT_FALSE(survives(true));
  answer(Code::kNotFound);
  EXPECT_FALSE(survives(true));
  ask_to_confirm();
  answer(Code::kOk);
  EXPECT_TRUE(survives(true));
}

}  // namespace
}  // namespace dfs::world
