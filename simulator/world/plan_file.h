// Plans as text: what `dfs-sim reduce` writes, `dfs-sim run --plan` reads and tests keep for ever.
//
//   # why this is kept, in any number of lines
//   dfs-sim plan 1
//   seed 388
//   datanodes 5
//   operations 0:12 1:44
//   operations 2:3
//   expect N1
//
// A line that begins with '#' is a comment. The other lines are options of plan_options.h, of which
// only lists may go on in a second line, and `expect`: the invariant that the plan must break, or
// broke, or "nothing". A plan needs a seed.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "simulator/world/plan.h"

namespace dfs::world {

inline constexpr std::size_t kMaxPlanText = 1 << 20;

struct PlanFile {
  std::string comment;  // without '#', lines separated by '\n'
  PlanOptions plan;
  std::string expect;  // an invariant's id; "": none
};

[[nodiscard]] std::string to_text(const PlanFile& file);
// kInvalidArgument with the number of the line that is wrong, and why.
[[nodiscard]] Result<PlanFile> parse_plan(std::string_view text);

}  // namespace dfs::world
