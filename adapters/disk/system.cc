#include "adapters/disk/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace dfs::disk {
namespace {

int result(int returned) { return returned < 0 ? -errno : returned; }

std::int64_t milliseconds_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

FileInfo info_of(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_size), milliseconds_of(status.st_mtim),
          S_ISDIR(status.st_mode), S_ISREG(status.st_mode)};
}

}  // namespace

int System::open(int dir, const char* path, int flags, int mode) {
  return result(::openat(dir, path, flags | O_CLOEXEC, mode));
}

void System::close(int fd) { ::close(fd); }

std::int64_t System::read_at(int fd, MutableBytes out, std::uint64_t offset) {
  const ssize_t n = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
  return n < 0 ? -errno : n;
}

std::int64_t System::write_at(int fd, Bytes data, std::uint64_t offset) {
  const ssize_t n = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
  return n < 0 ? -errno : n;
}

int System::preallocate(int fd, std::uint64_t length) {
  // Not posix_fallocate: where the file system cannot, it writes every block.
  const int returned = result(::fallocate(fd, 0, 0, static_cast<off_t>(length)));
  return returned == -EOPNOTSUPP ? 0 : returned;
}

int System::truncate(int fd, std::uint64_t length) {
  return result(::ftruncate(fd, static_cast<off_t>(length)));
}

void System::begin_writeback(int fd, std::uint64_t offset, std::uint64_t length) {
  ::sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(length),
                    SYNC_FILE_RANGE_WRITE);
}

void System::drop_cache(int fd) { ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); }

int System::sync(int fd) { return result(::fsync(fd)); }

int System::sync_all(int fd) { return result(::syncfs(fd)); }

int System::rename(int from_dir, const char* from, int to_dir, const char* to) {
  return result(::renameat(from_dir, from, to_dir, to));
}

int System::exchange(int dir, const char* one, const char* other) {
  return result(::renameat2(dir, one, dir, other, RENAME_EXCHANGE));
}

int System::link(int from_dir, const char* from, int to_dir, const char* to) {
  return result(::linkat(from_dir, from, to_dir, to, 0));
}

int System::unlink(int dir, const char* path) { return result(::unlinkat(dir, path, 0)); }

int System::make_directory(int dir, const char* path) { return result(::mkdirat(dir, path, 0755)); }

int System::stat_at(int dir, const char* path, FileInfo& info) {
  struct stat status {};
  const int returned = result(::fstatat(dir, path, &status, AT_SYMLINK_NOFOLLOW));
  if (returned == 0) info = info_of(status);
  return returned;
}

int System::stat_file(int fd, FileInfo& info) {
  struct stat status {};
  const int returned = result(::fstat(fd, &status));
  if (returned == 0) info = info_of(status);
  return returned;
}

int System::set_mtime(int dir, const char* path, std::int64_t mtime_ms) {
  timespec times[2];
  times[0] = {0, UTIME_OMIT};
  times[1] = {static_cast<time_t>(mtime_ms / 1000), static_cast<long>(mtime_ms % 1000 * 1'000'000)};
  return result(::utimensat(dir, path, times, AT_SYMLINK_NOFOLLOW));
}

int System::list(int dir, const char* path, std::vector<std::string>& names) {
  names.clear();
  const int fd = result(::openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd < 0) return fd;
  DIR* stream = ::fdopendir(fd);
  if (stream == nullptr) {
    const int error = errno;
    ::close(fd);
    return -error;
  }
  int error = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream);  // NOLINT(concurrency-mt-unsafe): a stream of our own
    if (entry == nullptr) {
      error = errno;
      break;
    }
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
      names.emplace_back(entry->d_name);
    }
  }
  ::closedir(stream);
  return -error;
}

int System::space(int dir, SpaceInfo& info) {
  struct statvfs status {};
  const int returned = result(::fstatvfs(dir, &status));
  if (returned == 0) {
    info.total = std::uint64_t{status.f_frsize} * status.f_blocks;
    info.free = std::uint64_t{status.f_frsize} * status.f_bavail;
  }
  return returned;
}

int System::lock(int fd) { return result(::flock(fd, LOCK_EX | LOCK_NB)); }

std::int64_t System::wall_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return milliseconds_of(now);
}

System& real_system() {
  static System system;
  return system;
}

}  // namespace dfs::disk
