#include "adapters/disk/layout.h"

#include <charconv>

#include "core/base/bytes.h"

namespace dfs::disk {
namespace {

constexpr std::string_view kPrefix = "blk_";

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Exactly `digits` lower-case hexadecimal digits, which is how to_hex writes them.
bool take_hex(std::string_view& text, std::size_t digits, std::uint64_t& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (const char c : text.substr(0, digits)) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    value = value << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  text.remove_prefix(digits);
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

std::string upper_of(BlockId block) { return to_hex(block.value >> 20, 11); }

std::string leaf_of(BlockId block) {
  return upper_of(block) + "/" + to_hex(block.value >> 10 & 0x3ff, 3);
}

std::string data_name(BlockId block) { return std::string(kPrefix) + to_hex(block.value, 16); }

std::string meta_name(BlockId block) { return data_name(block) + std::string(kMetaSuffix); }

std::string quarantine_name(const wire::BlockInfo& replica, std::uint32_t n) {
  return data_name(replica.id) + "_" + to_hex(replica.length, 16) + "_" + to_hex(replica.crc, 8) +
         "." + std::to_string(n);
}

std::optional<CurrentName> parse_current(std::string_view name) {
  CurrentName parsed;
  parsed.meta = take_suffix(name, kMetaSuffix);
  if (!take(name, kPrefix) || !take_hex(name, 16, parsed.block.value) || !name.empty() ||
      !parsed.block) {
    return std::nullopt;
  }
  return parsed;
}

std::optional<QuarantineName> parse_quarantine(std::string_view name) {
  QuarantineName parsed;
  std::uint64_t crc = 0;
  parsed.meta = take_suffix(name, kMetaSuffix);
  if (!take(name, kPrefix) || !take_hex(name, 16, parsed.replica.id.value) || !take(name, "_") ||
      !take_hex(name, 16, parsed.replica.length) || !take(name, "_") || !take_hex(name, 8, crc) ||
      !take(name, ".") || name.empty() || !parsed.replica.id) {
    return std::nullopt;
  }
  parsed.replica.crc = static_cast<std::uint32_t>(crc);
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), parsed.n);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return parsed;
}

}  // namespace dfs::disk
