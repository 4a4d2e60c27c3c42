// Absolute paths from outside, checked and brought into their one canonical form.
//
// Repeated and trailing slashes are collapsed here, once, and everything behind the edge works with
// the canonical form only: a path that one layer accepts and another reads differently has made
// namespaces unloadable (HDFS-3626). Refused, with kInvalidArgument and one line: what is not
// absolute, the components "." and "..", NUL, invalid UTF-8, names over 255 bytes, paths over 4,096
// bytes or deeper than 255 components.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace dfs::wire {

inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxPathBytes = 4096;
inline constexpr std::size_t kMaxPathDepth = 255;
// What a directory is moved below makes the paths in it longer than a client may send them, up to:
inline constexpr std::size_t kMaxTreePathBytes = kMaxPathDepth * (kMaxNameBytes + 1);

// True for well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

// `text` fit for a one-line message: control characters and invalid bytes escaped as \xNN, cut to
// 300 bytes.
[[nodiscard]] std::string printable(std::string_view text);

// Whether `name` can be one component of a path; the error names it.
[[nodiscard]] Status check_name(std::string_view name);

class Path {
 public:
  // The root.
  Path() = default;

  [[nodiscard]] static Result<Path> parse(std::string_view text,
                                          std::size_t max_bytes = kMaxPathBytes);

  // The canonical form: "/" or "/a/b".
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_root() const { return names_.empty(); }
  [[nodiscard]] std::size_t depth() const { return names_.size(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  // The last component; not of the root.
  [[nodiscard]] const std::string& name() const;
  // Without the last component; not of the root.
  [[nodiscard]] Path parent() const;
  // Of an entry that exists in this directory.
  [[nodiscard]] Path child(const std::string& name) const;
  // The first `depth` components.
  [[nodiscard]] Path prefix(std::size_t depth) const;
  // True if `other` is this path or lies below it.
  [[nodiscard]] bool contains(const Path& other) const;

  friend bool operator==(const Path&, const Path&) = default;

 private:
  std::vector<std::string> names_;
};

}  // namespace dfs::wire
