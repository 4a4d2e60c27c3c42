#include "adapters/disk/volume.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace dfs::disk {
namespace {

constexpr std::size_t kLongestText = 64 << 10;  // of a small file that is read whole

std::string text_of(int error) { return std::generic_category().message(-error); }

// Errors that say something about the disk, and nothing about the request or this process.
bool disk_fails(int error) {
  switch (-error) {
    case EIO:
    case EROFS:
    case ENXIO:
    case ENODEV:
    case ESTALE:
    case EUCLEAN:
    case ESHUTDOWN:
      return true;
    default:
      return false;
  }
}

// Errors that say something about this process, and nothing about the disk.
bool short_of_resources(int error) {
  switch (-error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EINTR:
      return true;
    default:
      return false;
  }
}

Status status_of(int error, const std::string& subject) {
  if (short_of_resources(error)) {
    return {Code::kUnavailable,
            subject + ": the DataNode is short of resources (" + text_of(error) + "); try again"};
  }
  switch (-error) {
    case ENOSPC:
    case EDQUOT:
      return {Code::kNoSpace, subject + ": No space left on the disk of this DataNode"};
    case EACCES:
    case EPERM:
      return {Code::kPermissionDenied, subject + ": the DataNode may not use its own files"};
    default:
      return {Code::kIo, subject + ": the disk failed (" + text_of(error) + ")"};
  }
}

// At start, for the operator.
Status start_error(int error, const std::string& subject) {
  if (short_of_resources(error)) return status_of(error, subject);
  return {Code::kIo, subject + ": " + text_of(error)};
}

}  // namespace

std::string subject_of(BlockId block) { return "block " + std::to_string(block.value); }

Volume::Volume(datanode::VolumeId id, std::string directory, System& system, Log log)
    : id_(id), directory_(std::move(directory)), system_(system), log_(std::move(log)) {}

Status Volume::make_path() {
  for (std::size_t end = 1; end <= directory_.size(); ++end) {
    if (end != directory_.size() && directory_[end] != '/') continue;
    const std::string path = directory_.substr(0, end);
    if (system_.make_directory(AT_FDCWD, path.c_str()) < 0) continue;  // open() will tell
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "."
                               : slash == 0               ? "/"
                                                          : path.substr(0, slash);
    const Fd dir(system_, system_.open(AT_FDCWD, parent.c_str(), O_RDONLY | O_DIRECTORY, 0));
    const int synced = dir.get() < 0 ? dir.get() : system_.sync(dir.get());
    if (synced < 0) return start_error(synced, directory_);
  }
  return {};
}

