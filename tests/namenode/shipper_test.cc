// The shipper against homes that fail, lose power, vanish and come back.
#include "core/namenode/shipper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>
#include <set>
#include <tuple>

namespace dfs::namenode {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string command(std::uint64_t epoch, Position position) {
  return "command " + std::to_string(epoch) + "/" + std::to_string(position);
}

// A DataNode's memory of the metadata.
struct FakeHome {
  wire::JournalState state;
  std::string text;
  std::set<Position> checkpoints;

  [[nodiscard]] bool refuses(const wire::CheckpointHeader& checkpoint) const {
    return std::tuple(checkpoint.epoch, checkpoint.applied) <
           std::tuple(state.epoch, state.applied);
  }
  void take(const wire::CheckpointHeader& checkpoint) {
    state = wire::journal_begin(checkpoint);
    text = wire::journal_head(checkpoint);
    checkpoints.insert(checkpoint.applied);
  }
};

// A NameNode with a shipper, and DataNodes around it.
struct Cluster {
  explicit Cluster(ShipperConfig with = {}) : config(with), shipper(config, "c", epoch, applied) {}

  void run(std::uint64_t commands) {
    const Position first = applied + 1;
    std::vector<std::string> lines;
    for (std::uint64_t i = 0; i < commands; ++i) lines.push_back(command(epoch, ++applied));
    shipper.ship(first, std::move(lines), epoch, now);
  }
  void raise_epoch() {
    ++epoch;
    run(1);
  }
  void live(const std::vector<std::uint64_t>& nodes) {
    std::vector<HomeCandidate> candidates;
    for (const std::uint64_t node : nodes) {
      const std::string address = "node" + std::to_string(node);
      candidates.push_back({{.node = NodeId{node}, .client = address, .peer = address},
                            "host" + std::to_string(node / 10)});
    }
    shipper.set_candidates(candidates);
  }
  void pass(Duration time) {
    now.mono = now.mono + time;
    ShipperEffects effects;
    shipper.tick(now, effects);
    for (const ShipperEffect& effect : effects) carry_out(effect);
  }
  void pass_seconds(int count) {
    for (int i = 0; i < count * 10; ++i) pass(milliseconds(100));
  }

  void carry_out(const ShipperEffect& effect) {
    ++messages;
    if (const auto* post = std::get_if<PostJournal>(&effect)) {
      appends += post->message.lines.empty() ? 0 : 1;
      deliver(post->transfer, post->to.node, [&](FakeHome& home) {
        const Result<std::string> more = wire::extend_journal(home.state, post->message);
        ASSERT_TRUE(more.ok());
        home.text += *more;
      });
    } else if (const auto* put = std::get_if<PutCheckpoint>(&effect)) {
      if (is_full(put->to.node)) return shipper.failed(put->transfer, now);
      deliver(put->transfer, put->to.node, [&](FakeHome& home) {
        EXPECT_FALSE(home.refuses(put->checkpoint));
        home.take(put->checkpoint);
      });
    } else if (std::holds_alternative<MakeCheckpoint>(effect)) {
      ++checkpoints_made;
      const wire::CheckpointHeader header{
          .cluster = "c", .epoch = epoch, .applied = applied, .length = 1000, .time = {}};
      if (fail_checkpoints) return shipper.checkpoint_failed("full", now);
      shipper.checkpoint_made(header, now);
    }
  }
  template <class F>
  void deliver(TransferId transfer, NodeId node, F&& arrive) {
    if (lose_request(node)) return shipper.failed(transfer, now);
    arrive(homes[node]);
    if (lose_answer(node)) return shipper.failed(transfer, now);
    shipper.answered(transfer, homes[node].state, now);
  }

  // The home's journal, whole and right up to `position`.
  void expect_whole(NodeId node, Position position) {
    const Result<wire::Journal> journal = wire::read_journal(homes[node].text);
    ASSERT_TRUE(journal.ok());
    EXPECT_FALSE(journal->damaged);
    EXPECT_EQ(journal->state.applied, position);
    for (const wire::JournalLine& line : journal->lines) {
      EXPECT_EQ(line.command, command(epoch, line.position));
    }
  }

