// The shipper with every message in the test's hands: what is out meanwhile, comes late or is odd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/namenode/shipper.h"

namespace dfs::namenode {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Position kBegin = 50;
const wire::CheckpointHeader kCheckpoint{
    .cluster = "c", .epoch = 1, .applied = kBegin, .length = 1000, .time = {}};

struct ShipperAlone {
  explicit ShipperAlone(const ShipperConfig& config) : shipper(config, "c", 1, kBegin) {}

  void live(const std::vector<std::uint64_t>& nodes) {
    std::vector<HomeCandidate> candidates;
    for (const std::uint64_t node : nodes) {
      candidates.push_back(
          {at("host" + std::to_string(node), node), "host" + std::to_string(node)});
    }
    shipper.set_candidates(candidates);
  }
  static wire::NodeAddress at(const std::string& address, std::uint64_t node) {
    return {.node = NodeId{node}, .client = address, .peer = address};
  }
  void commit(const std::vector<std::string>& lines) {
    shipper.ship(next, lines, 1, now);
    next += lines.size();
  }
  void pass(Duration time) { now.mono = now.mono + time; }
  ShipperEffects tick(Duration time = milliseconds(200)) {
    pass(time);
    ShipperEffects effects;
    shipper.tick(now, effects);
    return effects;
  }
  void answer(TransferId transfer, const wire::JournalState& state) {
    shipper.answered(transfer, state, now);
  }
  // The home that was asked knows nothing, and a checkpoint is made for it.
  void knows_nothing(TransferId asked) {
    answer(asked, {});
    only<MakeCheckpoint>(tick());
    shipper.checkpoint_made(kCheckpoint, now);
  }
  // A home that knows nothing is asked and gets a checkpoint.
  void begin() {
    knows_nothing(only<PostJournal>(tick()).transfer);
    answer(only<PutCheckpoint>(tick()).transfer, wire::journal_begin(kCheckpoint));
    only<DropCheckpoint>(tick());
  }
  [[nodiscard]] std::uint32_t following() const { return shipper.status(now).homes; }

  template <class T>
  static T only(const ShipperEffects& effects) {
    EXPECT_EQ(effects.size(), 1u);
    if (effects.size() == 1 && std::holds_alternative<T>(effects[0])) {
      return std::get<T>(effects[0]);
    }
    ADD_FAILURE() << "another effect";
    return {};
  }

