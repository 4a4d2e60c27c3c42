// A simulated NameNode's machine: the metadata store over the simulated disk.
#pragma once

#include <map>
#include <string>

#include "adapters/sim/namenode_node.h"
#include "adapters/sim/vfs.h"

namespace dfs::sim {

// Below it mutations other than deletes are refused.
inline constexpr std::uint64_t kDiskReserve = std::uint64_t{512} << 10;

class SimStoreHost final : public StoreHost {
 public:
  // `page_bytes`: of the database, from 512 to those of a real one.
  SimStoreHost(const std::string& name, Random random, std::size_t page_bytes)
      : disk_(name, random), page_bytes_(page_bytes) {}

  std::unique_ptr<namenode::Store> open() override;
  void die_in_commit(namenode::Store& store, std::uint64_t steps) override;
  void kill() override { disk_.kill(); }
  void power_loss(Random draw) override { disk_.power_loss(draw); }
  [[nodiscard]] bool disk_low() const override { return disk_.free_bytes() < kDiskReserve; }

  [[nodiscard]] SimVfs& disk() { return disk_; }
  // An operator's copy of the files, as they are durable now, and its return. No store is open.
  void keep_backup();
  [[nodiscard]] bool has_backup() const { return !backup_.empty(); }
  void restore_backup();

 private:
  SimVfs disk_;
  std::size_t page_bytes_;
  std::map<std::string, std::string> backup_;
};

}  // namespace dfs::sim