  ShipperConfig config;
  std::uint64_t epoch = 1;
  Position applied = 50;
  Now now{{seconds(100).us}, {0}};
  std::map<NodeId, FakeHome> homes;
  std::function<bool(NodeId)> lose_request = [](NodeId) { return false; };
  std::function<bool(NodeId)> is_full = [](NodeId) { return false; };
  std::function<bool(NodeId)> lose_answer = [](NodeId) { return false; };
  bool fail_checkpoints = false;
  int messages = 0;
  int appends = 0;
  int checkpoints_made = 0;
  Shipper shipper;
};

TEST(Shipper, BringsTwoDataNodesOnDistinctHostsUpToDate) {
  Cluster cluster;
  cluster.live({1, 2, 11, 21});
  cluster.run(5);
  cluster.pass_seconds(2);
  cluster.run(7);
  cluster.pass_seconds(1);
  EXPECT_EQ(cluster.homes.size(), 2u);
  cluster.expect_whole(NodeId{1}, 62);
  cluster.expect_whole(NodeId{11}, 62);
  EXPECT_EQ(cluster.checkpoints_made, 1);
  EXPECT_EQ(cluster.shipper.warning(cluster.now), "");
  EXPECT_EQ(cluster.shipper.status(cluster.now).elsewhere, 62u);
}

TEST(Shipper, TakesTheOnlyHostTwiceIfThereIsNoOther) {
  Cluster cluster;
  cluster.live({1, 2});
  cluster.pass_seconds(1);
  EXPECT_EQ(cluster.homes.size(), 2u);
}

TEST(Shipper, SpreadsOverHostsAgainWhenOneComesBack) {
  Cluster cluster;
  cluster.live({1, 2});
  cluster.run(5);
  cluster.pass_seconds(10);
  EXPECT_EQ(cluster.shipper.warning(cluster.now), "") << "there is no other host";
  cluster.lose_request = [](NodeId node) { return node == NodeId{11}; };
  cluster.live({1, 2, 11});
  cluster.run(5);
  cluster.pass_seconds(2);
  EXPECT_EQ(cluster.shipper.status(cluster.now).homes, 2u) << "none is given up before";
  EXPECT_THAT(cluster.shipper.warning(cluster.now), HasSubstr("on one host"));
  cluster.lose_request = [](NodeId) { return false; };
  cluster.pass_seconds(30);
  cluster.run(5);
  cluster.pass_seconds(2);
  EXPECT_EQ(cluster.shipper.status(cluster.now).homes, 2u);
  EXPECT_EQ(cluster.shipper.warning(cluster.now), "");
  cluster.expect_whole(NodeId{11}, cluster.applied);
}

TEST(Shipper, BringsADataNodeThatRegistersALittleLaterUpToDateWithinTheWindow) {
  Cluster cluster;
  cluster.live({1});
  cluster.run(5);
  cluster.pass_seconds(1);
  EXPECT_EQ(cluster.shipper.status(cluster.now).homes, 1u);
  cluster.live({1, 11});
  cluster.pass_seconds(static_cast<int>(cluster.config.window.us / seconds(1).us));
  EXPECT_EQ(cluster.shipper.status(cluster.now).homes, 2u);
  cluster.expect_whole(NodeId{11}, cluster.applied);
  EXPECT_EQ(cluster.shipper.warning(cluster.now), "");
}

TEST(Shipper, GathersCommandsForAMoment) {
  Cluster cluster;
  cluster.live({1});
  cluster.pass_seconds(1);
  cluster.appends = 0;
  for (int i = 0; i < 100; ++i) {
    cluster.run(1);
    cluster.pass(milliseconds(10));
  }
  EXPECT_LE(cluster.appends, 6);
  EXPECT_GE(cluster.appends, 4);
  const int before = cluster.messages;
  cluster.pass_seconds(10);
  EXPECT_LE(cluster.messages, before + 1) << "nothing to say";
}

TEST(Shipper, SaysWhenTheWindowIsNotKept) {
  Cluster cluster;
  cluster.pass_seconds(1);
  EXPECT_THAT(cluster.shipper.warning(cluster.now), HasSubstr("no DataNode has a copy"));
  cluster.live({1, 11});
  cluster.pass_seconds(1);
  EXPECT_EQ(cluster.shipper.warning(cluster.now), "");
  cluster.run(1001);
  EXPECT_THAT(cluster.shipper.warning(cluster.now), HasSubstr("the last 1001 changes"));
  cluster.pass_seconds(1);
  EXPECT_EQ(cluster.shipper.warning(cluster.now), "");
  cluster.live({1});
  cluster.pass_seconds(1);
  EXPECT_THAT(cluster.shipper.warning(cluster.now), HasSubstr("1 of 2"));
}

TEST(Shipper, WarnsOfMissingHomesOnlyWhoeverWantsThem) {
  Cluster cluster({.homes = 3});
  cluster.live({1, 11});
  cluster.pass_seconds(1);
  EXPECT_THAT(cluster.shipper.warning(cluster.now), HasSubstr("2 of 3"));
  EXPECT_EQ(cluster.shipper.warning(cluster.now, 2), "");
  cluster.run(1001);
  EXPECT_THAT(cluster.shipper.warning(cluster.now, 2), HasSubstr("the last 1001 changes"));
}

TEST(Shipper, WarnsOfOldCommandsThatDoNotGetThrough) {
  Cluster cluster({.homes = 1});
  cluster.live({1});
  cluster.pass_seconds(1);
  cluster.run(1);
  ShipperEffects never_answered;
  cluster.now.mono = cluster.now.mono + seconds(1);
  cluster.shipper.tick(cluster.now, never_answered);
  ASSERT_EQ(never_answered.size(), 1u);
  EXPECT_EQ(cluster.shipper.warning(cluster.now), "");
  cluster.now.mono = cluster.now.mono + seconds(10);
  EXPECT_THAT(cluster.shipper.warning(cluster.now), HasSubstr("the last 1 changes"));
}

TEST(Shipper, FollowsOnWithoutACheckpointWhenTheHomeHasEverything) {
  Cluster cluster;
  cluster.live({1});
  cluster.run(5);
  cluster.pass_seconds(1);
  EXPECT_EQ(cluster.checkpoints_made, 1);
  cluster.shipper = Shipper(cluster.config, "c", cluster.epoch, cluster.applied);  // a restart
  cluster.live({1});
  cluster.run(5);
  cluster.pass_seconds(1);
  EXPECT_EQ(cluster.checkpoints_made, 1);
  cluster.expect_whole(NodeId{1}, cluster.applied);
}

TEST(Shipper, BeginsWithACheckpointWhenTheHomeMissedSomething) {
  Cluster cluster;
  cluster.live({1});
  cluster.pass_seconds(1);
  cluster.applied += 3;  // committed, and the process died before it could ship
  cluster.shipper = Shipper(cluster.config, "c", cluster.epoch, cluster.applied);
  cluster.live({1});
  cluster.pass_seconds(1);
  EXPECT_EQ(cluster.checkpoints_made, 2);
  cluster.expect_whole(NodeId{1}, cluster.applied);
}

TEST(Shipper, GivesANewEpochANewCheckpoint) {
  Cluster cluster;
  cluster.live({1});
  cluster.run(5);
  cluster.pass_seconds(1);
  cluster.epoch = 2;
  cluster.run(5);
  cluster.pass_seconds(120);
  EXPECT_EQ(cluster.homes[NodeId{1}].state.epoch, 2u);
  cluster.expect_whole(NodeId{1}, cluster.applied);
}

TEST(Shipper, PutsACheckpointBelowAJournalGrownTooLong) {
  Cluster cluster({.checkpoint_after = 10'000});
  cluster.live({1, 11});
  for (int i = 0; i < 60; ++i) {
    cluster.run(20);
    cluster.pass_seconds(10);
  }
  EXPECT_GE(cluster.homes[NodeId{1}].checkpoints.size(), 2u);
  EXPECT_GE(cluster.homes[NodeId{11}].checkpoints.size(), 2u);
  EXPECT_LE(cluster.checkpoints_made, 12);
  cluster.expect_whole(NodeId{1}, cluster.applied);
}

TEST(Shipper, ExchangesAHomeThatKeepsFailing) {
  Cluster cluster;
  cluster.live({1, 11, 21});
  cluster.lose_request = [](NodeId node) { return node == NodeId{1}; };
  cluster.run(5);
  for (int i = 0; i < 300; ++i) {
    cluster.live({1, 11, 21});
    cluster.pass_seconds(1);
  }
  cluster.expect_whole(NodeId{11}, cluster.applied);
  cluster.expect_whole(NodeId{21}, cluster.applied);
  EXPECT_THAT(cluster.homes[NodeId{1}].text, IsEmpty());
}

TEST(Shipper, ExchangesAHomeThatAnswersAndTakesNothing) {
  Cluster cluster;
  cluster.is_full = [](NodeId node) { return node == NodeId{1}; };
  cluster.run(5);
  for (int i = 0; i < 300; ++i) {
    cluster.live({1, 11, 21});
    cluster.pass_seconds(1);
  }
  cluster.expect_whole(NodeId{11}, cluster.applied);
  cluster.expect_whole(NodeId{21}, cluster.applied);
}

TEST(Shipper, ShortensALongJournalAlsoBesideAHomeThatTakesNothing) {
  Cluster cluster({.checkpoint_after = 200});
  cluster.live({1, 11});
  cluster.is_full = [](NodeId node) { return node == NodeId{1}; };
  for (int i = 0; i < 60; ++i) {
    cluster.run(1);
    cluster.pass_seconds(5);
  }
  EXPECT_GT(cluster.homes[NodeId{11}].checkpoints.size(), 2u);
}

TEST(Shipper, TakesNoNoticeOfAnswersFromHomesThatAreNoneAnyMore) {
  Cluster cluster;
  cluster.live({1, 11});
  ShipperEffects effects;
  cluster.shipper.tick(cluster.now, effects);
  ASSERT_EQ(effects.size(), 2u);
  const TransferId transfer = std::get<PostJournal>(effects[0]).transfer;
  effects.clear();
  cluster.live({11});
  cluster.shipper.tick(cluster.now, effects);
  cluster.shipper.answered(transfer, {}, cluster.now);
  cluster.shipper.failed(transfer, cluster.now);
  cluster.shipper.tick(cluster.now, effects);
  EXPECT_THAT(effects, IsEmpty()) << "the other one's answer is still awaited";
}

TEST(Shipper, BeginsAnewWithAHomeThatHasAnotherCheckpointOrAnotherHistoryThanItWasSent) {
  for (const bool history : {false, true}) {
    Cluster cluster;
    cluster.live({1, 11});
    cluster.pass_seconds(2);
    ASSERT_EQ(cluster.checkpoints_made, 1);
    cluster.run(3);
    // The home's answers tell of other commands under the same positions.
    if (history) {
      cluster.homes.at(NodeId{1}).state.chain ^= 1;
    } else {
      cluster.homes.at(NodeId{1}).state.applied -= 1;
    }
    cluster.pass_seconds(20);
    cluster.expect_whole(NodeId{1}, cluster.applied);
    cluster.expect_whole(NodeId{11}, cluster.applied);
  }
}

TEST(Shipper, ACheckpointAnsweredAsIfItHadBeenAnotherIsNotBelieved) {
  Cluster cluster;
  cluster.live({1});
  const wire::CheckpointHeader made{.cluster = "c", .epoch = 1, .applied = 50, .time = {}};
  const auto homes = [&] { return cluster.shipper.status(cluster.now).homes; };
  // Ticks until a checkpoint is sent; the home knows nothing when it is asked.
  const auto next_sent = [&] {
    for (int i = 0; i < 100; ++i) {
      cluster.now.mono = cluster.now.mono + seconds(2);
      ShipperEffects effects;
      cluster.shipper.tick(cluster.now, effects);
      for (const ShipperEffect& effect : effects) {
        if (const auto* put = std::get_if<PutCheckpoint>(&effect)) return put->transfer;
        if (const auto* post = std::get_if<PostJournal>(&effect)) {
          cluster.shipper.answered(post->transfer, {}, cluster.now);
        } else if (std::holds_alternative<MakeCheckpoint>(effect)) {
          cluster.shipper.checkpoint_made(made, cluster.now);
        }
      }
    }
    return TransferId{0};
  };
  for (const bool epoch : {false, true}) {
    wire::JournalState odd = wire::journal_begin(made);
    (epoch ? odd.epoch : odd.checkpoint) += 1;
    cluster.shipper.answered(next_sent(), odd, cluster.now);
    EXPECT_EQ(homes(), 0u);
  }
  cluster.shipper.answered(next_sent(), wire::journal_begin(made), cluster.now);
  EXPECT_EQ(homes(), 1u);
}

TEST(Shipper, SendsNoMoreAtOnceThanAMessageMayCarry) {
  Cluster cluster;
  cluster.live({1, 11});
  cluster.run(5);
  cluster.pass_seconds(2);
  cluster.run(4500);
  cluster.appends = 0;
  cluster.pass(milliseconds(100));
  cluster.pass_seconds(2);
  EXPECT_EQ(cluster.appends, 2 * 3) << "4,500 commands for two homes";
  cluster.expect_whole(NodeId{1}, cluster.applied);
  const std::vector<std::string> large(3, std::string(700'000, 'x'));
  cluster.shipper.ship(cluster.applied + 1, large, cluster.epoch, cluster.now);
  cluster.applied += 3;
  cluster.appends = 0;
  cluster.pass_seconds(2);
  EXPECT_EQ(cluster.appends, 2 * 3) << "one of them is most of what fits";
}

TEST(Shipper, WaitsLongerAfterEachFailure) {
  Cluster cluster;
  cluster.live({1});
  cluster.lose_request = [](NodeId) { return true; };
  cluster.pass_seconds(300);
  EXPECT_LE(cluster.messages, 20);
  EXPECT_GE(cluster.messages, 8);
}

TEST(Shipper, TriesAgainWhenACheckpointCannotBeMade) {
  Cluster cluster;
  cluster.live({1});
  cluster.fail_checkpoints = true;
  cluster.pass_seconds(300);
  EXPECT_LE(cluster.checkpoints_made, 6);
  cluster.fail_checkpoints = false;
  cluster.run(3);
  cluster.pass_seconds(120);
  cluster.expect_whole(NodeId{1}, cluster.applied);
}

TEST(Shipper, SeaweedFS_10295_BringsHomesUpToDateAfterAnyFaults) {
  EXPECT_TRUE(rc::check([] {
    Cluster cluster({.buffer_bytes = 2000, .checkpoint_after = 5000});
    Random draw(*rc::gen::arbitrary<std::uint64_t>());
    const auto percent = *rc::gen::inRange<std::uint64_t>(0, 60);
    cluster.lose_request = [&](NodeId) { return draw.chance(percent, 100); };
    cluster.lose_answer = [&](NodeId) { return draw.chance(percent, 100); };
    cluster.live({1, 11, 21});
    for (int i = 0; i < 100; ++i) {
      cluster.run(draw.below(20));
      if (draw.chance(1, 10)) cluster.live({1, 11});
      if (draw.chance(1, 10)) cluster.live({11, 21});
      if (draw.chance(1, 20)) cluster.homes[NodeId{11}] = {};
      if (draw.chance(1, 30)) cluster.raise_epoch();
      cluster.pass(milliseconds(static_cast<std::int64_t>(draw.below(3000))));
    }
    cluster.run(1);
    cluster.lose_request = cluster.lose_answer = [](NodeId) { return false; };
    for (int i = 0; i < 200; ++i) {
      cluster.live({1, 11});
      cluster.pass_seconds(1);
    }
    for (const NodeId node : {NodeId{1}, NodeId{11}}) {
      const Result<wire::Journal> journal = wire::read_journal(cluster.homes[node].text);
      RC_ASSERT(journal.ok());
      RC_ASSERT(!journal->damaged);
      RC_ASSERT(journal->state.applied == cluster.applied);
      RC_ASSERT(journal->state.epoch == cluster.epoch);
    }
    RC_ASSERT(cluster.shipper.warning(cluster.now).empty());
  }));
}

}  // namespace
}  // namespace dfs::namenode
