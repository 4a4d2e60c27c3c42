// Views of raw bytes, and integers in them. All on-disk integers of this project are little-endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace dfs {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// One instruction each on the machines that this runs on: a loop over the bytes is not, at -O2.
inline void put_le32(std::uint8_t* out, std::uint32_t v) { std::memcpy(out, &v, sizeof v); }
inline void put_le64(std::uint8_t* out, std::uint64_t v) { std::memcpy(out, &v, sizeof v); }
[[nodiscard]] inline std::uint32_t get_le32(const std::uint8_t* in) {
  std::uint32_t v;
  std::memcpy(&v, in, sizeof v);
  return v;
}
[[nodiscard]] inline std::uint64_t get_le64(const std::uint8_t* in) {
  std::uint64_t v;
  std::memcpy(&v, in, sizeof v);
  return v;
}
static_assert(std::endian::native == std::endian::little);

// Lower-case hexadecimal, for identities and checksums in text.
[[nodiscard]] std::string to_hex(Bytes bytes);
[[nodiscard]] std::string to_hex(std::uint64_t value, int digits);

}  // namespace dfs
