// G1: which ids it takes for given out twice after an older copy of the metadata was put back.
#include <gtest/gtest.h>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

constexpr BlockId kGiven{7};

class G1 : public ::testing::Test {
 protected:
  // The NameNode applies a request of a client, which is given kGiven for it.
  void execute(std::uint64_t request, namenode::Position position) {
    oracle_->applying({{}, namenode::RequestCommand{allocate(request), {}}, {}},
                      {.position = position, .reply = given()});
  }
  // … and the client is told, then or when it asks again.
  void answer(std::uint64_t request, namenode::Position position) {
    oracle_->released(allocate(request), given(), position);
  }
  void restore(namenode::Position position) {
    ++scene_.restores;
    scene_.restored_to.push_back(position);
  }
  void raise_epoch(namenode::Position position) {
    oracle_->applying({{}, namenode::RaiseEpochCommand{1}, {}},
                      {.position = position, .reply = wire::Empty{}});
  }
  [[nodiscard]] bool violated() const { return !scene_.verdicts.clean(); }

 private:
  static wire::Allocate allocate(std::uint64_t request) {
    wire::Allocate allocate;
    allocate.caller.client = "writer";
    allocate.caller.request = request;
    return allocate;
  }
  static wire::Reply given() {
    wire::AllocateReply reply;
    reply.blocks = {{kGiven, {}}};
    return reply;
  }

  Plan plan_;
  Scene scene_{plan_};
  std::unique_ptr<Oracle> oracle_ = make_g1(scene_);
};

TEST_F(G1, OneRequestMayBeToldItsIdAgainAndNoOtherIs) {
  execute(1, 10);
  answer(1, 10);
  answer(1, 11);
  EXPECT_FALSE(violated());
  execute(2, 12);
  answer(2, 12);
  EXPECT_TRUE(violated());
}

TEST_F(G1, IdsOfAHistoryThatWasGivenUpComeAgainUntilTheEpochIsRaised) {
  execute(1, 10);
  answer(1, 10);
  restore(5);
  execute(2, 6);
  answer(2, 6);
  EXPECT_FALSE(violated());
  restore(5);
  raise_epoch(6);
  execute(3, 7);
  answer(3, 7);
  EXPECT_TRUE(violated());
}

// Its reply was dropped, its commit was not.
TEST_F(G1, ARetryAfterTheEpochWasRaisedIsToldAnIdThatWasTakenBefore) {
  execute(1, 10);
  answer(1, 10);
  restore(5);
  execute(2, 6);
  raise_epoch(7);
  answer(2, 8);
  EXPECT_FALSE(violated());
}

}  // namespace
}  // namespace dfs::world
