#include "cli/local_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace dfs::cli {
namespace {

// The permissions that open() would have given; read once, before there are threads.
::mode_t new_file_mode() {
  static const ::mode_t mode = [] {
    const ::mode_t mask = ::umask(0);
    ::umask(mask);
    return static_cast<::mode_t>(0666 & ~mask);
  }();
  return mode;
}

}  // namespace

Status local_error(const std::string& name, int error) {
  return {Code::kIo, name + ": " + std::strerror(error)};
}

client::ReadOptions in_order(std::string path) {
  client::ReadOptions options;
  options.path = std::move(path);
  options.window = 1;
  options.block.parallel = 1;
  return options;
}

LocalFile::LocalFile(std::string path, bool replace) : path_(std::move(path)), replace_(replace) {
  new_file_mode();
}

LocalFile::~LocalFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status LocalFile::opened(const wire::FileStatus& file) {
  const std::size_t slash = path_.rfind('/');
  std::string name = slash == std::string::npos ? "" : path_.substr(0, slash + 1);
  name += ".dfs-get-XXXXXX";
  file_ = http::FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!file_) return local_error(path_, errno);
  temporary_ = name;
  ::fchmod(file_.fd(), new_file_mode());
  if (::ftruncate(file_.fd(), static_cast<off_t>(file.length)) != 0) {
    return local_error(path_, errno);
  }
  return {};
}

Status LocalFile::write(std::uint64_t offset, Bytes data) {
  while (!data.empty()) {
    const ssize_t put = ::pwrite(file_.fd(), data.data(), data.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return local_error(path_, errno);
    data = data.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

Status LocalFile::publish() {
  // An older file gives way only to one that is on the disk.
  const bool replaces = replace_ && ::access(path_.c_str(), F_OK) == 0;
  if (replaces && ::fsync(file_.fd()) != 0) return local_error(path_, errno);
  if (!file_.close()) return local_error(path_, errno);  // network file systems write here
  int failed = 0;
  if (replace_) {
    failed = ::rename(temporary_.c_str(), path_.c_str());
  } else {
    failed = ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE);
    if (failed != 0 && errno == EINVAL) {  // a file system that cannot
      failed = ::link(temporary_.c_str(), path_.c_str());
      if (failed == 0) ::unlink(temporary_.c_str());
    }
  }
  if (failed != 0) return local_error(path_, errno);
  temporary_.clear();
  return {};
}

Status StreamSink::write(std::uint64_t /*offset*/, Bytes data) {
  while (!data.empty()) {
    const ssize_t put = ::write(fd_, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return local_error(name_, errno);
    data = data.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

}  // namespace dfs::cli
