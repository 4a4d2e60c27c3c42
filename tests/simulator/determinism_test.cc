// A run is a pure function of its plan: in the same process, in a fresh one, in any order.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdio>
#include <string>

#include "core/base/bytes.h"
#include "simulator/world/world.h"

namespace dfs::world {
namespace {

PlanOptions short_run(std::uint64_t seed) {
  PlanOptions options;
  options.seed = seed;
  options.duration = seconds(15);
  return options;
}

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char bytes[4096];
  std::size_t count = 0;
  while ((count = std::fread(bytes, 1, sizeof bytes, pipe)) > 0) output.append(bytes, count);
  ::pclose(pipe);
  return output;
}

TEST(Determinism, RunTwiceInOneProcessLeavesTheSameTrace) {
  for (const std::uint64_t seed : {11u, 12u, 13u}) {
    const Plan plan = make_plan(short_run(seed));
    const RunResult first = run(plan);
    const RunResult second = run(plan);
    EXPECT_EQ(first.trace_hash, second.trace_hash) << "seed " << seed;
    EXPECT_EQ(first.events, second.events);
  }
}

TEST(Determinism, FreshProcessLeavesTheSameTrace) {
  for (const std::uint64_t seed : {11u, 14u}) {
    const std::string output = output_of(
        std::string(DFS_SIM_PROGRAM) + " run --json --duration 15 --seed " + std::to_string(seed));
    boost::json::error_code error;
    const boost::json::value parsed = boost::json::parse(output, error);
    ASSERT_FALSE(error) << output;
    EXPECT_EQ(std::string(parsed.as_object().at("trace_hash").as_string()),
              to_hex(run(make_plan(short_run(seed))).trace_hash, 16))
        << "seed " << seed;
  }
}

TEST(Determinism, TheFirstEventThatDiffersIsNamed) {
  const Plan plan = make_plan(short_run(11));
  Plan other = plan;
  ASSERT_GT(plan.faults.size(), 5u);
  PlannedFault& changed = other.faults[5];
  changed.kind = changed.kind == FaultKind::kClog ? FaultKind::kClockStep : FaultKind::kClog;
  std::vector<TraceMark> one;
  std::vector<TraceMark> two;
  (void)run(plan, nullptr, &one);
  EXPECT_EQ(first_difference(one, one), std::nullopt);
  (void)run(other, nullptr, &two);
  const std::optional<std::uint64_t> event = first_difference(one, two);
  ASSERT_TRUE(event);
  EXPECT_EQ(two[*event - 1].at_us, changed.at.us);
  EXPECT_EQ(one[*event - 2], two[*event - 2]);
  EXPECT_LE(told_at(plan, changed.at.us).substr(0, 11), moment(changed.at.us));
  two.resize(7);
  EXPECT_EQ(first_difference(one, two), 8u);
}

TEST(Determinism, AnotherSeedLeavesAnotherTrace) {
  EXPECT_NE(run(make_plan(short_run(11))).trace_hash, run(make_plan(short_run(12))).trace_hash);
}

}  // namespace
}  // namespace dfs::world
