#include "adapters/disk/sealed_text.h"

#include <charconv>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/crc32c.h"

namespace dfs::disk {
namespace {

std::string first_line(const SealedFormat& format) {
  return std::string(format.title) + std::to_string(format.number) + "\n";
}

std::string last_line(std::string_view before) {
  return "crc32c=" + to_hex(crc32c(as_bytes(before)), 8) + "\n";
}

std::optional<std::uint64_t> number_of(std::string_view before, std::string_view title) {
  if (!before.starts_with(title)) return std::nullopt;
  const std::string_view rest = before.substr(title.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || end == rest.data() + rest.size() || *end != '\n') return std::nullopt;
  return number;
}

}  // namespace

std::string seal(const SealedFormat& format, std::string_view lines) {
  std::string text = first_line(format);
  text += lines;
  return text + last_line(text);
}

Result<std::string_view> unseal(const SealedFormat& format, std::string_view text) {
  const Status damaged(Code::kCorrupt, "damaged");
  const std::string_view before = text.substr(0, text.rfind("crc32c="));
  if (before == text || text.substr(before.size()) != last_line(before)) return damaged;
  const std::optional<std::uint64_t> number = number_of(before, format.title);
  if (!number) return damaged;
  if (*number != format.number) {
    return Status(Code::kInvalidArgument,
                  "has " + std::string(format.name) + " format " + std::to_string(*number) +
                      ", this program knows format " + std::to_string(format.number) +
                      "; use the version of dfs that wrote it");
  }
  const std::string first = first_line(format);
  if (!before.starts_with(first)) return damaged;
  return before.substr(first.size());
}

bool take_line(std::string_view& text, std::string_view key, std::string_view& value) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(key)) return false;
  std::string_view line = text.substr(key.size(), end - key.size());
  if (!line.starts_with('=')) return false;
  value = line.substr(1);
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace dfs::disk
