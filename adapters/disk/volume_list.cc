#include "adapters/disk/volume_list.h"

#include <filesystem>
#include <system_error>

#include "adapters/disk/sealed_text.h"

namespace dfs::disk {
namespace {

constexpr SealedFormat kListFormat{"mini-hdfs DataNode volumes, format ", 1, "volume list"};

}  // namespace

// ".." stays: before it there may be a link.
std::string listed_name(const std::string& directory) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(directory, error);
  std::filesystem::path name;
  for (const std::filesystem::path& part : error ? std::filesystem::path(directory) : whole) {
    if (!part.empty() && part != ".") name /= part;
  }
  return name.string();
}

std::string encode_volume_list(const VolumeList& list) {
  std::string lines;
  for (const std::string& directory : list) {
    if (directory.find('\n') == std::string::npos) lines += "directory=" + directory + "\n";
  }
  return seal(kListFormat, lines);
}

Result<VolumeList> decode_volume_list(std::string_view text) {
  const Result<std::string_view> lines = unseal(kListFormat, text);
  if (!lines.ok()) return lines.status();
  VolumeList list;
  std::string_view directory;
  for (std::string_view rest = *lines; !rest.empty();) {
    if (!take_line(rest, "directory", directory)) return Status(Code::kCorrupt, "damaged");
    list.emplace(directory);
  }
  if (encode_volume_list(list) != text) return Status(Code::kCorrupt, "damaged");
  return list;
}

}  // namespace dfs::disk
