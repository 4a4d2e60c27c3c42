#include "adapters/disk/version_file.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/crc32c.h"

namespace dfs::disk {
namespace {

constexpr std::string_view kTitle = "mini-hdfs DataNode volume, format ";
constexpr std::uint64_t kFormat = 1;

Status damaged() { return {Code::kCorrupt, "damaged"}; }

// Takes "<key>=<value>\n" from the front of `text`.
bool take_line(std::string_view& text, std::string_view key, std::string_view& value) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(key)) return false;
  std::string_view line = text.substr(key.size(), end - key.size());
  if (!line.starts_with('=')) return false;
  value = line.substr(1);
  text.remove_prefix(end + 1);
  return true;
}

bool take_number(std::string_view& text, std::string_view key, std::uint64_t& number) {
  std::string_view value;
  if (!take_line(text, key, value)) return false;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && end == value.data() + value.size();
}

std::string first_line() { return std::string(kTitle) + std::to_string(kFormat) + "\n"; }

std::string last_line(std::string_view before) {
  return "crc32c=" + to_hex(crc32c(as_bytes(before)), 8) + "\n";
}

// The number of the format of a whole file, which ends with the checksum of what is before: that is
// so in every format.
std::optional<std::uint64_t> format_of(std::string_view text) {
  const std::string_view before = text.substr(0, text.rfind("crc32c="));
  if (before == text || text.substr(before.size()) != last_line(before)) return std::nullopt;
  if (!before.starts_with(kTitle)) return std::nullopt;
  const std::string_view rest = before.substr(kTitle.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || end == rest.data() + rest.size() || *end != '\n') return std::nullopt;
  return number;
}

bool valid_uuid(std::string_view uuid) {
  return uuid.size() == 32 && std::all_of(uuid.begin(), uuid.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

bool valid_cluster(std::string_view cluster) {
  return cluster.size() <= 64 && std::all_of(cluster.begin(), cluster.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::string encode_version(const Version& version) {
  std::string text = first_line();
  text += "cluster=" + version.identity.cluster + "\n";
  text += "uuid=" + version.uuid + "\n";
  text += "node=" + std::to_string(version.identity.node.value) + "\n";
  text += "epoch=" + std::to_string(version.identity.seen.epoch) + "\n";
  text += "applied=" + std::to_string(version.identity.seen.applied) + "\n";
  text += "block=" + std::to_string(version.identity.seen.block) + "\n";
  return text + last_line(text);
}

Result<Version> decode_version(std::string_view text) {
  const std::optional<std::uint64_t> format = format_of(text);
  if (!format) return damaged();
  if (*format != kFormat) {
    return {Code::kInvalidArgument, "has volume format " + std::to_string(*format) +
                                        ", this program knows format " + std::to_string(kFormat) +
                                        "; use the version of dfs that wrote it"};
  }
  Version version;
  std::string_view rest = text;
  std::string_view cluster;
  std::string_view uuid;
  rest.remove_prefix(first_line().size());
  if (!take_line(rest, "cluster", cluster) || !take_line(rest, "uuid", uuid) ||
      !take_number(rest, "node", version.identity.node.value) ||
      !take_number(rest, "epoch", version.identity.seen.epoch) ||
      !take_number(rest, "applied", version.identity.seen.applied) ||
      !take_number(rest, "block", version.identity.seen.block) || !valid_cluster(cluster) ||
      !valid_uuid(uuid)) {
    return damaged();
  }
  version.identity.cluster = cluster;
  version.uuid = uuid;
  if (encode_version(version) != text) return damaged();
  return version;
}

}  // namespace dfs::disk
