// What dfs-sim prints of runs: JSON with fixed keys, and lines for people.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "simulator/world/world.h"

namespace dfs::world {

// The members of `counts` and the wall time, as a run's and a sweep's document have them.
void add(boost::json::object& document, const Counts& counts, std::int64_t wall_ms);
// A line for each kind of count, each begun with `indent`.
[[nodiscard]] std::string to_text(const Counts& counts, const std::string& indent);

[[nodiscard]] boost::json::object to_json(const RunResult& result, std::int64_t wall_ms,
                                          const std::string& replay);
[[nodiscard]] std::string to_text(const RunResult& result, std::int64_t wall_ms,
                                  const std::string& replay);

}  // namespace dfs::world
