#include "simulator/world/first_difference.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace dfs::world {

std::optional<std::uint64_t> first_difference(const std::vector<TraceMark>& one,
                                              const std::vector<TraceMark>& other) {
  std::size_t same = 0;  // so many at the beginning are the same …
  std::size_t end = std::min(one.size(), other.size());
  if (one.size() == other.size() && one == other) return std::nullopt;
  while (same < end) {  // … and after `end` none is
    const std::size_t middle = same + (end - same) / 2;
    if (one[middle] == other[middle]) {
      same = middle + 1;
    } else {
      end = middle;
    }
  }
  return same + 1;
}

std::string to_text(const std::vector<TraceMark>& trace) {
  std::string text;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    text += std::to_string(i + 1) + " " + std::to_string(trace[i].at_us) + " " +
            to_hex(trace[i].hash, 16) + "\n";
  }
  return text;
}

}  // namespace dfs::world
