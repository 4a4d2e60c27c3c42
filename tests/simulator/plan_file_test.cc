// Plan files: what is written is read again, and what is wrong is named by its line.
#include "simulator/world/plan_file.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "simulator/world/plan_options.h"
#include "simulator/world/world.h"

namespace dfs::world {
namespace {

PlanFile some_file() {
  PlanFile file;
  file.comment = "A page of a directory ended too early.\nFound by a sweep.";
  file.plan.seed = UINT64_MAX;
  file.plan.profile = Profile::kLiveness;
  file.plan.datanodes = 4;
  file.plan.clients = 2;
  file.plan.duration = seconds(17);
  file.plan.faults.emplace();
  file.plan.faults->insert({FaultKind::kBitRot, FaultKind::kDataNodeCrash});
  file.plan.selection.delays = Delays::kConstant;
  file.plan.selection.block_size = 64;
  file.plan.selection.file_blocks = 1;
  file.plan.selection.faults = std::set<std::size_t>{0, 7};
  file.plan.selection.operations.emplace();
  for (std::uint64_t i = 0; i < 100; ++i) file.plan.selection.operations->insert({1, i * i});
  file.plan.ill = IllNodes{{3, Illness::kDeaf}, {5, Illness::kDiskFull}};
  file.plan.invariants = {"N1", "N2"};
  file.expect = "N1";
  return file;
}

TEST(PlanFile, IsReadAsItWasWritten) {
  const PlanFile file = some_file();
  const Result<PlanFile> read = parse_plan(to_text(file));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(to_text(*read), to_text(file));
  EXPECT_EQ(read->comment, file.comment);
  EXPECT_EQ(read->plan.seed, file.plan.seed);
  EXPECT_EQ(read->plan.faults, file.plan.faults);
  EXPECT_EQ(read->plan.selection, file.plan.selection);
  EXPECT_EQ(read->plan.ill, file.plan.ill);
  EXPECT_EQ(read->plan.invariants, file.plan.invariants);
  EXPECT_EQ(read->expect, "N1");
}

TEST(PlanFile, WithoutAChoiceMeansTheWholePlan) {
  const Result<PlanFile> read = parse_plan("dfs-sim plan 1\nseed 3\n");
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->plan.faults);
  EXPECT_EQ(read->plan.selection, Selection{});
}

TEST(PlanFile, ThatIsWrongIsRefusedWithTheLine) {
  const std::string begin = "# why\ndfs-sim plan 1\nseed 3\n";
  for (const char* line :
       {"seed 4", "seed", "datanodes many", "datanodes 51", "clients 0x3", "clients 0",
        "profile fast", "bogus 1", "operations 1", "operations 1:", "operations 99:1", "strikes -1",
        "ill 3:well", "faults sunspots", "expect Z9", "invariants D1 Z9", "duration 1 2",
        "network off", "block-size 0"}) {
    const Result<PlanFile> read = parse_plan(begin + line + "\n");
    ASSERT_FALSE(read.ok()) << line;
    EXPECT_EQ(read.status().message().find("line 4: "), 0u) << read.status().message();
  }
  for (const char* text : {"", "seed 3\n", "dfs-sim plan 2\nseed 3\n", "dfs-sim plan 1\n"}) {
    EXPECT_FALSE(parse_plan(text).ok()) << text;
  }
}

TEST(PlanFile, OfRubbishIsRefusedOrReadAndNeverHarms) {
  const std::string good = to_text(some_file());
  EXPECT_TRUE(rc::check([&] {
    std::string text = good;
    const auto changes = *rc::gen::inRange(1, 8);
    for (int i = 0; i < changes; ++i) {
      text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
    }
    const Result<PlanFile> read = parse_plan(text);
    if (read.ok()) RC_ASSERT(parse_plan(to_text(*read)).ok());
  }));
}

TEST(PlanFile, SaysTheSameAsTheOptionsOfACommandLine) {
  const PlanFile file = some_file();
  PlanOptions read;
  const Words arguments = words_of(as_arguments(file.plan), ' ');
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const PlanOption* option = find_plan_option(arguments[i].substr(2));
    ASSERT_NE(option, nullptr) << arguments[i];
    EXPECT_EQ(option->read(words_of(arguments[i + 1], ','), read), "");
  }
  EXPECT_EQ(to_text({file.comment, read, file.expect}), to_text(file));
}

TEST(PlanFile, OfConstantDelaysNeedsNoChance) {
  PlanOptions options;
  options.selection.delays = Delays::kConstant;
  const Plan plan = make_plan(options);
  EXPECT_FALSE(plan.network.spread || plan.namenode_times.spread || plan.datanode_times.spread);
  EXPECT_EQ(plan.network.tail_per_mille, 0u);
  EXPECT_EQ(plan.network.loss_per_million, 0u);
}

TEST(Selection, LeavesWhatItKeepsAsItWas) {
  PlanOptions options;
  options.seed = 5;
  options.duration = seconds(5);
  options.faults.emplace();
  const RunResult whole = run(make_plan(options));
  ASSERT_GT(whole.performed.size(), 20u);
  options.selection.operations.emplace(whole.performed.begin(), whole.performed.end());
  EXPECT_EQ(run(make_plan(options)).trace_hash, whole.trace_hash);
  options.selection.operations->erase(whole.performed.back());
  EXPECT_EQ(run(make_plan(options)).performed.size(), whole.performed.size() - 1);
}

}  // namespace
}  // namespace dfs::world
