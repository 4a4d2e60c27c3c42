#include "adapters/disk/rescue_directory.h"

#include <algorithm>
#include <fstream>
#include <functional>

#include "core/base/crc32c.h"

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

}  // namespace

Result<wire::MetadataList> RescueDirectory::list() {
  Result<std::unique_ptr<MetadataHome>> home =
      MetadataHome::open(directory_ + "/" + kMetadataFolder, MetadataHome::Access::kReader);
  if (!home.ok()) return home.status();
  home_ = std::move(*home);
  return home_->list();
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
    return out ? Status() : Status(Code::kIo, path + ": cannot write");
  });
  out.close();
  if (status.ok() && !out) status = {Code::kIo, path + ": cannot write"};
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
