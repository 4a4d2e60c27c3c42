// A 64-bit rolling digest, equal on every compiler and machine: trace hashes, report digests.
// Not cryptographic.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/random.h"

namespace dfs {

class Digest {
 public:
  constexpr void add(std::uint64_t word) { state_ = mix(state_, word); }
  constexpr void add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    add(key_of(text));
  }
  [[nodiscard]] constexpr std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0x6d696e692d686466u;
};

}  // namespace dfs
