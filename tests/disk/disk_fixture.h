// A temporary directory, a system that fails on command and writes down what it is asked, and short
// words for making and checking replicas.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "adapters/disk/replica_store.h"
#include "core/datanode/checksum_builder.h"

namespace dfs::disk {

class TempDir {
 public:
  TempDir() {
    // In memory where that is possible: these tests sync a lot and prove nothing about a disk.
    const std::filesystem::path memory = "/dev/shm";
    const auto base =
        ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    std::string name = (base / "dfs-disk-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

// Passes calls on to the real system unless `fail` says otherwise; keeps a log of the changing
// ones.
class ScriptedSystem : public System {
 public:
  // Given the name of a call and what it is about, the −errno to return instead, or 0.
  std::function<int(const std::string& call, const std::string& about)> fail;
  // From the so-many-th changing call on, nothing changes any more, as after kill -9. 0: never.
  int dies_at = 0;
  int changes = 0;
  std::vector<std::string> log;
  // No block is free: what is there can be written over, and what is freed others take at once.
  bool full = false;

  int open(int dir, const char* path, int flags, int mode) override {
    const bool changing = (flags & (O_CREAT_OR_TRUNC)) != 0;
    if (const int error = consult("open", path, changing)) return error;
    if (FileInfo info; full && changing && System::stat_at(dir, path, info) < 0) return -ENOSPC;
    const int fd = System::open(dir, path, flags, mode);
    if (fd >= 0) names_[fd] = path;
    return fd;
  }
  std::int64_t read_at(int fd, MutableBytes out, std::uint64_t offset) override {
    if (const int error = consult("read", names_[fd], false)) return error;
    return System::read_at(fd, out, offset);
  }
  std::int64_t write_at(int fd, Bytes data, std::uint64_t offset) override {
    if (const int error = consult("write", names_[fd], true)) return error;
    if (FileInfo info; full && System::stat_file(fd, info) == 0) {
      constexpr std::uint64_t kBlock = 4096;
      if (offset + data.size() > (info.size + kBlock - 1) / kBlock * kBlock) return -ENOSPC;
    }
    return System::write_at(fd, data, offset);
  }
  int preallocate(int fd, std::uint64_t length) override {
    if (const int error = consult("preallocate", names_[fd], true)) return error;
    return System::preallocate(fd, length);
  }
  int truncate(int fd, std::uint64_t length) override {
    if (const int error = consult("truncate", names_[fd], true)) return error;
    return System::truncate(fd, length);
  }
  int sync(int fd) override {
    if (const int error = consult("sync", names_[fd], true)) return error;
    return System::sync(fd);
  }
  int sync_all(int fd) override {
    if (const int error = consult("sync_all", names_[fd], true)) return error;
    return System::sync_all(fd);
  }
  int rename(int from_dir, const char* from, int to_dir, const char* to) override {
    if (const int error = consult("rename", std::string(from) + " " + to, true)) return error;
    return System::rename(from_dir, from, to_dir, to);
  }
  int exchange(int dir, const char* one, const char* other) override {
    if (const int error = consult("exchange", std::string(one) + " " + other, true)) return error;
    return System::exchange(dir, one, other);
  }
  int link(int from_dir, const char* from, int to_dir, const char* to) override {
    if (const int error = consult("link", std::string(from) + " " + to, true)) return error;
    return System::link(from_dir, from, to_dir, to);
  }
  int unlink(int dir, const char* path) override {
    if (const int error = consult("unlink", path, true)) return error;
    return System::unlink(dir, path);
  }
  int make_directory(int dir, const char* path) override {
    if (const int error = consult("mkdir", path, true)) return error;
    if (FileInfo info; full && System::stat_at(dir, path, info) < 0) return -ENOSPC;
    return System::make_directory(dir, path);
  }
  int stat_at(int dir, const char* path, FileInfo& info) override {
    if (const int error = consult("stat", path, false)) return error;
    return System::stat_at(dir, path, info);
  }
  int set_mtime(int dir, const char* path, std::int64_t ms) override {
    if (const int error = consult("set_mtime", path, true)) return error;
    return System::set_mtime(dir, path, ms);
  }
  int list(int dir, const char* path, std::vector<std::string>& names) override {
    if (const int error = consult("list", path, false)) return error;
    return System::list(dir, path, names);
  }
  int space(int dir, SpaceInfo& info) override {
    if (const int error = consult("space", "", false)) return error;
    const int result = System::space(dir, info);
    if (free_bytes != UINT64_MAX) info.free = free_bytes;
    return result;
  }
  std::int64_t wall_ms() override { return System::wall_ms() + wall_offset_ms; }

  std::uint64_t free_bytes = UINT64_MAX;
  std::int64_t wall_offset_ms = 0;

 private:
  static constexpr int O_CREAT_OR_TRUNC = 0100 | 01000;

  int consult(const std::string& call, const std::string& about, bool changing) {
    if (changing) {
      ++changes;
      if (dies_at != 0 && changes >= dies_at) return -5;
      log.push_back(call + " " + about);
    }
    return fail ? fail(call, about) : 0;
  }

  std::map<int, std::string> names_;
};

// Calls of that name about what has `part` in its name fail.
inline std::function<int(const std::string&, const std::string&)> failing(std::string call,
                                                                          std::string part,
                                                                          int error) {
  return [=](const std::string& c, const std::string& about) {
    return c == call && about.find(part) != std::string::npos ? -error : 0;
  };
}

inline const ReplicaStore::Pace kAtOnce = [](std::uint64_t) { return true; };
inline const datanode::Identity kIdentity{"c1", NodeId{3}, {1, 2, 3}};

inline std::string text_of_length(std::size_t length, char first = 'a') {
  std::string text(length, ' ');
  for (std::size_t i = 0; i < length; ++i)
    text[i] = static_cast<char>(first + static_cast<char>(i * i % 23));
  return text;
}

inline datanode::Sidecar sidecar_of(BlockId block, const std::string& data,
                                    const std::string& cluster = "c1") {
  datanode::ChecksumBuilder builder;
  builder.add(as_bytes(data));
  builder.finish();
  datanode::Sidecar sidecar;
  sidecar.info = {block, data.size(), builder.crc()};
  sidecar.cluster = cluster;
  sidecar.inode = InodeId{9};
  sidecar.path_hint = "/f";
  sidecar.granule_crcs = builder.granules();
  sidecar.chunk_crcs = builder.chunks();
  return sidecar;
}

inline wire::BlockInfo info_of(std::uint64_t block, const std::string& data) {
  return sidecar_of(BlockId{block}, data).info;
}

inline std::unique_ptr<ReplicaStore> must_open(const std::vector<std::string>& directories,
                                               System& system = real_system(),
                                               std::uint64_t capacity = 0) {
  Options options;
  options.directories = directories;
  options.capacity = capacity;
  auto store = ReplicaStore::open(options, system);
  EXPECT_TRUE(store.ok()) << store.status().message();
  if (!store.ok()) return nullptr;
  if (store.value()->identity().cluster.empty()) {
    EXPECT_TRUE(store.value()->persist(kIdentity).ok());
  }
  return std::move(store.value());
}

inline Result<datanode::VolumeId> try_put(ReplicaStore& store, std::uint64_t block,
                                          const std::string& data,
                                          Replaces replaces = Replaces::kSameContent) {
  Result<Temporary> temporary = store.create(BlockId{block}, data.size());
  if (!temporary.ok()) return temporary.status();
  Status written = temporary->write(0, as_bytes(data));
  if (!written.ok()) return written;
  return store.publish(std::move(*temporary), sidecar_of(BlockId{block}, data), replaces);
}

inline datanode::VolumeId put(ReplicaStore& store, std::uint64_t block, const std::string& data,
                              Replaces replaces = Replaces::kSameContent) {
  const Result<datanode::VolumeId> volume = try_put(store, block, data, replaces);
  EXPECT_TRUE(volume.ok()) << volume.status().message();
  return volume.ok() ? *volume : 0;
}

inline Result<std::string> get(ReplicaStore& store, std::uint64_t block,
                               datanode::VolumeId volume = 0) {
  Result<OpenReplica> replica = store.open_replica(BlockId{block}, volume);
  if (!replica.ok()) return replica.status();
  std::string data(replica->sidecar().info.length, ' ');
  Status read = replica->read(0, {reinterpret_cast<std::uint8_t*>(data.data()), data.size()});
  if (!read.ok()) return read;
  Status checked = replica->check(0, as_bytes(data));
  if (!checked.ok()) return checked;
  return data;
}

// Files below `directory` whose names contain `part`.
inline std::vector<std::filesystem::path> files_with(const std::string& directory,
                                                     const std::string& part) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() &&
        entry.path().filename().string().find(part) != std::string::npos) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

inline void flip_byte(const std::filesystem::path& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

}  // namespace dfs::disk
