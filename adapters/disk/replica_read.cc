// Reading: opened replicas, sidecars, verification.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "adapters/disk/store_state.h"
#include "core/base/crc32c.h"
#include "core/datanode/checksum_builder.h"
#include "core/wire/transfer.h"

namespace dfs::disk {
namespace {

constexpr std::size_t kVerifyBytes = std::size_t{1} << 20;
// Enough for the head and, with blocks up to 512 MiB, for the granule CRCs.
constexpr std::size_t kFirstRead = 40 * 1024;

Status rotten(const std::string& subject, const char* what) {
  return {Code::kCorrupt, subject + ": " + what};
}

struct Pair {
  Fd data;
  datanode::Sidecar sidecar;
};

// Opens both files of a replica, so that they belong together: the block's names do not change
// meanwhile.
Result<Pair> open_pair(Volume& volume, BlockId block, Part part) {
  const std::string subject = subject_of(block);
  const std::string path = std::string(kCurrent) + "/" + leaf_of(block);
  System& system = volume.system();
  const int dir = system.open(volume.root(), path.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (dir == -ENOENT) return volume.missing(kCurrent, block, data_name(block));
  if (dir < 0) return volume.read_error(dir, subject, "open of the directory");
  const Fd leaf(system, dir);
  const int fd = system.open(dir, data_name(block).c_str(), O_RDONLY, 0);
  if (fd == -ENOENT) return volume.missing(kCurrent, block, data_name(block));
  if (fd < 0) return volume.read_error(fd, subject, "open");
  Fd data(system, fd);
  Result<datanode::Sidecar> sidecar = read_sidecar(volume, dir, meta_name(block), part, subject);
  if (sidecar.status().code() == Code::kNotFound) {
    const Status missing = volume.missing(kCurrent, block, meta_name(block));
    if (missing.code() != Code::kNotFound) return missing;
    return rotten(subject, "its checksums are gone");
  }
  if (!sidecar.ok()) return sidecar.status();
  if (sidecar->info.id != block) return rotten(subject, "its sidecar belongs to another block");
  FileInfo info;
  const int measured = system.stat_file(fd, info);
  if (measured < 0) return volume.read_error(measured, subject, "stat");
  if (info.size != sidecar->info.length) return rotten(subject, "its file has another length");
  return Pair{std::move(data), std::move(*sidecar)};
}

}  // namespace

struct OpenReplica::File {
  VolumePtr volume;
  Fd data;
  datanode::Sidecar sidecar;
};

OpenReplica::OpenReplica(std::unique_ptr<File> file) : file_(std::move(file)) {}
OpenReplica::OpenReplica(OpenReplica&&) noexcept = default;
OpenReplica& OpenReplica::operator=(OpenReplica&&) noexcept = default;
OpenReplica::~OpenReplica() = default;

const datanode::Sidecar& OpenReplica::sidecar() const { return file_->sidecar; }

Status OpenReplica::read(std::uint64_t offset, MutableBytes out) const {
  const std::string subject = subject_of(file_->sidecar.info.id);
  const std::uint64_t length = file_->sidecar.info.length;
  if (offset > length || out.size() > length - offset) {
    return {Code::kInvalidArgument, subject + ": no such range"};
  }
  const Result<std::size_t> read = file_->volume->read(file_->data.get(), offset, out, subject);
  if (!read.ok()) return read.status();
  return *read == out.size() ? Status() : rotten(subject, "its file was cut");
}

Status OpenReplica::check(std::uint64_t offset, Bytes data) const {
  const std::string subject = subject_of(file_->sidecar.info.id);
  const std::uint64_t length = file_->sidecar.info.length;
  if (offset > length || data.size() > length - offset || offset % wire::kGranuleBytes != 0 ||
      (data.size() % wire::kGranuleBytes != 0 && offset + data.size() != length)) {
    return {Code::kInvalidArgument, subject + ": no such range"};
  }
  for (std::uint64_t granule = offset / wire::kGranuleBytes; !data.empty(); ++granule) {
    const Bytes part = data.first(std::min<std::size_t>(data.size(), wire::kGranuleBytes));
    data = data.subspan(part.size());
    if (crc32c(part) != file_->sidecar.granule_crcs[granule]) {
      return rotten(subject, "checksum mismatch");
    }
  }
  return {};
}

std::uint64_t footprint(const datanode::Sidecar& sidecar) {
  return sidecar.info.length + datanode::layout_of(sidecar).total();
}

Result<datanode::Sidecar> read_sidecar(Volume& volume, int dir, const std::string& name, Part part,
                                       const std::string& subject) {
  const int fd = volume.system().open(dir, name.c_str(), O_RDONLY, 0);
  if (fd == -ENOENT) return Status(Code::kNotFound, subject + ": no sidecar");
  if (fd < 0) return volume.read_error(fd, subject, "sidecar: open");
  const Fd file(volume.system(), fd);
  std::vector<std::uint8_t> bytes(kFirstRead);
  Result<std::size_t> size = volume.read(fd, 0, bytes, subject);
  if (!size.ok()) return size.status();
  bytes.resize(*size);
  Result<datanode::Sidecar> sidecar = datanode::decode_sidecar_head(bytes);
  if (sidecar.ok() && part != Part::kHead) {
    const datanode::SidecarLayout layout = datanode::layout_of(*sidecar);
    // One byte more than there may be, to see a file that is too long.
    const std::size_t wanted =
        part == Part::kWhole ? layout.total() + 1 : layout.head + layout.granules;
    if (bytes.size() == kFirstRead && wanted > kFirstRead) {
      bytes.resize(wanted);
      size = volume.read(fd, kFirstRead, MutableBytes(bytes).subspan(kFirstRead), subject);
      if (!size.ok()) return size.status();
      bytes.resize(kFirstRead + *size);
    }
    sidecar = part == Part::kWhole ? datanode::decode_sidecar(bytes)
                                   : datanode::decode_sidecar_for_reading(bytes);
  }
  if (sidecar.ok()) return sidecar;
  return Status(sidecar.status().code(), subject + ": " + sidecar.status().message());
}

Status verify_data(Volume& volume, int fd, const datanode::Sidecar& sidecar,
                   const ReplicaStore::Pace& pace) {
  const std::string subject = subject_of(sidecar.info.id);
  // What memory holds may be right where the disk is not.
  volume.system().drop_cache(fd);
  datanode::ChecksumBuilder builder;
  std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(kVerifyBytes, sidecar.info.length + 1));
  for (;;) {
    if (!pace(buffer.size())) return {Code::kUnavailable, subject + ": verification was stopped"};
    const Result<std::size_t> read = volume.read(fd, builder.length(), buffer, subject);
    if (!read.ok()) return read.status();
    builder.add(Bytes(buffer).first(*read));
    if (*read < buffer.size() || builder.length() > sidecar.info.length) break;
  }
  builder.finish();
  if (builder.length() != sidecar.info.length) {
    return rotten(subject, "its file has another length");
  }
  if (builder.crc() != sidecar.info.crc || builder.granules() != sidecar.granule_crcs ||
      builder.chunks() != sidecar.chunk_crcs) {
    return rotten(subject, "checksum mismatch");
  }
  return {};
}

Result<OpenReplica> ReplicaStore::open_replica(BlockId block, datanode::VolumeId id) {
  Result<VolumePtr> volume = state_->volume(id, block);
  if (!volume.ok()) return volume.status();
  const std::lock_guard guard(state_->names_of(block));
  Result<Pair> pair = open_pair(**volume, block, Part::kForReading);
  if (!pair.ok()) return pair.status();
  auto file = std::make_unique<OpenReplica::File>();
  file->volume = *volume;
  file->data = std::move(pair->data);
  file->sidecar = std::move(pair->sidecar);
  return OpenReplica(std::move(file));
}

Result<datanode::Sidecar> ReplicaStore::load_sidecar(BlockId block, datanode::VolumeId id) {
  Result<VolumePtr> volume = state_->volume(id, block);
  if (!volume.ok()) return volume.status();
  const std::lock_guard guard(state_->names_of(block));
  Result<Pair> pair = open_pair(**volume, block, Part::kWhole);
  if (!pair.ok()) return pair.status();
  return std::move(pair->sidecar);
}

Status ReplicaStore::verify(const wire::BlockInfo& replica, datanode::VolumeId id,
                            const Pace& pace) {
  const std::string subject = subject_of(replica.id);
  Result<VolumePtr> volume = state_->volume(id, replica.id);
  if (!volume.ok()) return volume.status();
  Result<Pair> pair = Status(Code::kInternal, subject + ": not opened");
  {
    const std::lock_guard guard(state_->names_of(replica.id));
    pair = open_pair(**volume, replica.id, Part::kWhole);
  }
  if (!pair.ok()) return pair.status();
  if (pair->sidecar.info != replica) return rotten(subject, "its sidecar says something else");
  return verify_data(**volume, pair->data.get(), pair->sidecar, pace);
}

}  // namespace dfs::disk
