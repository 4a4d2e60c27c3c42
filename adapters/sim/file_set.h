// The files of one simulated disk: names, contents, and what of both a power loss leaves.
//
// A name that was made or removed is durable after sync_names(), as with fsync of a directory; a
// file's content after its own sync. Limits: one flat directory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/sim/file_image.h"

namespace dfs::sim {

struct DiskFaults {
  std::uint32_t read_errors = 0;   // EIO, per million calls
  std::uint32_t write_errors = 0;  // EIO, per million calls
  std::uint32_t sync_errors = 0;   // per million calls; what was pending is partly lost for good
  bool lying_sync = false;         // sync says yes and does nothing
  // … until the database itself is to be written: the process dies there.
  bool lies_until_checkpoint = false;
  std::uint64_t capacity_bytes = UINT64_MAX;  // of all files; beyond: disk full
};

class FileSet {
 public:
  using FilePtr = std::shared_ptr<FileImage>;

  // nullptr if there is none.
  [[nodiscard]] FilePtr find(const std::string& name) const;
  // The file of that name, made if there is none.
  FilePtr create(const std::string& name);
  void remove(const std::string& name);
  // The file is there, and takes the other name in one step.
  void rename(const std::string& from, const std::string& to);
  void sync_names();
  void power_loss(Random random, const Sectors& sectors);

  // Flips one bit somewhere in one of the files that are not empty; false if there is none.
  bool rot(Random random);
  // Puts a file there, durable, whatever was there before.
  void put(const std::string& name, const std::string& bytes);
  // A new disk.
  void wipe();

  [[nodiscard]] std::uint64_t used_bytes() const;
  [[nodiscard]] std::vector<std::string> names() const;
  // Of everything, durable and pending.
  [[nodiscard]] std::uint64_t digest() const;

 private:
  struct NameChange {
    std::string name;
    FilePtr file;      // nullptr: removed
    std::string from;  // of a renamed one
  };
  using Names = std::map<std::string, FilePtr>;

  static void apply(const NameChange& change, Names& names);

  Names seen_;
  Names durable_;
  std::vector<NameChange> pending_;
};

}  // namespace dfs::sim
