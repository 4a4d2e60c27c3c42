// The tests of this folder can fail: each planted bug of the client breaks what they check.
#include <gtest/gtest.h>

#include "core/base/mutant.h"
#include "core/client/rpc.h"
#include "tests/client/block_world.h"

#if defined(DFS_MUTANTS)
namespace dfs::client {
namespace {

class Mutants : public testing::Test {
 protected:
  ~Mutants() override { switch_on(Mutant::kNone); }
};

TEST_F(Mutants, V1DeliverUnverifiedHandsOutRot) {
  BlockWorld world(wire::kGranuleBytes, 7);
  world.add_replica().bytes[5] ^= 1;
  switch_on(Mutant::kV1DeliverUnverified);
  EXPECT_TRUE(world.read(0, world.block.length, {}, Random(1)).ok());
  EXPECT_FALSE(world.nothing_wrong(0));
}

TEST_F(Mutants, B3RetryAtOnceDoesNotWait) {
  switch_on(Mutant::kB3RetryAtOnce);
  RequestNumbers numbers("c", "u");
  Call call(wire::Stat{"/a"}, numbers, {}, Random(1));
  CallEffects effects;
  call.start({}, effects);
  effects.clear();
  call.failed(1, {Code::kUnavailable, "reset"}, true, {}, effects);
  EXPECT_TRUE(std::holds_alternative<SendRequest>(effects.at(0)));
}

}  // namespace
}  // namespace dfs::client
#endif
