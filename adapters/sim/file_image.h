// A file as the operating system shows it and as the disk has it.
//
// Writes and truncations change what reads see at once, and the disk when the file is synced. At a
// power loss each pending operation is kept, dropped or torn by sector, in order or out of order.
// Limits: bytes only; names are the owner's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/random.h"

namespace dfs::sim {

// What a power loss does to a sector that a write was changing.
struct Sectors {
  std::uint32_t bytes = 4096;
  // False: only bytes of the write itself are at risk (powersafe overwrite). True: what is left of
  // the last sector that got written becomes garbage, too.
  bool garble = false;
};

class FileImage {
 public:
  // What reads see.
  [[nodiscard]] const std::string& bytes() const { return seen_; }
  // What a power loss leaves if nothing pending gets through.
  [[nodiscard]] const std::string& durable() const { return durable_; }
  [[nodiscard]] bool dirty() const { return !pending_.empty(); }

  void write(std::uint64_t offset, Bytes data);
  void truncate(std::uint64_t size);
  void sync();
  // A sync that reports an error: some of what was pending reached the disk, the rest never will,
  // and reads go on seeing all of it.
  void sync_failed(Random random, const Sectors& sectors);
  void power_loss(Random random, const Sectors& sectors);
  // Rot: changes one bit of what is on the disk and of what is read.
  void flip_bit(std::uint64_t offset, unsigned bit);

 private:
  struct Operation {
    bool truncation = false;
    std::uint64_t at = 0;  // offset, or the new size
    std::string data;
  };

  static void apply(const Operation& operation, std::string& image);
  static void tear(const Operation& operation, Random random, const Sectors& sectors,
                   std::string& image);
  void settle(Random random, const Sectors& sectors);

  std::string seen_;
  std::string durable_;
  std::vector<Operation> pending_;
};

}  // namespace dfs::sim
