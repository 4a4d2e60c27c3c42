// Tells a run as lines that a person can read: who said what, what became durable, which replica
// moved.
//
// It watches through the same hooks as the oracles and changes nothing, so a run told is the run
// itself.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "simulator/world/oracle.h"

namespace dfs::world {

// Takes one line, without its end.
using StoryLine = std::function<void(const std::string&)>;

// How a line of that moment begins: seconds with six decimals.
[[nodiscard]] std::string moment(std::int64_t at_us);

[[nodiscard]] std::unique_ptr<Oracle> make_story(Scene& scene, StoryLine line);

}  // namespace dfs::world
