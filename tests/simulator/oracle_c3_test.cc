// C3: which orders it takes for flapping.
#include <gtest/gtest.h>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class C3 : public ::testing::Test {
 protected:
  void order(wire::OrderKind kind, NodeId node = NodeId{1}) {
    wire::Heartbeat heartbeat;
    heartbeat.mark.node = node;
    wire::HeartbeatReply reply;
    reply.orders.emplace_back().kind = kind;
    oracle_->answered(heartbeat, reply, false);
  }
  [[nodiscard]] std::size_t violations() const { return scene_.verdicts.violations().size(); }

  Plan plan_;
  Scene scene_{plan_};
  std::unique_ptr<Oracle> oracle_ = make_c3(scene_);
};

TEST_F(C3, AtRestNothingIsCopiedRemovedTakenBackOrPurged) {
  oracle_->at_rest();
  std::size_t judged = 0;
  for (const auto kind : {wire::OrderKind::kCopy, wire::OrderKind::kQuarantine,
                          wire::OrderKind::kRestore, wire::OrderKind::kPurge}) {
    order(kind);
    EXPECT_EQ(violations(), ++judged) << wire::to_string(kind);
  }
}

TEST_F(C3, AskingIsNoFlapping) {
  oracle_->at_rest();
  order(wire::OrderKind::kVerify);
  order(wire::OrderKind::kConfirm);
  EXPECT_EQ(violations(), 0u);
}

TEST_F(C3, WhoIsIllMayBeToldOnce) {
  constexpr NodeId kIll{2};
  scene_.ill[7] = Illness::kReadsFail;
  scene_.addresses[kIll] = 7;
  oracle_->at_rest();
  order(wire::OrderKind::kCopy, kIll);
  order(wire::OrderKind::kQuarantine, kIll);
  EXPECT_EQ(violations(), 0u);
  order(wire::OrderKind::kCopy, kIll);
  EXPECT_EQ(violations(), 1u);
  order(wire::OrderKind::kCopy);
  EXPECT_EQ(violations(), 2u) << "who is well";
}

TEST_F(C3, OnlyWhatIsOrderedAtRestIsJudged) {
  order(wire::OrderKind::kCopy);
  oracle_->at_rest();
  oracle_->after_rest();
  order(wire::OrderKind::kCopy);
  EXPECT_EQ(violations(), 0u);
}

}  // namespace
}  // namespace dfs::world
