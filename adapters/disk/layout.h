// Where a replica's files are below a volume: pure functions of its id and content.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/wire/types.h"

namespace dfs::disk {

inline constexpr const char* kCurrent = "current";
inline constexpr const char* kQuarantine = "quarantine";
inline constexpr const char* kUnknown = "unknown";
inline constexpr const char* kTemporary = "tmp";
inline constexpr const char* kVersionFile = "VERSION";
inline constexpr const char* kVersionNew = "VERSION.new";
inline constexpr const char* kListFile = "VOLUMES";
inline constexpr const char* kListNew = "VOLUMES.new";
inline constexpr const char* kLockFile = "in_use.lock";
inline constexpr std::string_view kMetaSuffix = ".meta";

// "100000/3ff": at most 1,024 ids share a leaf.
[[nodiscard]] std::string upper_of(BlockId block);  // "100000"
[[nodiscard]] std::string leaf_of(BlockId block);
// "blk_0000010000000001"
[[nodiscard]] std::string data_name(BlockId block);
[[nodiscard]] std::string meta_name(BlockId block);
// "blk_<id>_<length>_<crc>.<n>"
[[nodiscard]] std::string quarantine_name(const wire::BlockInfo& replica, std::uint32_t n);

// What a name in a leaf of current/ says; nullopt for any other name.
struct CurrentName {
  BlockId block;
  bool meta = false;
};
[[nodiscard]] std::optional<CurrentName> parse_current(std::string_view name);

struct QuarantineName {
  wire::BlockInfo replica;
  std::uint32_t n = 0;
  bool meta = false;
};
[[nodiscard]] std::optional<QuarantineName> parse_quarantine(std::string_view name);

}  // namespace dfs::disk