Status Volume::open_directory() {
  const int fd = system_.open(AT_FDCWD, directory_.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (fd == -ENOTDIR) return {Code::kNotDirectory, directory_ + ": not a directory"};
  if (fd < 0) return start_error(fd, directory_);
  root_ = Fd(system_, fd);
  return {};
}

Status Volume::look() {
  FileInfo info;
  const int error = system_.stat_at(AT_FDCWD, directory_.c_str(), info);
  if (error == -ENOENT) return {Code::kNotFound, directory_ + ": not there"};
  const Status opened = open_directory();
  return opened.ok() ? read_version().status() : opened;
}

Status Volume::open() {
  Status status = make_path();
  if (status.ok()) status = open_directory();
  if (status.ok()) status = lock();
  if (status.ok()) in_service_ = true;
  return status;
}

Status Volume::lock() {
  const int fd = system_.open(root(), kLockFile, O_RDWR | O_CREAT, 0644);
  if (fd < 0) return start_error(fd, directory_);
  Fd file(system_, fd);
  const int locked = system_.lock(fd);
  if (locked < 0) {
    std::uint8_t buffer[16];
    const std::int64_t size = system_.read_at(fd, buffer, 0);
    const std::size_t read = size < 0 ? 0 : static_cast<std::size_t>(size);
    std::string holder(as_text(Bytes(buffer, read)));
    holder.resize(std::min(holder.size(), holder.find('\0')));
    if (holder == std::to_string(::getpid())) {
      return {Code::kAlreadyExists, directory_ + ": named twice"};
    }
    return {Code::kAlreadyExists, directory_ + ": in use by another DataNode" +
                                      (holder.empty() ? "" : " (process " + holder + ")") +
                                      "; stop it or use another directory"};
  }
  const std::string pid = std::to_string(::getpid());
  // Who holds it is only told for convenience: that it is not told is no reason not to start.
  if (system_.write_at(fd, as_bytes(pid + std::string(16 - pid.size(), '\0')), 0) < 0) {
    log("in_use.lock could not be written");
  }
  lock_ = std::move(file);
  return {};
}

// kNotFound: there is no such file.
Result<std::string> Volume::read_text(const char* name) {
  const std::string subject = directory_ + ": " + name;
  const int fd = system_.open(root(), name, O_RDONLY, 0);
  if (fd == -ENOENT) return Status(Code::kNotFound, subject + ": not there");
  if (fd < 0) return start_error(fd, subject);
  const Fd file(system_, fd);
  std::string text;
  std::uint8_t buffer[1024];
  while (text.size() < kLongestText) {
    const std::int64_t n = system_.read_at(fd, buffer, text.size());
    if (n < 0) return start_error(static_cast<int>(n), subject);
    if (n == 0) break;
    text += as_text(Bytes(buffer, static_cast<std::size_t>(n)));
  }
  return text;
}

Result<Version> Volume::read_version() {
  const Result<std::string> text = read_text(kVersionFile);
  if (text.status().code() == Code::kNotFound) {
    std::vector<std::string> names;
    const int listed = system_.list(root(), kCurrent, names);
    if (listed == -ENOENT || (listed == 0 && names.empty())) {
      return Status(Code::kNotFound, directory_ + ": new");
    }
    if (listed < 0) return start_error(listed, directory_);
    return Status(Code::kCorrupt,
                  directory_ +
                      ": has replicas but no VERSION file; put it back (any volume of the "
                      "same DataNode has an equal one) or use another directory");
  }
  if (!text.ok()) return text.status();
  Result<Version> version = decode_version(*text);
  if (version.ok()) return version;
  if (version.status().code() != Code::kCorrupt) {
    return Status(version.status().code(), directory_ + " " + version.status().message());
  }
  return Status(Code::kCorrupt,
                directory_ +
                    ": its VERSION file is damaged; put it back (any volume of the same "
                    "DataNode has an equal one) or use another directory");
}

Result<VolumeList> Volume::read_list() {
  const Result<std::string> text = read_text(kListFile);
  if (text.status().code() == Code::kNotFound) return VolumeList();
  if (!text.ok()) return text.status();
  Result<VolumeList> list = decode_volume_list(*text);
  if (list.ok()) return list;
  if (list.status().code() != Code::kCorrupt) {
    return Status(list.status().code(), directory_ + " " + list.status().message());
  }
  return Status(Code::kCorrupt, directory_ +
                                    ": its VOLUMES file is damaged; see that all disks of this "
                                    "DataNode are mounted, then delete it");
}

Status Volume::write_list(const VolumeList& list) {
  const std::string subject = "volumes";
  const int fd = system_.open(root(), kListNew, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return write_error(fd, subject, kListFile);
  const Fd file(system_, fd);
  Status written = write(fd, 0, as_bytes(encode_volume_list(list)), subject);
  if (!written.ok()) return written;
  int error = sync(fd);
  if (error < 0) return write_error(error, subject, "VOLUMES: sync");
  error = system_.rename(root(), kListNew, root(), kListFile);
  if (error < 0) return write_error(error, subject, "VOLUMES: rename");
  return sync_folder(root(), subject);
}

// Written over the version before the last one, which keeps its block for that: without a durable
// mark no order is carried out, so a full disk could not be freed either.
Status Volume::write_version(const Version& version) {
  const std::string subject = "identity";
  const std::string text = encode_version(version);
  const int fd = system_.open(root(), kVersionNew, O_WRONLY | O_CREAT, 0644);
  if (fd < 0) return write_error(fd, subject, "VERSION");
  const Fd file(system_, fd);
  Status written = write(fd, 0, as_bytes(text), subject);
  if (!written.ok()) return written;
  int error = system_.truncate(fd, text.size());
  if (error == 0) error = sync(fd);
  if (error < 0) return write_error(error, subject, "VERSION: sync");
  error = system_.exchange(root(), kVersionNew, kVersionFile);
  // The first one, or a file system that cannot swap names.
  if (error < 0) error = system_.rename(root(), kVersionNew, root(), kVersionFile);
  if (error < 0) return write_error(error, subject, "VERSION: rename");
  Status synced = sync_folder(root(), subject);
  if (synced.ok()) return synced;
  // After a power loss either file may be VERSION, so neither may be written over.
  error = system_.unlink(root(), kVersionNew);
  if (error < 0 && error != -ENOENT) take_out("VERSION.new: " + text_of(error));
  return synced;
}

Status Volume::make_folders() {
  for (const char* folder : {kCurrent, kQuarantine, kUnknown, kTemporary}) {
    const int made = system_.make_directory(root(), folder);
    if (made < 0 && made != -EEXIST) return write_error(made, "volume", folder);
  }
  return sync_folder(root(), "volume");
}

void Volume::take_out(const std::string& why) {
  if (in_service_.exchange(false)) log("volume taken out of service: " + why);
}

Result<Fd> Volume::durable_leaf(const char* top, BlockId block) {
  const std::string subject = subject_of(block);
  const std::string upper = std::string(top) + "/" + upper_of(block);
  const std::string leaf = std::string(top) + "/" + leaf_of(block);
  {
    const std::lock_guard guard(leaves_mutex_);
    if (!durable_leaves_.contains(leaf)) {
      for (const auto& [folder, parent] : {std::pair{upper, std::string(top)}, {leaf, upper}}) {
        const int made = system_.make_directory(root(), folder.c_str());
        if (made < 0 && made != -EEXIST) return write_error(made, subject, folder + ": mkdir");
        const int fd = system_.open(root(), parent.c_str(), O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0) return write_error(fd, subject, parent + ": open");
        const Fd dir(system_, fd);
        Status synced = sync_folder(fd, subject);
        if (!synced.ok()) return synced;
      }
      durable_leaves_.insert(leaf);
    }
  }
  const int fd = system_.open(root(), leaf.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return write_error(fd, subject, leaf + ": open");
  return Fd(system_, fd);
}

int Volume::sync(int fd) {
  const int error = system_.sync(fd);
  if (error < 0) take_out("sync: " + text_of(error));
  return error;
}

void Volume::sync_all() {
  const int error = system_.sync_all(root());
  if (error < 0) take_out("sync of its file system: " + text_of(error));
}

Status Volume::sync_folder(int dir, const std::string& subject) {
  const int error = sync(dir);
  return error < 0 ? write_error(error, subject, "sync of a directory") : Status();
}

Status Volume::write_error(int error, const std::string& subject, const std::string& what) {
  log(subject + ": " + what + ": " + text_of(error));
  if (disk_fails(error)) take_out(what + ": " + text_of(error));
  return status_of(error, subject);
}

Status Volume::read_error(int error, const std::string& subject, const std::string& what) {
  log(subject + ": " + what + ": " + text_of(error));
  if (disk_fails(error) && in_service() && !healthy()) take_out("it fails a probe");
  return status_of(error, subject);
}

// Can a small file be written durably, and the directory be read?
bool Volume::healthy() {
  const std::string name = std::string(kTemporary) + "/probe";
  const int fd = system_.open(root(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return !disk_fails(fd);
  const Fd file(system_, fd);
  const std::int64_t written = system_.write_at(fd, as_bytes("probe"), 0);
  if (written < 0 && disk_fails(static_cast<int>(written))) return false;
  if (system_.sync(fd) < 0) return false;
  if (disk_fails(system_.unlink(root(), name.c_str()))) return false;
  std::vector<std::string> names;
  return !disk_fails(system_.list(root(), kCurrent, names));
}

Status Volume::missing(const char* top, BlockId block, const std::string& name) {
  const std::string subject = subject_of(block);
  const std::string leaf = leaf_of(block);
  const std::string upper = upper_of(block);
  const std::string top_path(top);
  // The deepest directory that can be read must not have the next name.
  const std::pair<std::string, std::string> steps[] = {
      {top_path + "/" + leaf, name},
      {top_path + "/" + upper, leaf.substr(upper.size() + 1)},
      {top_path, upper},
  };
  for (const auto& [directory, entry] : steps) {
    std::vector<std::string> names;
    const int listed = system_.list(root(), directory.c_str(), names);
    if (listed == -ENOENT) continue;
    if (listed < 0) return read_error(listed, subject, directory + ": list");
    if (std::find(names.begin(), names.end(), entry) != names.end()) break;
    return {Code::kNotFound, subject + ": no replica here"};
  }
  return {Code::kUnavailable, subject + ": the replica could not be looked up; try again"};
}

Result<std::size_t> Volume::read(int fd, std::uint64_t offset, MutableBytes out,
                                 const std::string& subject) {
  std::size_t done = 0;
  while (done < out.size()) {
    const std::int64_t n = system_.read_at(fd, out.subspan(done), offset + done);
    if (n == -EINTR) continue;
    if (n < 0) return read_error(static_cast<int>(n), subject, "read");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Status Volume::write(int fd, std::uint64_t offset, Bytes data, const std::string& subject) {
  while (!data.empty()) {
    const std::int64_t n = system_.write_at(fd, data, offset);
    if (n == -EINTR) continue;
    if (n < 0) return write_error(static_cast<int>(n), subject, "write");
    if (n == 0) return write_error(-EIO, subject, "write of nothing");
    offset += static_cast<std::uint64_t>(n);
    data = data.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace dfs::disk