  Position next = kBegin + 1;
  Now now{{seconds(100).us}, {0}};
  Shipper shipper;
};

// More than a buffer of 100 bytes holds.
const std::vector<std::string> kTooMany(10, std::string(20, 'x'));

TEST(ShipperAlone, ACheckpointThatTheBufferContinuesNoLongerIsMadeAnew) {
  ShipperAlone alone({.homes = 1, .buffer_bytes = 100});
  alone.live({1});
  alone.knows_nothing(alone.only<PostJournal>(alone.tick()).transfer);
  alone.commit(kTooMany);
  alone.only<DropCheckpoint>(alone.tick());
  alone.only<MakeCheckpoint>(alone.tick(seconds(10)));
}

TEST(ShipperAlone, ACheckpointIsKeptWhileItIsSentAndNotSentWhereItCannotBeContinued) {
  ShipperAlone alone({.homes = 2, .buffer_bytes = 100});
  alone.live({1, 2});
  const ShipperEffects asked = alone.tick();
  ASSERT_THAT(asked, SizeIs(2));
  alone.knows_nothing(std::get<PostJournal>(asked[0]).transfer);
  const auto put = alone.only<PutCheckpoint>(alone.tick());
  alone.commit(kTooMany);
  alone.answer(std::get<PostJournal>(asked[1]).transfer, {});
  EXPECT_THAT(alone.tick(), IsEmpty());
  alone.answer(put.transfer, wire::journal_begin(kCheckpoint));
  alone.only<DropCheckpoint>(alone.tick());
}

// A machine whose disk was exchanged takes, as the DataNode that it has become, what is sent to the
// one that it was.
TEST(ShipperAlone, WhatWasSentToAnAddressIsNoNewerHistoryUnderAnotherNumberThere) {
  ShipperAlone alone({.homes = 1});
  alone.live({1});
  alone.begin();
  alone.commit({"one"});
  const auto post = alone.only<PostJournal>(alone.tick());
  wire::JournalState has = wire::journal_begin(kCheckpoint);
  has.applied = kBegin + 1;
  has.chain = post.message.after;
  alone.shipper.set_candidates({{alone.at("host1", 2), "host1"}});
  alone.answer(alone.only<PostJournal>(alone.tick()).transfer, has);
  EXPECT_THAT(alone.tick(), IsEmpty());
  EXPECT_EQ(alone.following(), 1u);
  // It moves on with what it has.
  alone.shipper.set_candidates({});
  alone.tick();
  alone.shipper.set_candidates({{alone.at("host3", 2), "host3"}});
  alone.answer(alone.only<PostJournal>(alone.tick()).transfer, has);
  EXPECT_THAT(alone.tick(), IsEmpty());
}

TEST(ShipperAlone, ACheckpointOfTheEpochBeforeIsNotSent) {
  ShipperAlone alone({.homes = 2});
  alone.live({1, 2});
  const ShipperEffects asked = alone.tick();
  ASSERT_THAT(asked, SizeIs(2));
  alone.knows_nothing(std::get<PostJournal>(asked[0]).transfer);
  alone.shipper.ship(alone.next, {"raised"}, 2, alone.now);
  alone.answer(std::get<PostJournal>(asked[1]).transfer, {});
  const ShipperEffects effects = alone.tick();
  ASSERT_THAT(effects, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<DropCheckpoint>(effects[0]));
  EXPECT_EQ(std::get<PostJournal>(effects[1]).message.epoch, 2u) << "the first one is asked again";
}

TEST(ShipperAlone, AHomeWithOtherCommandsUnderTheSamePositionsIsNotFollowed) {
  for (const std::uint64_t other : {0u, 1u}) {
    ShipperAlone alone({.homes = 1});
    alone.live({1});
    alone.begin();
    alone.commit({"a", "b"});
    const auto sent = alone.only<PostJournal>(alone.tick());
    wire::JournalState state = wire::journal_begin(kCheckpoint);
    state.applied += 2;
    state.chain = sent.message.after ^ other;
    alone.answer(sent.transfer, state);
    EXPECT_EQ(alone.following(), other == 0 ? 1u : 0u);
  }
}

TEST(ShipperAlone, AHomeThatIsAheadOfThisHistoryIsNeitherFollowedNorDisplaced) {
  for (const bool newer_epoch : {false, true}) {
    ShipperAlone alone({.homes = 2});
    alone.live({1, 2});
    const ShipperEffects asked = alone.tick();
    ASSERT_THAT(asked, SizeIs(2));
    wire::JournalState ahead = wire::journal_begin(kCheckpoint);
    (newer_epoch ? ahead.epoch : ahead.applied) += 10;
    alone.answer(std::get<PostJournal>(asked[0]).transfer, ahead);
    EXPECT_EQ(alone.only<TellNewerHistory>(alone.tick()).epoch, ahead.epoch);
    alone.answer(std::get<PostJournal>(asked[1]).transfer, {});
    EXPECT_THAT(alone.tick(seconds(100)), IsEmpty()) << "the other one gets nothing either";
    EXPECT_THAT(alone.shipper.warning(alone.now), HasSubstr("newer history"));
    EXPECT_EQ(alone.following(), 0u);

    alone.shipper.ship(alone.next, {"accepted"}, ahead.epoch + 1, alone.now);
    EXPECT_THAT(alone.tick(), SizeIs(2)) << "both are asked, for the raised epoch";
  }
}

TEST(ShipperAlone, AHomeThatHasMoreThanItWasSentIsNotFollowedAfterThisHistoryHasGrownPastIt) {
  ShipperAlone alone({.homes = 1});
  alone.live({1});
  const auto asked = alone.only<PostJournal>(alone.tick());
  alone.commit({"a", "b", "c"});
  wire::JournalState other = wire::journal_begin(kCheckpoint);
  other.applied += 2;
  alone.answer(asked.transfer, other);
  EXPECT_EQ(alone.only<TellNewerHistory>(alone.tick()).epoch, 1u);
  EXPECT_THAT(alone.tick(seconds(100)), IsEmpty());
}

// Their disks were exchanged, and neither has registered since.
TEST(ShipperAlone, WhoAnswersInAnothersPlaceIsAheadOfNobody) {
  ShipperAlone alone({.homes = 1});
  alone.live({1});
  const auto asked = alone.only<PostJournal>(alone.tick());
  wire::JournalState state = wire::journal_begin(kCheckpoint);
  state.applied += 2;
  state.node = NodeId{2};
  alone.answer(asked.transfer, state);
  const auto again = alone.only<PostJournal>(alone.tick(seconds(100)));
  state.node = NodeId{1};
  alone.answer(again.transfer, state);
  EXPECT_EQ(alone.only<TellNewerHistory>(alone.tick()).epoch, 1u);
}

// Behind such an epoch the NameNode would be read-only for ever, and what a home has of another
// cluster says nothing of what it was sent.
TEST(ShipperAlone, WhatAHomeCannotHaveIsNoAnswer) {
  wire::JournalState impossible = wire::journal_begin(kCheckpoint);
  impossible.epoch = kMaxEpoch;
  wire::JournalState foreign = wire::journal_begin(kCheckpoint);
  foreign.cluster = "d";
  foreign.applied = kBegin + 100;
  for (const wire::JournalState& state : {impossible, foreign}) {
    ShipperAlone alone({.homes = 1});
    alone.live({1});
    alone.answer(alone.only<PostJournal>(alone.tick()).transfer, state);
    EXPECT_THAT(alone.tick(), IsEmpty());
    alone.knows_nothing(alone.only<PostJournal>(alone.tick(seconds(1))).transfer);
    alone.only<PutCheckpoint>(alone.tick());
  }
}

TEST(ShipperAlone, NothingIsSentWhileTheNameNodeIsBehindANewerHistory) {
  ShipperAlone alone({.homes = 1});
  alone.live({1});
  alone.knows_nothing(alone.only<PostJournal>(alone.tick()).transfer);
  alone.shipper.set_behind(true);
  alone.only<DropCheckpoint>(alone.tick());
  alone.commit({"a"});
  EXPECT_THAT(alone.tick(seconds(100)), IsEmpty());
  EXPECT_THAT(alone.shipper.warning(alone.now), HasSubstr("newer history"));

  alone.shipper.ship(alone.next, {"accepted"}, 2, alone.now);
  alone.shipper.set_behind(false);
  EXPECT_EQ(alone.only<PostJournal>(alone.tick()).message.epoch, 2u);
}

TEST(ShipperAlone, AHomeGetsNoCheckpointThatIsBehindWhatItHas) {
  ShipperAlone alone({.homes = 2});
  alone.live({1});
  alone.begin();
  alone.commit({"a", "b"});
  const auto sent = alone.only<PostJournal>(alone.tick());
  alone.live({1, 2});
  alone.answer(alone.only<PostJournal>(alone.tick()).transfer, {});
  alone.only<MakeCheckpoint>(alone.tick(seconds(10)));
  alone.shipper.checkpoint_made(kCheckpoint, alone.now);
  const auto put = alone.only<PutCheckpoint>(alone.tick());
  EXPECT_EQ(put.to.node, NodeId{2});
  wire::JournalState odd = wire::journal_begin(kCheckpoint);
  odd.applied += 2;
  alone.answer(sent.transfer, odd);
  EXPECT_THAT(alone.tick(), IsEmpty());
  alone.answer(put.transfer, wire::journal_begin(kCheckpoint));
  const ShipperEffects effects = alone.tick(seconds(10));
  ASSERT_THAT(effects, SizeIs(3));
  EXPECT_TRUE(std::holds_alternative<DropCheckpoint>(effects[0]));
  EXPECT_TRUE(std::holds_alternative<MakeCheckpoint>(effects[1])) << "for the first one";
  EXPECT_EQ(std::get<PostJournal>(effects[2]).to.node, NodeId{2});
}

// A batch without an answer may arrive late, and must not pass for a newer history then.
TEST(ShipperAlone, AHomeGetsNoCheckpointThatIsBehindWhatIsOnItsWay) {
  ShipperAlone alone({.homes = 2, .buffer_bytes = 100});
  alone.live({1});
  alone.begin();
  alone.commit({"a", "b"});
  const auto late = alone.only<PostJournal>(alone.tick());
  alone.live({1, 2});
  alone.answer(alone.only<PostJournal>(alone.tick()).transfer, {});
  alone.only<MakeCheckpoint>(alone.tick(seconds(10)));
  wire::CheckpointHeader checkpoint = kCheckpoint;
  checkpoint.applied = kBegin + 1;
  alone.shipper.checkpoint_made(checkpoint, alone.now);
  EXPECT_EQ(alone.only<PutCheckpoint>(alone.tick()).to.node, NodeId{2});
  alone.shipper.failed(late.transfer, alone.now);
  alone.commit({std::string(99, 'x')});  // the buffer begins behind what the first home has
  const auto question = alone.only<PostJournal>(alone.tick(seconds(2)));
  EXPECT_EQ(question.to.node, NodeId{1});
  alone.answer(question.transfer, wire::journal_begin(kCheckpoint));
  EXPECT_THAT(alone.tick(), IsEmpty()) << "the checkpoint of the second home is too old";
}

TEST(ShipperAlone, AHomeIsNotExchangedWhileItsAnswerIsAwaited) {
  ShipperAlone alone({.homes = 1, .failures_to_exchange = 1});
  alone.live({1});
  alone.shipper.failed(alone.only<PostJournal>(alone.tick()).transfer, alone.now);
  const auto again = alone.only<PostJournal>(alone.tick(seconds(1)));
  alone.live({1, 2});
  EXPECT_THAT(alone.tick(), IsEmpty());
  alone.shipper.failed(again.transfer, alone.now);
  EXPECT_EQ(alone.only<PostJournal>(alone.tick()).to.node, NodeId{2});
}

TEST(ShipperAlone, AJournalGrownTooLongWaitsForWhatIsOut) {
  ShipperAlone alone({.homes = 1, .checkpoint_after = 0});
  alone.live({1});
  alone.begin();
  alone.commit({"a"});
  const auto sent = alone.only<PostJournal>(alone.tick());
  EXPECT_THAT(alone.tick(seconds(60)), IsEmpty());
  wire::JournalState state = wire::journal_begin(kCheckpoint);
  state.applied += 1;
  state.chain = sent.message.after;
  alone.answer(sent.transfer, state);
  alone.only<MakeCheckpoint>(alone.tick());
}

TEST(ShipperAlone, AJournalGrownTooLongGoesOnWhileNoCheckpointCanBeMade) {
  ShipperAlone alone({.homes = 1, .checkpoint_after = 0});
  alone.live({1});
  alone.begin();
  alone.only<MakeCheckpoint>(alone.tick(seconds(60)));
  alone.shipper.checkpoint_failed("the disk is full", alone.now);
  alone.commit({"a"});
  const auto sent = alone.only<PostJournal>(alone.tick());
  EXPECT_EQ(sent.message.lines, std::vector<std::string>{"a"});
  EXPECT_THAT(alone.shipper.warning(alone.now),
              HasSubstr("no checkpoint of it can be made: the disk is full"));
  wire::JournalState state = wire::journal_begin(kCheckpoint);
  state.applied += 1;
  state.chain = sent.message.after;
  alone.answer(sent.transfer, state);
  alone.only<MakeCheckpoint>(alone.tick(seconds(60)));
  wire::CheckpointHeader made = kCheckpoint;
  made.applied += 1;
  alone.shipper.checkpoint_made(made, alone.now);
  alone.answer(alone.only<PutCheckpoint>(alone.tick()).transfer, wire::journal_begin(made));
  EXPECT_EQ(alone.shipper.warning(alone.now), "");
}

TEST(ShipperAlone, AHomeThatCouldNotTakeACheckpointFollowsBeforeItIsSentAnother) {
  ShipperAlone alone({.homes = 1, .checkpoint_after = 0});
  alone.live({1});
  alone.begin();
  alone.only<MakeCheckpoint>(alone.tick(seconds(60)));
  alone.shipper.checkpoint_made(kCheckpoint, alone.now);
  alone.shipper.failed(alone.only<PutCheckpoint>(alone.tick()).transfer, alone.now);
  alone.commit({"a"});
  const ShipperEffects effects = alone.tick(seconds(20));
  ASSERT_THAT(effects, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<DropCheckpoint>(effects[0]));
  alone.answer(std::get<PostJournal>(effects[1]).transfer, wire::journal_begin(kCheckpoint));
  EXPECT_THAT(alone.only<PostJournal>(alone.tick()).message.lines, SizeIs(1));
}

TEST(ShipperAlone, ACommandThatNoMessageCanCarryGoesWithACheckpoint) {
  ShipperAlone alone({.homes = 1});
  alone.live({1});
  alone.begin();
  alone.commit({"a", std::string(wire::kMaxAppendBytes + 1, 'x'), "b"});
  EXPECT_THAT(alone.tick(), IsEmpty());
  alone.only<MakeCheckpoint>(alone.tick(seconds(10)));
  wire::CheckpointHeader made = kCheckpoint;
  made.applied += 2;
  alone.shipper.checkpoint_made(made, alone.now);
  alone.answer(alone.only<PutCheckpoint>(alone.tick()).transfer, wire::journal_begin(made));
  const ShipperEffects effects = alone.tick();
  ASSERT_THAT(effects, SizeIs(2));
  EXPECT_EQ(std::get<PostJournal>(effects[1]).message.lines, std::vector<std::string>{"b"});
}

TEST(ShipperAlone, WhatIsMissingElsewhereIsAsOldAsWhatTheBufferStillHas) {
  ShipperAlone alone({.homes = 1, .buffer_bytes = 100});
  alone.live({1});
  alone.begin();
  alone.commit({std::string(200, 'x')});
  alone.pass(seconds(1));
  EXPECT_EQ(alone.shipper.status(alone.now).oldest, Duration{}) << "nothing is left in the buffer";
  alone.pass(seconds(19));
  alone.commit({"a", "b"});
  alone.pass(seconds(11));
  EXPECT_EQ(alone.shipper.status(alone.now).oldest, seconds(11));
  EXPECT_THAT(alone.shipper.warning(alone.now), HasSubstr("the last 3 changes"));
}

}  // namespace
}  // namespace dfs::namenode
