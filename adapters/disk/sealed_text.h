// Small text files that say what they are: a title with the number of their format in the first
// line, and in the last one the checksum of all before it. That is so in every format, so a newer
// one is told from damage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace dfs::disk {

struct SealedFormat {
  std::string_view title;  // of the file's kind, without the number
  std::uint64_t number = 1;
  std::string_view name;  // for messages: "volume"
};

// `lines` each end with a newline.
[[nodiscard]] std::string seal(const SealedFormat& format, std::string_view lines);
// The lines. kCorrupt for anything that seal() cannot have made, kInvalidArgument with a message
// for people if it has for another number.
[[nodiscard]] Result<std::string_view> unseal(const SealedFormat& format, std::string_view text);

// Takes "<key>=<value>\n" from the front of `text`.
[[nodiscard]] bool take_line(std::string_view& text, std::string_view key, std::string_view& value);

}  // namespace dfs::disk
