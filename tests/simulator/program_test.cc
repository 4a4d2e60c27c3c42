// The program dfs-sim: its exit status and its JSON.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <boost/json.hpp>
#include <cstdio>
#include <string>

#include "core/base/mutant.h"

namespace dfs::world {
namespace {

struct Ran {
  int status = -1;
  std::string output;
};

// `before` is what the shell does first.
Ran run_program(const std::string& arguments, const std::string& before = "") {
  Ran ran;
  const std::string command = before + DFS_SIM_PROGRAM + " " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return ran;
  char bytes[4096];
  std::size_t count = 0;
  while ((count = std::fread(bytes, 1, sizeof bytes, pipe)) > 0) ran.output.append(bytes, count);
  const int status = ::pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

TEST(Program, WrongUsageIsStatusTwo) {
  EXPECT_EQ(run_program("").status, 2);
  EXPECT_EQ(run_program("run").status, 2);
  EXPECT_EQ(run_program("run --seed 1 --profile hope").status, 2);
  EXPECT_EQ(run_program("run --seed 1 --faults gremlins").status, 2);
  EXPECT_EQ(run_program("run --seed 1 --namenodes 3").status, 2);
  EXPECT_EQ(run_program("sweep --seeds 5").status, 2);
  EXPECT_EQ(run_program("sweep --seeds 5..1").status, 2);
}

TEST(Program, RunPrintsOneJsonDocumentWithTheFixedKeys) {
  const Ran ran = run_program("run --seed 5 --duration 5 --json --faults none");
  ASSERT_EQ(ran.status, 0) << ran.output;
  const boost::json::value parsed = boost::json::parse(ran.output);
  for (const char* key : {"seed", "trace_hash", "sim_seconds", "wall_seconds", "events",
                          "operations", "faults", "checks", "violations"}) {
    EXPECT_TRUE(parsed.as_object().contains(key)) << key;
  }
}

TEST(Program, SweepOverProcessesFindsTheSameTracesAsOneProcess) {
  const auto trace = [](const std::string& jobs) {
    const Ran ran = run_program("sweep --seeds 1..4 --duration 5 --json --jobs " + jobs);
    return std::string(boost::json::parse(ran.output).as_object().at("trace_hash").as_string());
  };
  EXPECT_EQ(trace("1"), trace("2"));
}

// The system ends a process that has computed for longer than it may.
TEST(Program, SweepNamesTheSeedsWhoseProcessDiesAndRunsTheOthers) {
  for (const char* jobs : {"1", "2"}) {
    const Ran ran =
        run_program("sweep --seeds 1..2 --duration 3600 --json --jobs " + std::string(jobs),
                    "ulimit -S -t 1; ulimit -c 0; ");
    EXPECT_EQ(ran.status, 1) << ran.output;
    const boost::json::object sweep = boost::json::parse(ran.output).as_object();
    EXPECT_FALSE(sweep.at("complete").as_bool());
    const boost::json::array& violations = sweep.at("violations").as_array();
    ASSERT_EQ(violations.size(), 2u) << ran.output;
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      const boost::json::object& violation = violations[seed - 1].as_object();
      EXPECT_EQ(violation.at("seed").to_number<std::uint64_t>(), seed);
      EXPECT_EQ(violation.at("invariant").as_string(), "crash");
      EXPECT_EQ(violation.at("detail").as_string(),
                "killed by signal 24 (CPU time limit exceeded)");
      const std::string replay(violation.at("replay").as_string());
      EXPECT_EQ(replay.find("dfs-sim run --seed " + std::to_string(seed) + " "), 0u) << replay;
      EXPECT_NE(replay.find(" --duration 3600"), std::string::npos) << replay;
    }
  }
}

TEST(Program, SweepSaysHowFastItWasAllInAllAndOnEachCore) {
  const Ran ran = run_program("sweep --seeds 1..4 --duration 5 --json --jobs 2");
  ASSERT_EQ(ran.status, 0) << ran.output;
  const boost::json::object sweep = boost::json::parse(ran.output).as_object();
  const auto number = [&](const char* key) { return sweep.at(key).to_number<std::uint64_t>(); };
  EXPECT_EQ(number("jobs"), 2u);
  EXPECT_EQ(number("events_per_second"), number("events") * 1000 / number("wall_ms"));
  EXPECT_EQ(number("sim_seconds_per_second"), number("sim_seconds") * 1000 / number("wall_ms"));
  EXPECT_EQ(number("sim_seconds_per_second_per_core"),
            number("sim_seconds") * 1000 / (number("wall_ms") * 2));
}

TEST(Program, ListNamesInvariantsFaultsProbesAndMutants) {
  const Ran ran = run_program("list --json");
  ASSERT_EQ(ran.status, 0);
  const boost::json::value parsed = boost::json::parse(ran.output);
  for (const char* key : {"invariants", "faults", "illnesses", "probes", "mutants"}) {
    EXPECT_FALSE(parsed.as_object().at(key).as_array().empty()) << key;
  }
  const boost::json::array& mutants = parsed.as_object().at("mutants").as_array();
  ASSERT_EQ(mutants.size(), kMutants.size());
  for (std::size_t i = 0; i < mutants.size(); ++i) {
    EXPECT_EQ(std::string_view(mutants[i].as_string()), kMutants[i].name);
  }
}

TEST(Program, RunsOnlyTheOperationsThatItIsAskedFor) {
  const Ran ran =
      run_program("run --seed 5 --duration 5 --network calm --operations 0:1,1:2 --json");
  ASSERT_EQ(ran.status, 0) << ran.output;
  const boost::json::value parsed = boost::json::parse(ran.output);
  EXPECT_EQ(parsed.as_object().at("operations").to_number<std::uint64_t>(), 2u);
  EXPECT_EQ(run_program("run --seed 5 --operations ,").status, 2);
}

TEST(Program, JudgesOnlyTheInvariantsThatItIsAskedFor) {
  const Ran ran = run_program("run --seed 5 --duration 5 --json --invariants D1,N3");
  ASSERT_EQ(ran.status, 0) << ran.output;
  const boost::json::value parsed = boost::json::parse(ran.output);
  for (const auto& check : parsed.as_object().at("checks").as_object()) {
    EXPECT_TRUE(check.key() == "D1" || check.key() == "N3") << check.key();
  }
  EXPECT_EQ(run_program("run --seed 5 --invariants D9").status, 2);
}

#if defined(DFS_MUTANTS)
TEST(Program, SaysWhichMutantsThereAreNot) {
  EXPECT_EQ(run_program("run --seed 1 --mutant D1-no-such").status, 2);
}
#else
static_assert(!mutated(Mutant::kD1AckBeforeFsync));

TEST(Program, CannotSwitchAMutantOnInAReleaseBuild) {
  EXPECT_EQ(run_program("run --seed 1 --mutant D1-ack-before-fsync").status, 2);
}
#endif

}  // namespace
}  // namespace dfs::world
