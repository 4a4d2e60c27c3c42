// Plans as text: what `dfs-sim reduce` writes, `dfs-sim run --plan` reads and tests keep for ever.
//
//   # why this is kept, in any number of lines
//   dfs-sim plan 1
//   seed 388
//   profile safety
//   datanodes 5
//   clients 3
//   duration 60
//   network calm                     (or: as drawn)
//   faults all                       (or: none, or names)
//   strikes 0 4 17                   (or: all; which of the drawn faults happen)
//   operations 0:12 1:44 …           (or: all; SERIES:NUMBER)
//   judge N1 N2                      (or: all; the invariants that count)
//   expect N1                        (or: nothing; the invariant that it must break, or broke)
//
// A line that begins with '#' is a comment. Each other key comes once, in any order after the
// first.
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
