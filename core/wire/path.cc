#include "core/wire/path.h"

#include <algorithm>
#include <cstdint>

#include "core/base/assert.h"
#include "core/base/bytes.h"

namespace dfs::wire {
namespace {

// Bytes of the well-formed UTF-8 sequence that `text` begins with; 0 if it begins with none.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  std::uint32_t point = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return 0;
    point = (point << 6) | (byte(i) & 0x3fu);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return overlong || surrogate || point > 0x10ffff ? 0 : length;
}

Status invalid(std::string_view text, std::string_view why) {
  return {Code::kInvalidArgument, printable(text) + ": " + std::string(why)};
}

// Why `name` cannot be one; "" if it can.
std::string_view flaw_of(std::string_view name) {
  if (name == "." || name == "..") return "'.' and '..' are not allowed as names";
  if (name.size() > kMaxNameBytes) return "File name too long (over 255 bytes)";
  if (name.find('/') != std::string_view::npos) return "A name must not contain '/'";
  if (name.find('\0') != std::string_view::npos) return "A name must not contain NUL";
  return is_utf8(name) ? "" : "A name must be valid UTF-8";
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLimit = 300;
  std::string out;
  while (!text.empty()) {
    if (out.size() >= kLimit) return out + "...";
    const std::size_t length = utf8_sequence(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (length == 0 || first < 0x20 || first == 0x7f) {
      out += "\\x" + to_hex(std::uint64_t{first}, 2);
      text.remove_prefix(1);
    } else {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  return out;
}

Status check_name(std::string_view name) {
  if (name.empty()) return {Code::kInvalidArgument, "a name must not be empty"};
  const std::string_view flaw = flaw_of(name);
  return flaw.empty() ? Status() : invalid(name, flaw);
}

Result<Path> Path::parse(std::string_view text, std::size_t max_bytes) {
  if (text.empty()) return {Code::kInvalidArgument, "the path is empty; it must begin with '/'"};
  if (text.front() != '/') return invalid(text, "Not an absolute path");
  if (text.size() > max_bytes) {
    return invalid(text, "Path too long (over " + std::to_string(max_bytes) + " bytes)");
  }
  Path path;
  const std::string_view whole = text;
  while (!text.empty()) {
    text.remove_prefix(1);  // the slash
    const std::string_view name = text.substr(0, text.find('/'));
    text.remove_prefix(name.size());
    if (name.empty()) continue;
    if (const std::string_view flaw = flaw_of(name); !flaw.empty()) return invalid(whole, flaw);
    if (path.names_.size() == kMaxPathDepth) {
      return invalid(path.text(), "Path too deep (over 255 levels)");
    }
    path.names_.emplace_back(name);
  }
  return path;
}

std::string Path::text() const {
  if (names_.empty()) return "/";
  std::string text;
  for (const std::string& name : names_) text.append("/").append(name);
  return text;
}

const std::string& Path::name() const {
  DFS_ASSERT(!names_.empty());
  return names_.back();
}

Path Path::parent() const {
  DFS_ASSERT(!names_.empty());
  return prefix(names_.size() - 1);
}

Path Path::child(const std::string& name) const {
  Path path = *this;
  path.names_.push_back(name);
  return path;
}

Path Path::prefix(std::size_t depth) const {
  DFS_ASSERT(depth <= names_.size());
  Path path;
  path.names_.assign(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(depth));
  return path;
}

bool Path::contains(const Path& other) const {
  return names_.size() <= other.names_.size() &&
         std::equal(names_.begin(), names_.end(), other.names_.begin());
}

}  // namespace dfs::wire
