#include "adapters/disk/rescue_directory.h"

#include <fcntl.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>

#include "adapters/disk/layout.h"
#include "adapters/disk/version_file.h"
#include "adapters/disk/volume.h"
#include "core/base/crc32c.h"
#include "core/datanode/sidecar.h"

namespace dfs::disk {
namespace {

constexpr std::uint64_t kPiece = std::uint64_t{256} << 10;

// Hands the whole file over in pieces.
Status read_all(const HomeFile& file, const std::function<Status(Bytes)>& take) {
  std::string piece;
  for (std::uint64_t offset = 0; offset < file.size(); offset += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min(kPiece, file.size() - offset)));
    const MutableBytes out(reinterpret_cast<std::uint8_t*>(piece.data()), piece.size());
    if (Status status = file.read(offset, out); !status.ok()) return status;
    if (Status status = take(out); !status.ok()) return status;
  }
  return {};
}

// Reads the heads of the sidecars below current/ of one volume.
class SidecarWalk {
 public:
  explicit SidecarWalk(const std::string& directory)
      : root_(system_, system_.open(AT_FDCWD, directory.c_str(), O_RDONLY | O_DIRECTORY, 0)) {}

  void run(const std::function<void(const namenode::RescuedReplica&)>& each) {
    for (const std::string& upper : names_in(kCurrent)) {
      const std::string folder = std::string(kCurrent) + "/" + upper;
      for (const std::string& leaf : names_in(folder)) {
        for (const std::string& name : names_in(folder + "/" + leaf)) {
          const std::optional<CurrentName> parsed = parse_current(name);
          if (parsed && parsed->meta) read(folder + "/" + leaf + "/" + name, each);
        }
      }
    }
  }
  [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }

 private:
  std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    if (system_.list(root_.get(), folder.c_str(), names) < 0) ++unreadable_;
    std::sort(names.begin(), names.end());
    return names;
  }

  void read(const std::string& path,
            const std::function<void(const namenode::RescuedReplica&)>& each) {
    const Fd file(system_, system_.open(root_.get(), path.c_str(), O_RDONLY, 0));
    std::vector<std::uint8_t> head(datanode::kMaxSidecarHeadBytes);
    const std::int64_t size = file.get() < 0 ? -1 : system_.read_at(file.get(), head, 0);
    head.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    Result<datanode::Sidecar> sidecar = datanode::decode_sidecar_head(head);
    if (!sidecar.ok()) {
      ++unreadable_;
      return;
    }
    each({sidecar->cluster, sidecar->info, sidecar->inode, sidecar->index, sidecar->path_hint});
  }

  System& system_ = real_system();
  Fd root_;
  std::uint64_t unreadable_ = 0;
};

}  // namespace

Status RescueDirectory::replicas(
    const std::function<void(const namenode::RescuedReplica& replica)>& each) {
  SidecarWalk walk(directory_);
  walk.run(each);
  if (walk.unreadable() == 0) return {};
  return {Code::kIo, std::to_string(walk.unreadable()) + " sidecars or folders cannot be read"};
}

Result<wire::MetadataList> RescueDirectory::list() {
  Result<std::unique_ptr<MetadataHome>> home =
      MetadataHome::open(directory_ + "/" + kMetadataFolder, MetadataHome::Access::kReader);
  if (!home.ok()) return home.status();
  home_ = std::move(*home);
  return home_->list();
}

Result<wire::SeenEpoch> RescueDirectory::seen() {
  std::ifstream in(directory_ + "/" + kVersionFile, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const Result<Version> version = decode_version(text);
  if (!version.ok()) {
    return Status(version.status().code(),
                  "which epoch it has seen is not known, its VERSION file "
                  "is missing or damaged");
  }
  return wire::SeenEpoch{version->identity.cluster, version->identity.seen.epoch};
}

Status RescueDirectory::save_checkpoint(const wire::CheckpointHeader& checkpoint,
                                        const std::string& path) {
  const Result<HomeFile> file =
      home_->checkpoint(checkpoint.cluster, checkpoint.epoch, checkpoint.applied);
  if (!file.ok()) return file.status();
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  std::uint32_t crc = 0;
  Status status = read_all(*file, [&](Bytes data) -> Status {
    crc = crc32c(data, crc);
    out.write(as_text(data).data(), std::ssize(data));
    return out ? Status() : Status(Code::kNoSpace, path + ": cannot be written");
  });
  out.close();
  if (status.ok() && !out) status = {Code::kNoSpace, path + ": cannot be written"};
  if (status.ok() && (file->size() != checkpoint.length || crc != checkpoint.crc)) {
    status = {Code::kCorrupt, "the checkpoint is damaged"};
  }
  return status;
}

Result<std::string> RescueDirectory::journal(const wire::CheckpointHeader& checkpoint) {
  const Result<HomeFile> file =
      home_->journal(checkpoint.cluster, checkpoint.epoch, checkpoint.applied);
  if (!file.ok()) return file.status();
  std::string text;
  Status status = read_all(*file, [&text](Bytes data) -> Status {
    text.append(as_text(data));
    return {};
  });
  if (!status.ok()) return status;
  return text;
}

}  // namespace dfs::disk
