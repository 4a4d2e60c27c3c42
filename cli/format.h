// Sizes, times and modes as people write and read them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/base/time.h"
#include "core/wire/types.h"

namespace dfs::cli {

// "4096", "64M", "1.5G": K, M, G, T are powers of 1024, in either case, "B" and "iB" may follow.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
// A whole number from `low` to `high`; the error names `what`.
[[nodiscard]] Result<std::uint64_t> parse_number(std::string_view text, std::string_view what,
                                                 std::uint64_t low, std::uint64_t high);

// "512", "1.5K", "23M", "1.0T": at most three digits of precision, as ls -h does.
[[nodiscard]] std::string human_size(std::uint64_t bytes);
// As human_size, or the plain number.
[[nodiscard]] std::string size_text(std::uint64_t bytes, bool human);
// "2026-11-22 16:05" in local time.
[[nodiscard]] std::string time_text(WallTime time);
// "-rw-r--r--", "drwxr-xr-t".
[[nodiscard]] std::string mode_text(wire::FileType type, std::uint32_t mode);
// "0644".
[[nodiscard]] std::string octal_mode(std::uint32_t mode);
// "12 s", "3 min 20 s", "2 h 5 min".
[[nodiscard]] std::string duration_text(std::uint64_t seconds);
// "1 file", "2 files".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);
// "12%"; 0 of 0 is "0%".
[[nodiscard]] std::string percent(std::uint64_t part, std::uint64_t whole);

// Columns padded to their widest cell, two spaces between; a column is flushed right if its letter
// in `align` is 'r'. The last column is not padded.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows,
                                std::string_view align);

// A name from outside on a terminal: control characters and invalid UTF-8 as \xNN.
[[nodiscard]] std::string shown(std::string_view name);

}  // namespace dfs::cli
