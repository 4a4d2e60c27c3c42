// Short sweeps: no violation, and every property was really compared.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "simulator/world/world.h"

namespace dfs::world {
namespace {

struct Sums {
  std::map<std::string, std::uint64_t> checks;
};

Sums run_seeds(Profile profile, std::uint64_t first, std::uint64_t last) {
  Sums sums;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    PlanOptions options;
    options.seed = seed;
    options.profile = profile;
    options.duration = seconds(30);
    const RunResult result = run(make_plan(options));
    for (const Violation& violation : result.violations) {
      ADD_FAILURE() << violation.invariant << " at event " << violation.event << ": "
                    << violation.detail << "\n  replay: dfs-sim run --seed " << seed
                    << " --duration 30 --profile " << to_string(profile);
    }
    for (const auto& [id, count] : result.checks) sums.checks[id] += count;
  }
  return sums;
}

TEST(Sweep, SafetyHoldsUnderAllFaults) {
  const Sums sums = run_seeds(Profile::kSafety, 1, 8);
  for (const char* id : {"D1", "D2", "D3", "D4", "D5", "V1", "V3", "G1", "G2", "G3", "G4", "N1",
                         "N2", "N3", "S1", "B3"}) {
    EXPECT_TRUE(sums.checks.contains(id)) << id << " was never compared";
  }
}

// Taken together: in one of them a client can wait for long.
TEST(Sweep, DefaultRunsHaveTwentyOperationsAndAFaultInEachOfTheirSeconds) {
  std::uint64_t run_seconds = 0;
  std::uint64_t operations = 0;
  std::uint64_t faults = 0;
  for (std::uint64_t seed = 20; seed <= 24; ++seed) {
    PlanOptions options;
    options.seed = seed;
    const RunResult result = run(make_plan(options));
    run_seconds += static_cast<std::uint64_t>(result.simulated_us / 1'000'000);
    operations += result.operations;
    for (const auto& [kind, count] : result.faults) faults += count;
  }
  EXPECT_GE(run_seconds, 5 * 60u);
  EXPECT_GE(operations, 20 * run_seconds);
  EXPECT_GE(faults, run_seconds);
}

TEST(Sweep, LivenessHoldsOnceFaultsHaveEnded) {
  const Sums sums = run_seeds(Profile::kLiveness, 1, 4);
  for (const char* id : {"C1", "C2", "C3", "C4", "V2", "A1"}) {
    EXPECT_TRUE(sums.checks.contains(id)) << id << " was never compared";
  }
}

TEST(Sweep, DisasterTakesWhatItTakesAndNothingIsAnsweredWrongly) {
  const Sums sums = run_seeds(Profile::kDisaster, 1, 4);
  for (const char* id : {"D1", "D2", "F1", "V1", "N1", "C1", "A1"}) {
    EXPECT_TRUE(sums.checks.contains(id)) << id << " was never compared";
  }
}

TEST(Sweep, WithoutFaultsEveryPutOfANewNameSucceedsOrIsRefusedForAReason) {
  PlanOptions options;
  options.seed = 3;
  options.duration = seconds(20);
  options.faults.emplace();
  const RunResult result = run(make_plan(options));
  EXPECT_TRUE(result.violations.empty());
  for (const auto& [outcome, count] : result.outcomes) {
    for (const char* never : {"Unavailable", "TimedOut", "UnknownOutcome", "Io", "Corrupt",
                              "Internal", "NotEnoughDataNodes"}) {
      EXPECT_EQ(outcome.find(never), std::string::npos) << outcome;
    }
  }
}

}  // namespace
}  // namespace dfs::world
