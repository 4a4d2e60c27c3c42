// What the oracles take for an order of the NameNode.
#include "simulator/world/orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dfs::world {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

wire::Heartbeat heartbeat(std::uint64_t session, std::uint64_t sequence) {
  wire::Heartbeat heartbeat;
  heartbeat.mark = {NodeId{7}, session, sequence};
  return heartbeat;
}

wire::HeartbeatReply quarantine_and_copy() {
  wire::HeartbeatReply reply;
  for (const auto kind : {wire::OrderKind::kQuarantine, wire::OrderKind::kCopy}) {
    reply.orders.emplace_back().kind = kind;
  }
  return reply;
}

TEST(Deletions, AreFoundInTheAnswersToHeartbeats) {
  Deletions deletions;
  const std::vector<Deletion> found = deletions.in(heartbeat(1, 1), quarantine_and_copy());
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found.front().node, NodeId{7});
  EXPECT_EQ(found.front().order.kind, wire::OrderKind::kQuarantine);
  EXPECT_THAT(deletions.in(wire::Stat{"/"}, quarantine_and_copy()), IsEmpty());
}

TEST(Deletions, AreJudgedOnceHoweverOftenAnAnswerIsTold) {
  Deletions deletions;
  EXPECT_THAT(deletions.in(heartbeat(1, 1), Status(Code::kSafeMode, "")), IsEmpty());
  EXPECT_THAT(deletions.in(heartbeat(1, 1), quarantine_and_copy()), SizeIs(1));
  EXPECT_THAT(deletions.in(heartbeat(1, 1), quarantine_and_copy()), IsEmpty());
  EXPECT_THAT(deletions.in(heartbeat(1, 2), quarantine_and_copy()), SizeIs(1));
  EXPECT_THAT(deletions.in(heartbeat(2, 2), quarantine_and_copy()), SizeIs(1));
}

}  // namespace
}  // namespace dfs::world
