// The scenarios whose stories are kept in stories/NAME.txt: each function plays one and tells it.
#pragma once

#include <string>
#include <vector>

namespace dfs::golden {

struct Told {
  std::string name;
  std::string (*play)() = nullptr;
};

[[nodiscard]] std::vector<Told> stories_of_writing();
[[nodiscard]] std::vector<Told> stories_of_healing();
[[nodiscard]] std::vector<Told> stories_of_the_namenode();

}  // namespace dfs::golden
