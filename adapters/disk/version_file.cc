#include "adapters/disk/version_file.h"

#include <algorithm>
#include <charconv>

#include "adapters/disk/sealed_text.h"

namespace dfs::disk {
namespace {

constexpr SealedFormat kVersionFormat{"mini-hdfs DataNode volume, format ", 1, "volume"};

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
  std::string lines = "cluster=" + version.identity.cluster + "\n";
  lines += "uuid=" + version.uuid + "\n";
  lines += "node=" + std::to_string(version.identity.node.value) + "\n";
  lines += "epoch=" + std::to_string(version.identity.seen.epoch) + "\n";
  lines += "applied=" + std::to_string(version.identity.seen.applied) + "\n";
  lines += "block=" + std::to_string(version.identity.seen.block) + "\n";
  return seal(kVersionFormat, lines);
}

Result<Version> decode_version(std::string_view text) {
  const Result<std::string_view> lines = unseal(kVersionFormat, text);
  if (!lines.ok()) return lines.status();
  const Status damaged(Code::kCorrupt, "damaged");
  Version version;
  std::string_view rest = *lines;
  std::string_view cluster;
  std::string_view uuid;
  if (!take_line(rest, "cluster", cluster) || !take_line(rest, "uuid", uuid) ||
      !take_number(rest, "node", version.identity.node.value) ||
      !take_number(rest, "epoch", version.identity.seen.epoch) ||
      !take_number(rest, "applied", version.identity.seen.applied) ||
      !take_number(rest, "block", version.identity.seen.block) || !valid_cluster(cluster) ||
      !valid_uuid(uuid)) {
    return damaged;
  }
  version.identity.cluster = cluster;
  version.uuid = uuid;
  if (encode_version(version) != text) return damaged;
  return version;
}

}  // namespace dfs::disk
