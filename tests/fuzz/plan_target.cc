// Plan files of the simulator: what is read is written as a text that reads the same.
#include "simulator/world/plan_file.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void fuzz_plan(Bytes input) {
  const Result<world::PlanFile> plan = world::parse_plan(as_text(input));
  if (!plan.ok()) {
    require(plan.status().message().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  const std::string text = world::to_text(*plan);
  const Result<world::PlanFile> again = world::parse_plan(text);
  require(again.ok(), "a plan that was written can be read");
  require(world::to_text(*again) == text, "a plan has one form");
}

const Registration kPlan({"plan", fuzz_plan});

}  // namespace
}  // namespace dfs::fuzz
