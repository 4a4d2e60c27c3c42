// Writing: temporaries and their publication.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "adapters/disk/store_state.h"

namespace dfs::disk {
namespace {

// Volumes whose free space differs by less are equally good; the one with fewer writers is chosen.
constexpr std::uint64_t kSimilarBytes = std::uint64_t{1} << 30;

std::uint64_t footprint_of(std::uint64_t length) {
  return length + length / 128 + length / 16384 + 1024;  // data, chunk and granule CRCs, head
}

struct Candidate {
  VolumePtr volume;
  std::uint64_t free = 0;
  std::uint32_t writers = 0;
};

bool better(const Candidate& a, const Candidate& b) {
  if (a.free / kSimilarBytes != b.free / kSimilarBytes) return a.free > b.free;
  return a.writers < b.writers;
}

Status write_sidecar(Volume& volume, const std::string& name, const datanode::Sidecar& sidecar) {
  const std::string subject = subject_of(sidecar.info.id);
  const int fd =
      volume.system().open(volume.root(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0) return volume.write_error(fd, subject, "sidecar: create");
  const Fd file(volume.system(), fd);
  Status written = volume.write(fd, 0, datanode::encode_sidecar(sidecar), subject);
  if (!written.ok()) return written;
  const int synced = volume.sync(fd);
  return synced < 0 ? volume.write_error(synced, subject, "sidecar: sync") : Status();
}

// Ok unless current/ of one of the volumes has a replica of that id with other content. One that no
// sidecar names protects nothing; one that cannot be read may be anything (V3). The block's names
// do not change meanwhile.
Status no_other_content(const std::vector<VolumePtr>& volumes, const wire::BlockInfo& replica) {
  const std::string subject = subject_of(replica.id);
  const std::string leaf = std::string(kCurrent) + "/" + leaf_of(replica.id) + "/";
  for (const VolumePtr& volume : volumes) {
    if (!volume->in_service()) continue;
    FileInfo info;
    const std::string data = leaf + data_name(replica.id);
    const int there = volume->system().stat_at(volume->root(), data.c_str(), info);
    if (there == -ENOENT) continue;
    if (there < 0) return volume->read_error(there, subject, "stat");
    const Result<datanode::Sidecar> head =
        read_sidecar(*volume, volume->root(), leaf + meta_name(replica.id), Part::kHead, subject);
    const Code code = head.status().code();
    if (!head.ok() && code != Code::kNotFound && code != Code::kCorrupt) return head.status();
    if (head.ok() && head->info.id == replica.id && head->info != replica) {
      return {Code::kAlreadyExists, subject + ": a replica with other content is here"};
    }
  }
  return {};
}

}  // namespace

Temporary::Temporary(std::unique_ptr<File> file) : file_(std::move(file)) {}
Temporary::Temporary(Temporary&&) noexcept = default;
Temporary& Temporary::operator=(Temporary&&) noexcept = default;
Temporary::~Temporary() = default;

datanode::VolumeId Temporary::volume() const { return file_->volume->id(); }

Status Temporary::write(std::uint64_t offset, Bytes data) {
  File& file = *file_;
  if (offset > file.length || data.size() > file.length - offset) {
    return {Code::kInvalidArgument, subject_of(file.block) + ": longer than announced"};
  }
  if (!file.volume->in_service()) {
    return {Code::kIo, subject_of(file.block) + ": its volume is out of service"};
  }
  Status status = file.volume->write(file.fd.get(), offset, data, subject_of(file.block));
  const std::uint64_t end = offset + data.size();
  if (status.ok() && end >= file.written_back + kWritebackBytes) {
    file.volume->system().begin_writeback(file.fd.get(), file.written_back,
                                          end - file.written_back);
    file.written_back = end;
  }
  return status;
}

Temporary::File::~File() {
  volume->pending -= reserved;
  --volume->writers;
  if (published) return;
  for (const std::string& path : {name, name + std::string(kMetaSuffix)}) {
    const int gone = volume->system().unlink(volume->root(), path.c_str());
    if (gone < 0 && gone != -ENOENT) volume->log(path + ": a temporary file stays until restart");
  }
}

Result<Temporary> ReplicaStore::create(BlockId block, std::uint64_t length) {
  const std::string subject = subject_of(block);
  const std::uint64_t need = footprint_of(length);
  const wire::NodeStats now = stats();
  std::vector<Candidate> candidates;
  for (const VolumePtr& volume : state_->volumes) {
    SpaceInfo space;
    if (!volume->in_service()) continue;
    const int measured = state_->system.space(volume->root(), space);
    if (measured < 0) {
      const Status ignored = volume->read_error(measured, subject, "statvfs");
      continue;
    }
    if (space.free >= state_->options.reserve + need) {
      candidates.push_back({volume, space.free, volume->writers});
    }
  }
  if (candidates.empty() || (state_->options.capacity != 0 && now.largest_free < need)) {
    return Status(Code::kNoSpace, subject + ": No space left on this DataNode");
  }
  std::stable_sort(candidates.begin(), candidates.end(), better);
  Status status;
  for (const Candidate& candidate : candidates) {
    auto file = std::make_unique<Temporary::File>();
    file->volume = candidate.volume;
    file->block = block;
    file->length = length;
    file->reserved = need;
    file->name = std::string(kTemporary) + "/" + data_name(block) + "." +
                 std::to_string(state_->next_temporary++);
    candidate.volume->pending += need;
    ++candidate.volume->writers;
    const int fd = state_->system.open(candidate.volume->root(), file->name.c_str(),
                                       O_RDWR | O_CREAT | O_EXCL, 0644);
    if (fd < 0) {
      status = candidate.volume->write_error(fd, subject, "create");
      continue;
    }
    file->fd = Fd(state_->system, fd);
    const int error = length == 0 ? 0 : state_->system.preallocate(fd, length);
    if (error == 0) return Temporary(std::move(file));
    status = candidate.volume->write_error(error, subject, "preallocate");
  }
  return status;
}

Result<datanode::VolumeId> ReplicaStore::publish(Temporary temporary,
                                                 const datanode::Sidecar& sidecar,
                                                 Replaces replaces) {
  Temporary::File& file = *temporary.file_;
  Volume& volume = *file.volume;
  const BlockId block = file.block;
  const std::string subject = subject_of(block);
  DFS_ASSERT(sidecar.info.id == block && sidecar.info.length == file.length);

  const int synced = volume.sync(file.fd.get());
  if (synced < 0) return volume.write_error(synced, subject, "sync");
  const std::string meta = file.name + std::string(kMetaSuffix);
  Status status = write_sidecar(volume, meta, sidecar);
  if (!status.ok()) return status;

  const std::lock_guard guard(state_->names_of(block));
  if (!volume.in_service()) return Status(Code::kIo, subject + ": its volume is out of service");
  if (replaces == Replaces::kSameContent) {
    status = no_other_content(state_->volumes, sidecar.info);
    if (!status.ok()) return status;
  }
  // Made now, since later a full disk may have no room for a folder, and could not be freed then.
  const Result<Fd> way_out = volume.durable_leaf(kQuarantine, block);
  if (!way_out.ok()) return way_out.status();
  const Result<Fd> leaf = volume.durable_leaf(kCurrent, block);
  if (!leaf.ok()) return leaf.status();
  status = keep_present(volume, leaf->get(), block, Originals::kKeep);
  if (!status.ok()) return status;
  int error = state_->system.rename(volume.root(), file.name.c_str(), leaf->get(),
                                    data_name(block).c_str());
  if (error < 0) return volume.write_error(error, subject, "rename");
  error = state_->system.rename(volume.root(), meta.c_str(), leaf->get(), meta_name(block).c_str());
  if (error < 0) return volume.write_error(error, subject, "sidecar: rename");
  error = volume.sync(leaf->get());
  if (error < 0) return volume.write_error(error, subject, "sync of the directory");
  file.published = true;
  volume.used += footprint(sidecar);
  return volume.id();
}

}  // namespace dfs::disk
