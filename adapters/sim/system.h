// The system calls of adapters/disk for one flat directory of a simulated disk, so that the real
// keeper of metadata copies (adapters/disk/metadata_home.h) runs in the simulator.
//
// The directory is durable and outlives processes. A process that dies in the middle of its work is
// one whose calls, from some call on, change nothing.
// Limits: no directories below it, no links, no locks; what no caller here uses answers −ENOSYS.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "adapters/disk/system.h"
#include "adapters/sim/file_set.h"

namespace dfs::sim {

class SimSystem final : public disk::System {
 public:
  [[nodiscard]] FileSet& files() { return files_; }
  // Every call but close() answers this from now on; 0: none does.
  void set_error(int error) { error_ = error; }
  // Calls that change something fail and change nothing after so many more; nullopt: none does.
  void stop_after(std::optional<int> changes) { changes_left_ = changes; }
  void power_loss(Random draw) { files_.power_loss(draw, {}); }

  int open(int dir, const char* path, int flags, int mode) override;
  void close(int fd) override { open_.erase(fd); }
  std::int64_t read_at(int fd, MutableBytes out, std::uint64_t offset) override;
  std::int64_t write_at(int fd, Bytes data, std::uint64_t offset) override;
  int sync(int fd) override;
  int rename(int from_dir, const char* from, int to_dir, const char* to) override;
  int unlink(int dir, const char* path) override;
  int make_directory(int dir, const char* path) override;
  int stat_file(int fd, disk::FileInfo& info) override;
  int list(int dir, const char* path, std::vector<std::string>& names) override;

  int preallocate(int fd, std::uint64_t length) override;
  int truncate(int fd, std::uint64_t length) override;
  void begin_writeback(int /*fd*/, std::uint64_t /*offset*/, std::uint64_t /*length*/) override {}
  void drop_cache(int /*fd*/) override {}
  int exchange(int dir, const char* one, const char* other) override;
  int link(int from_dir, const char* from, int to_dir, const char* to) override;
  int stat_at(int dir, const char* path, disk::FileInfo& info) override;
  int set_mtime(int dir, const char* path, std::int64_t mtime_ms) override;
  int space(int dir, disk::SpaceInfo& info) override;
  int lock(int fd) override;
  std::int64_t wall_ms() override { return 0; }

 private:
  // 0, or why a call that changes something cannot.
  [[nodiscard]] int may_change();

  FileSet files_;
  std::map<int, FileSet::FilePtr> open_;  // nullptr: the directory itself
  int next_fd_ = 1;
  int error_ = 0;
  std::optional<int> changes_left_;
};

}  // namespace dfs::sim
