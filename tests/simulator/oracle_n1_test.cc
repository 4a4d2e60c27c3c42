// N1: of which requests it lets the NameNode say that their outcome is unknown.
#include <gtest/gtest.h>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class N1 : public ::testing::Test {
 protected:
  // A client's request number `number` is executed at `at`.
  void execute(std::uint64_t number, WallTime at, std::uint64_t settled_below = 0) {
    wire::Mkdir mkdir = request(number);
    mkdir.path = "/" + std::to_string(number);
    mkdir.caller.settled_below = settled_below;
    apply(namenode::RequestCommand{mkdir, {}}, at);
  }
  void forget(WallTime until, WallTime at) { apply(namenode::ForgetRequestsCommand{until, 1}, at); }
  void answer_unknown(std::uint64_t number, bool command = false) {
    const Status unknown(Code::kUnknownOutcome, "");
    if (command) {
      oracle_->applying({{}, namenode::RequestCommand{request(number), {}}, {}},
                        {.position = 1, .reply = unknown});
    } else {
      oracle_->answered(request(number), unknown, false);
    }
  }
  [[nodiscard]] bool violated() const { return !scene_.verdicts.clean(); }

 private:
  static wire::Mkdir request(std::uint64_t number) {
    wire::Mkdir mkdir;
    mkdir.caller.client = "client";
    mkdir.caller.request = number;
    return mkdir;
  }
  void apply(auto&& command, WallTime at) {
    scene_.applied.apply({at, command, {}},
                         {.position = scene_.applied.position() + 1, .reply = wire::Empty{}});
  }

  Plan plan_;
  Scene scene_{plan_};
  std::unique_ptr<Oracle> oracle_ = make_n1(scene_);
};

TEST_F(N1, TheOutcomeOfARecordedRequestIsKnown) {
  execute(5, {1000});
  forget({999}, {2000});
  answer_unknown(5);
  EXPECT_TRUE(violated());
}

TEST_F(N1, TheOutcomeOfARecordedRequestIsKnownToItsCommand) {
  execute(5, {1000});
  answer_unknown(5, true);
  EXPECT_TRUE(violated());
}

TEST_F(N1, ARequestThatNeverWasIsExecutedAsLongAsNothingWasForgotten) {
  answer_unknown(5);
  EXPECT_TRUE(violated());
}

TEST_F(N1, WhatItsClientHasSettledMayBeForgotten) {
  execute(5, {1000});
  execute(6, {1000}, 6);
  answer_unknown(5);
  EXPECT_FALSE(violated());
}

TEST_F(N1, WhatIsAsOldAsWhatWasDroppedMayBeForgotten) {
  execute(5, {1000});
  forget({1000}, {2000});
  answer_unknown(5);
  answer_unknown(6);
  EXPECT_FALSE(violated());
}

}  // namespace
}  // namespace dfs::world
