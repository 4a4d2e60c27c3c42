// The system calls that the disk adapter makes, as an interface, so that tests can fail each of
// them and see their order.
//
// Each returns what the call returns, or −errno. The adapter makes no other call that touches a
// disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace dfs::disk {

struct FileInfo {
  std::uint64_t size = 0;
  std::int64_t mtime_ms = 0;  // wall time
  bool directory = false;
  bool regular = false;
};

struct SpaceInfo {
  std::uint64_t total = 0;  // bytes of the file system
  std::uint64_t free = 0;   // bytes that this process may still use
};

// So much of a file is written before its write-back is begun.
inline constexpr std::uint64_t kWritebackBytes = std::uint64_t{8} << 20;

class System {
 public:
  virtual ~System() = default;

  // `dir` is a descriptor of a directory, or AT_FDCWD; `path` is relative to it. O_CLOEXEC is
  // added.
  virtual int open(int dir, const char* path, int flags, int mode);
  virtual void close(int fd);
  virtual std::int64_t read_at(int fd, MutableBytes out, std::uint64_t offset);
  virtual std::int64_t write_at(int fd, Bytes data, std::uint64_t offset);
  virtual int preallocate(int fd, std::uint64_t length);
  virtual int truncate(int fd, std::uint64_t length);
  // Begins to write back [offset, offset + length), so that the later sync is short. A hint.
  virtual void begin_writeback(int fd, std::uint64_t offset, std::uint64_t length);
  // Lets the next read come from the disk and not from memory. A hint.
  virtual void drop_cache(int fd);
  virtual int sync(int fd);      // of a file or of a directory
  virtual int sync_all(int fd);  // of the whole file system that it is on
  virtual int rename(int from_dir, const char* from, int to_dir, const char* to);
  // Swaps two names; not every file system can.
  virtual int exchange(int dir, const char* one, const char* other);
  virtual int link(int from_dir, const char* from, int to_dir, const char* to);
  virtual int unlink(int dir, const char* path);
  virtual int make_directory(int dir, const char* path);
  virtual int stat_at(int dir, const char* path, FileInfo& info);
  virtual int stat_file(int fd, FileInfo& info);
  virtual int set_mtime(int dir, const char* path, std::int64_t mtime_ms);
  // Names in the directory without "." and "..", in no order.
  virtual int list(int dir, const char* path, std::vector<std::string>& names);
  virtual int space(int dir, SpaceInfo& info);
  virtual int lock(int fd);  // exclusive; −EWOULDBLOCK if another process holds it
  virtual std::int64_t wall_ms();
};

// The real one; it has no state.
[[nodiscard]] System& real_system();

}  // namespace dfs::disk
