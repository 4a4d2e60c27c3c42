// The simulated network: what arrives, what does not, and what the ends hear of it.
#include "adapters/sim/network.h"

#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <string>
#include <vector>

namespace dfs::sim {
namespace {

// Answers every call with an Empty unless told to stay silent; keeps what it saw.
class Peer final : public Process, public Endpoint {
 public:
  Peer(EventQueue& queue, Network& network, Address address)
      : Process(queue, address, {}), network_(network) {
    network.attach(*this);
    up_again();
  }
  void up_again() {
    begin();
    network_.came_back(address());
  }
  void die(bool silent) {
    end();
    network_.died(address(), silent);
  }

  Process& process() override { return *this; }
  void on_message(ConnectionId connection, Message&& message) override {
    if (std::holds_alternative<CallMessage>(message)) {
      heard.push_back(std::get<wire::Stat>(std::get<CallMessage>(message).request).path);
      if (answers) network_.send(connection, address(), CallAnswer{wire::Empty{}});
    } else if (const auto* piece = std::get_if<BodyPiece>(&message)) {
      bytes += piece->data.length;
      for (const std::uint8_t byte : piece->data.view()) bits += std::popcount(byte);
      last_piece = network_time();
    } else if (const auto* range = std::get_if<RangeAnswer>(&message)) {
      range_status = range->status;
    } else {
      ++answered;
      network_.finish(connection);
    }
  }
  void on_broken(ConnectionId /*connection*/, const Status& status, bool sent) override {
    broken.push_back(status.message() + (sent ? " (sent)" : " (not sent)"));
    bytes_when_broken = bytes;
  }
  ConnectionId call(Address to, const std::string& path) {
    const ConnectionId connection = network_.connect(address(), to);
    network_.send(connection, address(), CallMessage{wire::Stat{path}});
    return connection;
  }

  // Opens a body of as many pieces of 100 bytes.
  ConnectionId send_body(Address to, int pieces) {
    const ConnectionId connection = network_.connect(address(), to);
    const SharedBytes body = share(std::vector<std::uint8_t>(100));
    for (int i = 0; i < pieces; ++i) {
      network_.send(connection, address(), BodyPiece{{body, 0, body->size()}});
    }
    return connection;
  }
  [[nodiscard]] Instant network_time() const { return queue_.now(); }

  bool answers = true;
  std::size_t bytes = 0;
  int bits = 0;  // of them, that are set: none, as they are sent
  std::size_t bytes_when_broken = 0;
  Instant last_piece;
  Status range_status;
  std::vector<std::string> heard;
  std::vector<std::string> broken;
  int answered = 0;

