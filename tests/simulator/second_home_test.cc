// C1: how many DataNodes it wants to have a copy of the metadata.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/world/plan.h"
#include "simulator/world/world.h"

namespace dfs::world {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Every DataNode shall have a copy; some are asked to leave.
class SecondHome : public ::testing::Test {
 protected:
  SecondHome() {
    PlanOptions options;
    options.profile = Profile::kDisaster;
    options.duration = seconds(10);
    options.faults.emplace();
    plan_ = make_plan(options);
    plan_.shipper.emplace().homes = plan_.datanodes;
  }
  void asks_to_leave(std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) {
      const Instant at{seconds(static_cast<std::int64_t>(i)).us};
      plan_.faults.push_back({at, FaultKind::kDecommission, {}, i});
    }
  }
  [[nodiscard]] std::vector<std::string> violations() const {
    const RunResult result = run(plan_);
    EXPECT_EQ(result.faults.at("decommission"), plan_.faults.size());
    std::vector<std::string> details;
    for (const Violation& violation : result.violations) details.push_back(violation.detail);
    return details;
  }

  Plan plan_;
};

TEST_F(SecondHome, IsNoDataNodeThatLeaves) {
  asks_to_leave(2);
  EXPECT_THAT(violations(), IsEmpty());
}

TEST_F(SecondHome, HasWhatIsOlderThanTheWindowHoweverFewStay) {
  asks_to_leave(2);
  plan_.shipper->batch_delay = plan_.duration * 1000;
  plan_.shipper->window = {};
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("changes are on")));
}

}  // namespace
}  // namespace dfs::world
