#include "adapters/http/client_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace dfs::http {
namespace {

constexpr std::size_t kSpoolPiece = 256 * 1024;
constexpr int kAbortCheckMs = 200;

Status failed(const std::string& name, int error) {
  return {Code::kIo, name + ": " + std::strerror(error)};
}

// Fills `out` from `at`; what is missing at the end of the file is an error.
Status read_at(int fd, std::uint64_t at, MutableBytes out, const std::string& name) {
  while (!out.empty()) {
    const ssize_t got = ::pread(fd, out.data(), out.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(name, errno);
    if (got == 0) return {Code::kIo, name + ": became shorter while it was read"};
    out = out.subspan(static_cast<std::size_t>(got));
    at += static_cast<std::uint64_t>(got);
  }
  return {};
}

Status write_all(int fd, Bytes data) {
  while (!data.empty()) {
    const ssize_t put = ::write(fd, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed("temporary file", errno);
    data = data.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<FileDescriptor> unlinked_temporary() {
  const char* folder = std::getenv("TMPDIR");
  std::string name = folder != nullptr && *folder != '\0' ? folder : "/tmp";
  name += "/dfs-put-XXXXXX";
  FileDescriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return failed(name, errno);
  ::unlink(name.c_str());
  return file;
}

}  // namespace

FileSource::FileSource(FileDescriptor file, std::string name, std::uint64_t begin,
                       std::uint64_t length)
    : file_(std::move(file)), name_(std::move(name)), begin_(begin), length_(length) {}

Result<Prepared> FileSource::prepare(std::uint64_t index, std::uint64_t offset,
                                     std::uint64_t at_most) {
  const std::uint64_t left = length_ - std::min(offset, length_);
  const std::lock_guard lock(mutex_);
  offsets_[index] = offset;
  return Prepared{std::min(at_most, left), left <= at_most};
}

Status FileSource::read(std::uint64_t index, std::uint64_t at, MutableBytes out) {
  std::uint64_t offset = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = offsets_.find(index);
    if (found == offsets_.end()) return {Code::kInternal, name_ + ": the block was released"};
    offset = found->second;
  }
  return read_at(file_.fd(), begin_ + offset + at, out, name_);
}

void FileSource::release(std::uint64_t index) {
  const std::lock_guard lock(mutex_);
  offsets_.erase(index);
}

StreamSource::StreamSource(FileDescriptor stream, std::string name)
    : stream_(std::move(stream)), name_(std::move(name)) {}

bool StreamSource::wait_for_input() const {
  pollfd entry{stream_.fd(), POLLIN, 0};
  while (!aborted_) {
    if (::poll(&entry, 1, kAbortCheckMs) != 0) return true;  // also an error: read() tells it
  }
  return false;
}

Result<Prepared> StreamSource::prepare(std::uint64_t index, std::uint64_t /*offset*/,
                                       std::uint64_t at_most) {
  std::shared_ptr<FileDescriptor> spool;
  std::vector<std::uint8_t> piece(kSpoolPiece);
  Prepared prepared;
  while (prepared.length < at_most) {
    if (!wait_for_input()) return {Code::kUnavailable, name_ + ": interrupted"};
    const std::size_t want =
        static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), at_most - prepared.length));
    const ssize_t got = ::read(stream_.fd(), piece.data(), want);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(name_, errno);
    if (got == 0) {
      prepared.last = true;
      break;
    }
    if (!spool) {
      Result<FileDescriptor> file = unlinked_temporary();
      if (!file.ok()) return file.status();
      spool = std::make_shared<FileDescriptor>(std::move(*file));
    }
    const Bytes bytes(piece.data(), static_cast<std::size_t>(got));
    if (Status status = write_all(spool->fd(), bytes); !status.ok()) return status;
    prepared.length += static_cast<std::uint64_t>(got);
  }
  const std::lock_guard lock(mutex_);
  if (spool) spools_[index] = std::move(spool);
  return prepared;
}

Status StreamSource::read(std::uint64_t index, std::uint64_t at, MutableBytes out) {
  std::shared_ptr<FileDescriptor> spool;
  {
    const std::lock_guard lock(mutex_);
    const auto found = spools_.find(index);
    if (found == spools_.end()) return {Code::kInternal, name_ + ": the block was released"};
    spool = found->second;
  }
  return read_at(spool->fd(), at, out, name_);
}

void StreamSource::release(std::uint64_t index) {
  const std::lock_guard lock(mutex_);
  spools_.erase(index);
}

Result<std::unique_ptr<BlockSource>> open_source(FileDescriptor file, const std::string& name) {
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return failed(name, errno);
  if (S_ISDIR(info.st_mode)) return {Code::kIsDirectory, name + ": Is a directory"};
  const off_t begin = S_ISREG(info.st_mode) ? ::lseek(file.fd(), 0, SEEK_CUR) : 0;
  if (S_ISREG(info.st_mode) && info.st_size > begin) {
    // Who shares the descriptor finds it where reading would have left it.
    if (begin < 0 || ::lseek(file.fd(), info.st_size, SEEK_SET) < 0) return failed(name, errno);
    return std::unique_ptr<BlockSource>(
        std::make_unique<FileSource>(std::move(file), name, static_cast<std::uint64_t>(begin),
                                     static_cast<std::uint64_t>(info.st_size - begin)));
  }
  return std::unique_ptr<BlockSource>(std::make_unique<StreamSource>(std::move(file), name));
}

}  // namespace dfs::http