 private:
  Network& network_;
};

struct TwoPeers {
  explicit TwoPeers(NetworkOptions options = {.tail_per_mille = 0, .far_tail_per_million = 0})
      : network(queue, Random(7), options), a(queue, network, 1), b(queue, network, 2) {}
  void run() {
    while (queue.run_next()) {
    }
  }
  EventQueue queue;
  Network network;
  Peer a;
  Peer b;
};

using Strings = std::vector<std::string>;

TEST(Network, CallIsAnsweredAndLeavesNoConnectionBehind) {
  TwoPeers world;
  world.a.call(2, "/x");
  world.run();
  EXPECT_EQ(world.b.heard, Strings{"/x"});
  EXPECT_EQ(world.a.answered, 1);
  EXPECT_EQ(world.network.open_connections(), 0u);
}

TEST(Network, ConnectionKeepsItsOrderAndConnectionsOvertakeEachOther) {
  TwoPeers world({.latency_us = 10'000, .tail_us = 1'000'000, .tail_per_mille = 500});
  world.b.answers = false;
  const ConnectionId one = world.network.connect(1, 2);
  Strings sent;
  for (int i = 0; i < 20; ++i) {
    world.network.send(one, 1, CallMessage{wire::Stat{"one-" + std::to_string(i)}});
    sent.push_back("one-" + std::to_string(i));
  }
  world.run();
  EXPECT_EQ(world.b.heard, sent);

  TwoPeers other({.latency_us = 10'000, .tail_us = 1'000'000, .tail_per_mille = 500});
  other.b.answers = false;
  for (const std::string& path : sent) other.a.call(2, path);
  other.run();
  EXPECT_EQ(other.b.heard.size(), sent.size());
  EXPECT_NE(other.b.heard, sent);
}

TEST(Network, ProcessThatIsDownRefusesAndOneWithoutPowerIsSilent) {
  TwoPeers world;
  world.b.die(false);
  world.a.call(2, "/x");
  world.run();
  EXPECT_EQ(world.a.broken, Strings{"connection refused (not sent)"});
  world.b.up_again();
  world.b.die(true);
  world.a.call(2, "/y");
  world.run();
  EXPECT_EQ(world.a.broken.size(), 1u);
  EXPECT_TRUE(world.b.heard.empty());
}

TEST(Network, CrashResetsConnectionsWithUnknownOutcome) {
  TwoPeers world;
  world.b.answers = false;
  world.a.call(2, "/x");
  world.run();
  ASSERT_EQ(world.b.heard.size(), 1u);
  world.b.die(false);
  world.run();
  EXPECT_EQ(world.a.broken, Strings{"connection reset by peer (sent)"});
}

TEST(Network, OneWayPartitionLetsTheRequestThroughAndLosesTheReply) {
  TwoPeers world;
  world.network.cut(2, 1);
  world.a.call(2, "/x");
  world.run();
  EXPECT_EQ(world.b.heard, Strings{"/x"});
  EXPECT_EQ(world.a.answered, 0);
  EXPECT_TRUE(world.a.broken.empty());
  world.network.mend(2, 1);
  world.a.call(2, "/y");
  world.run();
  EXPECT_EQ(world.a.answered, 1);
}

TEST(Network, ResetTellsBothEndsAndTheMessageMayHaveArrived) {
  int arrived = 0;
  for (int i = 0; i < 20; ++i) {
    TwoPeers world({.reset_per_million = 1'000'000});
    for (int skip = 0; skip < i; ++skip) world.a.call(2, "/skipped");
    world.run();
    world.b.heard.clear();
    world.a.broken.clear();
    world.a.call(2, "/x");
    world.run();
    ASSERT_EQ(world.a.broken, Strings{"connection reset by peer (sent)"});
    arrived += static_cast<int>(world.b.heard.size());
  }
  EXPECT_GT(arrived, 0);
  EXPECT_LT(arrived, 20);
}

TEST(Network, LeavingOutTrafficOfOneLinkChangesNothingOnAnother) {
  const auto arrival = [](bool more_traffic) {
    TwoPeers world({.latency_us = 5'000, .tail_per_mille = 300});
    Peer c(world.queue, world.network, 3);
    if (more_traffic) c.call(1, "/other");
    world.a.call(2, "/x");
    world.b.answers = false;
    while (world.b.heard.empty() && world.queue.run_next()) {
    }
    return world.queue.now();
  };
  EXPECT_EQ(arrival(true), arrival(false));
}

TEST(Network, MessageToAnEarlierIncarnationIsNotDeliveredToTheNext) {
  TwoPeers world;
  world.b.answers = false;
  const ConnectionId connection = world.a.call(2, "/x");
  world.run();
  world.b.die(true);
  world.b.up_again();
  world.network.send(connection, 1, CallMessage{wire::Stat{"/late"}});
  world.run();
  EXPECT_EQ(world.b.heard, Strings{"/x"});
}

TEST(Network, PiecesOfABodyArriveOneAfterTheOther) {
  TwoPeers two(
      {.spread = false, .tail_per_mille = 0, .far_tail_per_million = 0, .bytes_per_ms = 100});
  (void)two.a.send_body(2, 20);
  two.queue.after(microseconds(5'500), [&] { EXPECT_EQ(two.b.bytes, 500u); });
  two.run();
  EXPECT_EQ(two.b.bytes, 2000u);
  EXPECT_EQ(two.b.last_piece, Instant{20'200});
}

TEST(Network, SlowBodyTricklesAndArrivesWhole) {
  TwoPeers two({.tail_per_mille = 0,
                .far_tail_per_million = 0,
                .slow_per_million = 1'000'000,
                .trickle_us = 1'000'000});
  (void)two.a.send_body(2, 20);
  two.run();
  EXPECT_EQ(two.b.bytes, 2000u);
  EXPECT_GT(two.b.last_piece, Instant{2'000'000});
  EXPECT_EQ(two.network.counts().slow, 20u);
}

TEST(Network, TruncatedBodyEndsInItsMiddleAndBothEndsHearOfIt) {
  TwoPeers two({.tail_per_mille = 0, .far_tail_per_million = 0, .truncate_per_million = 1'000'000});
  (void)two.a.send_body(2, 1);
  two.run();
  EXPECT_LT(two.b.bytes, 100u);
  EXPECT_EQ(two.a.broken, Strings{"connection reset by peer (sent)"});
  EXPECT_EQ(two.network.counts().truncated, 1u);
}

TEST(Network, TruncatedRangeIsToldAsAReadErrorAsOverHttp) {
  TwoPeers two({.tail_per_mille = 0, .far_tail_per_million = 0, .truncate_per_million = 1'000'000});
  RangeAnswer answer;
  const SharedBytes body = share(std::vector<std::uint8_t>(100));
  answer.data = {body, 0, body->size()};
  two.network.send(two.network.connect(1, 2), 1, std::move(answer));
  two.run();
  EXPECT_EQ(two.b.range_status.code(), Code::kIo);
}

TEST(Network, HalfOpenConnectionSwallowsEverythingAndTellsNobody) {
  TwoPeers two(
      {.tail_per_mille = 0, .far_tail_per_million = 0, .half_open_per_million = 1'000'000});
  (void)two.a.call(2, "/lost");
  two.run();
  two.b.die(false);
  two.run();
  EXPECT_TRUE(two.b.heard.empty());
  EXPECT_TRUE(two.a.broken.empty());
  EXPECT_TRUE(two.b.broken.empty());
}

TEST(Network, ABitOfABodyChangesAndNothingElse) {
  TwoPeers two({.tail_per_mille = 0, .far_tail_per_million = 0, .flip_per_million = 1'000'000});
  (void)two.a.send_body(2, 20);
  two.a.call(2, "/x");
  two.run();
  EXPECT_EQ(two.b.bytes, 2000u);
  EXPECT_EQ(two.b.bits, 20);
  EXPECT_EQ(two.b.heard, Strings{"/x"});
  EXPECT_EQ(two.network.counts().flipped, 20u);
  two.network.heal();
  (void)two.a.send_body(2, 20);
  two.run();
  EXPECT_EQ(two.b.bytes, 4000u);
  EXPECT_EQ(two.b.bits, 20) << "no more of them";
}

constexpr NetworkOptions kSteady = {
    .spread = false, .tail_per_mille = 0, .far_tail_per_million = 0};
// Every message is a part of twenty seconds late.
constexpr NetworkOptions kLate = {
    .tail_per_mille = 0, .far_tail_us = 20'000'000, .far_tail_per_million = 1'000'000};

TEST(Network, WhatWasSentArrivesAfterItsSenderGaveUp) {
  TwoPeers two(kLate);
  const ConnectionId connection = two.a.call(2, "/x");
  two.network.abort(connection, 1);
  two.network.send(connection, 1, CallMessage{wire::Stat{"/nothing more"}});
  two.run();
  EXPECT_EQ(two.b.heard, Strings{"/x"});
  EXPECT_EQ(two.b.broken, Strings{"connection reset by peer (sent)"});
  EXPECT_EQ(two.a.answered, 0);
  EXPECT_TRUE(two.a.broken.empty());
  EXPECT_EQ(two.network.open_connections(), 0u);
}

TEST(Network, AnAttemptThatWasGivenUpCanArriveAfterTheNextOne) {
  TwoPeers two(kSteady);
  two.network.clog(1, 2, seconds(2), Instant{1});
  const ConnectionId first = two.a.call(2, "/first");
  two.queue.after(seconds(1), [&] {
    two.network.abort(first, 1);
    two.a.call(2, "/second");
  });
  two.run();
  EXPECT_EQ(two.b.heard, (Strings{"/second", "/first"}));
  EXPECT_EQ(two.a.answered, 1);
}

TEST(Network, AnswerOnItsWayToOneWhoGaveUpIsDroppedAndNothingElse) {
  TwoPeers two(kSteady);
  const ConnectionId connection = two.a.call(2, "/x");
  two.network.clog(1, 2, seconds(1), Instant{1});
  two.network.send(connection, 1, CallMessage{wire::Stat{"/y"}});
  two.queue.after(microseconds(300), [&] { two.network.abort(connection, 1); });
  two.run();
  EXPECT_EQ(two.b.heard, (Strings{"/x", "/y"}));
  EXPECT_EQ(two.a.answered, 0);
}

TEST(Network, WhatAKilledProcessHadSentArrivesAndThenTheBreak) {
  TwoPeers two({.tail_per_mille = 0,
                .far_tail_per_million = 0,
                .slow_per_million = 1'000'000,
                .trickle_us = 1'000'000});
  (void)two.a.send_body(2, 20);
  two.queue.after(seconds(1), [&] {
    ASSERT_LT(two.b.bytes, 2000u);
    two.a.die(false);
    two.a.up_again();
  });
  two.run();
  EXPECT_EQ(two.b.bytes, 2000u);
  EXPECT_EQ(two.b.bytes_when_broken, 2000u);
  EXPECT_EQ(two.b.broken.size(), 1u);
  EXPECT_EQ(two.network.open_connections(), 0u);
}

TEST(Network, PausedProcessFindsWhatWasGivenUpMeanwhile) {
  TwoPeers two(kSteady);
  two.b.pause();
  const ConnectionId given_up = two.a.call(2, "/given up");
  two.a.call(2, "/of a dead process");
  two.queue.after(seconds(1), [&] { two.network.abort(given_up, 1); });
  two.queue.after(seconds(2), [&] { two.a.die(false); });
  two.queue.after(seconds(3), [&] { two.b.resume(); });
  two.run();
  EXPECT_EQ(two.b.heard, (Strings{"/given up", "/of a dead process"}));
  EXPECT_EQ(two.b.broken.size(), 2u);
}

TEST(Network, PowerLossLeavesOnlyWhatIsOnTheWire) {
  TwoPeers two({.latency_us = 100'000,
                .spread = false,
                .tail_per_mille = 0,
                .far_tail_per_million = 0,
                .slow_per_million = 1'000'000,
                .trickle_us = 1'000'000});
  two.a.call(2, "/on the wire");
  (void)two.a.send_body(2, 20);
  two.queue.after(seconds(1), [&] { two.a.die(true); });
  std::size_t at_the_loss = 0;
  two.queue.after(seconds(1), [&] { at_the_loss = two.b.bytes; });
  two.run();
  EXPECT_GT(at_the_loss, 0u);
  EXPECT_LT(two.b.bytes, 2000u);
  EXPECT_LE(two.b.last_piece, Instant{1'100'000});
  EXPECT_TRUE(two.b.broken.empty());
  EXPECT_EQ(two.network.open_connections(), 0u);

  TwoPeers other({.latency_us = 100'000, .tail_per_mille = 0, .far_tail_per_million = 0});
  other.a.call(2, "/on the wire");
  other.a.die(true);
  other.run();
  EXPECT_EQ(other.b.heard, Strings{"/on the wire"});

  TwoPeers late(kLate);
  late.a.call(2, "/in its socket");
  late.a.die(true);
  late.run();
  EXPECT_TRUE(late.b.heard.empty());
  EXPECT_EQ(late.network.open_connections(), 0u);
}

TEST(Network, PowerLossAlsoTakesWhatAProcessHadLeftInItsSocketBefore) {
  TwoPeers two(kLate);
  const ConnectionId connection = two.a.call(2, "/x");
  two.network.abort(connection, 1);
  two.queue.after(milliseconds(1), [&] { two.a.die(true); });
  two.run();
  EXPECT_TRUE(two.b.heard.empty());
  EXPECT_TRUE(two.b.broken.empty());
  EXPECT_EQ(two.network.open_connections(), 0u);
}

TEST(Network, OneWhoGaveUpIsNotToldThatTheServerIsDown) {
  TwoPeers two(kLate);
  two.b.die(false);
  const ConnectionId connection = two.a.call(2, "/x");
  two.network.abort(connection, 1);
  two.run();
  EXPECT_TRUE(two.b.heard.empty());
  EXPECT_TRUE(two.a.broken.empty());
  EXPECT_EQ(two.network.open_connections(), 0u);
}

}  // namespace
}  // namespace dfs::sim
