// The saved plans: reduced failures that must never come back. Each has the planted bug that it was
// reduced with in its comment, so that it can be shown to meet that bug still.
//
// tests/simulator/save_plans.py makes them anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/mutant.h"
#include "simulator/world/plan_file.h"
#include "simulator/world/world.h"

namespace dfs::world {
namespace {

const std::string kMutantLine = "mutant: ";

std::vector<std::string> saved_plans() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(DFS_SAVED_PLANS)) {
    if (file.path().extension() == ".plan") names.push_back(file.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

PlanFile read_saved(const std::string& name) {
  std::ifstream file(std::string(DFS_SAVED_PLANS) + "/" + name + ".plan", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  const Result<PlanFile> plan = parse_plan(text.str());
  EXPECT_TRUE(plan.ok()) << name << ": " << plan.status().message();
  return plan.ok() ? *plan : PlanFile{};
}

class SavedPlans : public testing::TestWithParam<std::string> {};

TEST_P(SavedPlans, BreakNothing) {
  const RunResult result = run(make_plan(read_saved(GetParam()).plan));
  for (const Violation& violation : result.violations) {
    ADD_FAILURE() << violation.invariant << ": " << violation.detail;
  }
}

#if defined(DFS_MUTANTS)
TEST_P(SavedPlans, StillMeetTheirBugs) {
  const PlanFile file = read_saved(GetParam());
  const std::size_t at = file.comment.find(kMutantLine);
  ASSERT_NE(at, std::string::npos) << "which bug was it reduced with?";
  const std::size_t begin = at + kMutantLine.size();
  const std::string name = file.comment.substr(begin, file.comment.find('\n', begin) - begin);
  const auto* const known = std::ranges::find(kMutants, name, &MutantName::name);
  ASSERT_NE(known, kMutants.end()) << name;
  switch_on(known->mutant);
  const RunResult result = run(make_plan(file.plan));
  switch_on(Mutant::kNone);
  ASSERT_FALSE(result.violations.empty()) << "make it anew: tests/simulator/save_plans.py";
  EXPECT_EQ(result.violations.front().invariant, file.expect);
}
#endif

INSTANTIATE_TEST_SUITE_P(Each, SavedPlans, testing::ValuesIn(saved_plans()), [](const auto& plan) {
  std::string name = plan.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace dfs::world
