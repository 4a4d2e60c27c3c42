#include "adapters/disk/version_file.h"

#include <algorithm>
#include <charconv>

#include "core/base/crc32c.h"

namespace dfs::disk {
namespace {

constexpr std::string_view kTitle = "mini-hdfs DataNode volume, format 1\n";

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
  std::string text(kTitle);
  text += "cluster=" + version.identity.cluster + "\n";
  text += "uuid=" + version.uuid + "\n";
  text += "node=" + std::to_string(version.identity.node.value) + "\n";
  text += "epoch=" + std::to_string(version.identity.seen.epoch) + "\n";
  text += "applied=" + std::to_string(version.identity.seen.applied) + "\n";
  text += "block=" + std::to_string(version.identity.seen.block) + "\n";
  return text + "crc32c=" + to_hex(crc32c(as_bytes(text)), 8) + "\n";
}

Result<Version> decode_version(std::string_view text) {
  Version version;
  std::string_view rest = text;
  std::string_view cluster;
  std::string_view uuid;
  if (!rest.starts_with(kTitle)) return damaged();
  rest.remove_prefix(kTitle.size());
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
