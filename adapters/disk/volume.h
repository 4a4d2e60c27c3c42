// One directory of replicas: its descriptors, its health, its room, and what its errors mean.
//
// Thread-safe after open().
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "adapters/disk/layout.h"
#include "adapters/disk/system.h"
#include "adapters/disk/version_file.h"
#include "adapters/disk/volume_list.h"
#include "core/base/status.h"
#include "core/datanode/datanode.h"

namespace dfs::disk {

using Log = std::function<void(const std::string& line)>;

// Owns a descriptor.
class Fd {
 public:
  Fd() = default;
  Fd(System& system, int fd) : system_(&system), fd_(fd) {}
  Fd(Fd&& other) noexcept : system_(other.system_), fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(system_, other.system_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) system_->close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  System* system_ = nullptr;
  int fd_ = -1;
};

class Volume {
 public:
  Volume(datanode::VolumeId id, std::string directory, System& system, Log log);

  // Whether it is a volume; changes nothing. kNotFound: there is no directory, or it has never been
  // one. Messages of this, open() and the reading ones are for the operator and name the directory.
  [[nodiscard]] Status look();
  // Makes the directory if need be, and locks it. kAlreadyExists: in use.
  [[nodiscard]] Status open();
  // kNotFound: a directory that has never been a volume.
  [[nodiscard]] Result<Version> read_version();
  [[nodiscard]] Status write_version(const Version& version);
  // Empty where there is none: programs before this one kept none.
  [[nodiscard]] Result<VolumeList> read_list();
  [[nodiscard]] Status write_list(const VolumeList& list);
  [[nodiscard]] Status make_folders();

  [[nodiscard]] datanode::VolumeId id() const { return id_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] System& system() const { return system_; }
  [[nodiscard]] int root() const { return root_.get(); }
  [[nodiscard]] bool in_service() const { return in_service_; }
  void take_out(const std::string& why);
  void log(const std::string& line) const { log_(directory_ + ": " + line); }

  // Opens the folder of `block` below `top`, made if need be, whose name survives a power loss
  // (HDFS-11915: also if an earlier process made it and died before it was durable).
  [[nodiscard]] Result<Fd> durable_leaf(const char* top, BlockId block);

  // Of a file or a directory; returns what System::sync() does. Whatever the error is, the volume
  // is out of service then: the system may have dropped what it could not write, and the next sync
  // would say that all is well.
  [[nodiscard]] int sync(int fd);
  // The same of everything that is on the volume's file system.
  void sync_all();

  // What a failed call means; logged. `subject` begins the message: "block 5". Writing: a disk that
  // fails is taken out of service. Reading: only if the volume fails a probe as well, since one bad
  // sector is no bad disk.
  [[nodiscard]] Status write_error(int error, const std::string& subject, const std::string& what);
  [[nodiscard]] Status read_error(int error, const std::string& subject, const std::string& what);
  // For −ENOENT of `name` in the leaf of `block`: kNotFound if readable directories prove it (V3).
  [[nodiscard]] Status missing(const char* top, BlockId block, const std::string& name);

  // Reads from `offset` until `out` is full or the file ends; returns how much.
  [[nodiscard]] Result<std::size_t> read(int fd, std::uint64_t offset, MutableBytes out,
                                         const std::string& subject);
  [[nodiscard]] Status write(int fd, std::uint64_t offset, Bytes data, const std::string& subject);

  // Bytes of replicas in current/, in quarantine/, and of temporaries, each with its sidecar.
  std::atomic<std::uint64_t> used = 0;
  std::atomic<std::uint64_t> quarantined = 0;
  std::atomic<std::uint64_t> pending = 0;
  std::atomic<std::uint32_t> writers = 0;

 private:
  Status lock();
  Status make_path();
  Status open_directory();
  Result<std::string> read_text(const char* name);
  bool healthy();
  Status sync_folder(int dir, const std::string& subject);

  datanode::VolumeId id_;
  std::string directory_;
  System& system_;
  Log log_;
  Fd root_;
  Fd lock_;
  std::atomic<bool> in_service_ = false;
  std::mutex leaves_mutex_;
  std::set<std::string> durable_leaves_;  // folders whose names are known to be durable
};

[[nodiscard]] std::string subject_of(BlockId block);  // "block 5"

}  // namespace dfs::disk
