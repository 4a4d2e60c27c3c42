// A1: which endings of what a client does at rest it takes for right.
#include <gtest/gtest.h>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

// Whether a plan whose clients wait for ten seconds lets a put end so.
bool right(const Status& status, Duration took) {
  Plan plan;
  plan.retry.limit = seconds(10);
  Scene scene(plan);
  make_a1(scene)->tried("put", status, took, plan.retry.limit);
  return scene.verdicts.clean();
}

TEST(A1, WhatIsTriedAtRestSucceedsWhileItsClientWaits) {
  EXPECT_TRUE(right({}, seconds(10)));
  EXPECT_FALSE(right({}, seconds(11)));
  EXPECT_FALSE(right({Code::kNotEnoughDataNodes, ""}, seconds(1)));
}

}  // namespace
}  // namespace dfs::world
