// The bytes of simulated files: a function of a key and an offset, so that nobody has to keep them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/bytes.h"

namespace dfs::world {

// Names a file version's content.
struct Content {
  std::uint64_t key = 0;
  std::uint64_t length = 0;

  friend bool operator==(const Content&, const Content&) = default;
};

[[nodiscard]] std::vector<std::uint8_t> bytes_of(const Content& content, std::uint64_t offset,
                                                 std::uint64_t length);
// Whether `data` is what the content has at `offset`.
[[nodiscard]] bool matches(const Content& content, std::uint64_t offset, Bytes data);

}  // namespace dfs::world
