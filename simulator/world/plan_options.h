// What can be said of a plan, as one list: the options of dfs-sim's command line and the lines of a
// plan file.
//
// "--strikes 0,4" on a command line is "strikes 0 4" in a file. What is not said is as the seed
// draws it. Adding an option here adds it to both, and to every command that dfs-sim prints.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/world/plan.h"

namespace dfs::world {

using Words = std::vector<std::string>;

struct PlanOption {
  std::string_view name;
  std::string_view help;
  bool list = false;  // more than one word may be said
  // Takes at least one word in. Returns what is wrong with them, "" if nothing.
  std::string (*read)(const Words& words, PlanOptions& plan) = nullptr;
  // The words that read() makes this of; empty: as it is when nothing is said.
  Words (*write)(const PlanOptions& plan) = nullptr;
};

[[nodiscard]] std::span<const PlanOption> plan_options();
[[nodiscard]] const PlanOption* find_plan_option(std::string_view name);
// The same plan as options of a command line: " --seed 5 --faults bit-rot,reset".
[[nodiscard]] std::string as_arguments(const PlanOptions& plan);
// The words of a list, without empty ones.
[[nodiscard]] Words words_of(std::string_view text, char separator);

}  // namespace dfs::world
