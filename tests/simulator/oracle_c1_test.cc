// C1: which DataNodes that were asked to leave it lets stay.
#include <gtest/gtest.h>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

constexpr NodeId kLeaver{3};

class C1 : public ::testing::Test {
 protected:
  C1() {
    scene_.durable.apply({{}, namenode::FormatCommand{}, {}},
                         {.position = 1, .reply = wire::Empty{}});
    namenode::DecommissionCommand leave;
    leave.node = kLeaver;
    leave.on = true;
    scene_.durable.apply({{}, leave, {}}, {.position = 2, .reply = wire::Empty{}});
  }
  void report(wire::ServiceState service) {
    wire::ClusterReportReply reply;
    reply.nodes.emplace_back().node = kLeaver;
    reply.nodes.front().service = service;
    oracle_->answered(wire::ClusterReport{}, reply, false);
    oracle_->at_rest();
  }
  [[nodiscard]] bool violated() const { return !scene_.verdicts.clean(); }

  Plan plan_;
  Scene scene_{plan_};
  std::unique_ptr<Oracle> oracle_ = make_c1(scene_);
};

TEST_F(C1, WhoWasAskedToLeaveMayGo) {
  report(wire::ServiceState::kDecommissioned);
  EXPECT_FALSE(violated());
  report(wire::ServiceState::kDecommissioning);
  EXPECT_TRUE(violated());
}

TEST_F(C1, WhatIsLostElsewhereIsNoReasonToStay) {
  scene_.given_up.insert(BlockId{7});
  report(wire::ServiceState::kDecommissioning);
  EXPECT_TRUE(violated());
}

}  // namespace
}  // namespace dfs::world
