#include "adapters/sim/system.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace dfs::sim {

int SimSystem::may_change() {
  if (error_ != 0) return error_;
  if (!changes_left_) return 0;
  if (*changes_left_ == 0) return -EIO;
  --*changes_left_;
  return 0;
}

int SimSystem::open(int dir, const char* path, int flags, int /*mode*/) {
  if (error_ != 0) return error_;
  FileSet::FilePtr file;
  if (dir != AT_FDCWD) {
    file = files_.find(path);
    if (file != nullptr && (flags & O_EXCL) != 0) return -EEXIST;
    if (file == nullptr && (flags & O_CREAT) == 0) return -ENOENT;
    if (file == nullptr) {
      if (const int error = may_change(); error != 0) return error;
      file = files_.create(path);
    }
  }
  open_[next_fd_] = file;
  return next_fd_++;
}

std::int64_t SimSystem::read_at(int fd, MutableBytes out, std::uint64_t offset) {
  if (error_ != 0) return error_;
  const std::string& bytes = open_.at(fd)->bytes();
  if (offset >= bytes.size()) return 0;
  const std::size_t size = std::min<std::size_t>(out.size(), bytes.size() - offset);
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
  return static_cast<std::int64_t>(size);
}

std::int64_t SimSystem::write_at(int fd, Bytes data, std::uint64_t offset) {
  if (const int error = may_change(); error != 0) return error;
  open_.at(fd)->write(offset, data);
  return std::ssize(data);
}

int SimSystem::sync(int fd) {
  if (const int error = may_change(); error != 0) return error;
  const FileSet::FilePtr& file = open_.at(fd);
  if (file == nullptr) {
    files_.sync_names();
  } else {
    file->sync();
  }
  return 0;
}

int SimSystem::rename(int /*from_dir*/, const char* from, int /*to_dir*/, const char* to) {
  if (files_.find(from) == nullptr) return -ENOENT;
  if (const int error = may_change(); error != 0) return error;
  files_.rename(from, to);
  return 0;
}

int SimSystem::unlink(int /*dir*/, const char* path) {
  if (files_.find(path) == nullptr) return -ENOENT;
  if (const int error = may_change(); error != 0) return error;
  files_.remove(path);
  return 0;
}

int SimSystem::make_directory(int /*dir*/, const char* /*path*/) {
  return error_ != 0 ? error_ : -EEXIST;
}

int SimSystem::stat_file(int fd, disk::FileInfo& info) {
  if (error_ != 0) return error_;
  info = {.size = open_.at(fd)->bytes().size(), .mtime_ms = 0, .directory = false, .regular = true};
  return 0;
}

int SimSystem::list(int /*dir*/, const char* /*path*/, std::vector<std::string>& names) {
  if (error_ != 0) return error_;
  names = files_.names();
  return 0;
}

int SimSystem::preallocate(int /*fd*/, std::uint64_t /*length*/) { return -ENOSYS; }
int SimSystem::truncate(int /*fd*/, std::uint64_t /*length*/) { return -ENOSYS; }
int SimSystem::exchange(int /*dir*/, const char* /*one*/, const char* /*other*/) { return -ENOSYS; }
int SimSystem::link(int /*from_dir*/, const char* /*from*/, int /*to_dir*/, const char* /*to*/) {
  return -ENOSYS;
}
int SimSystem::stat_at(int /*dir*/, const char* /*path*/, disk::FileInfo& /*info*/) {
  return -ENOSYS;
}
int SimSystem::set_mtime(int /*dir*/, const char* /*path*/, std::int64_t /*mtime_ms*/) {
  return -ENOSYS;
}
int SimSystem::space(int /*dir*/, disk::SpaceInfo& /*info*/) { return -ENOSYS; }
int SimSystem::lock(int /*fd*/) { return -ENOSYS; }

}  // namespace dfs::sim
