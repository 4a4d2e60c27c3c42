// A file as the operating system shows it and as the disk has it.
//
// Writes and truncations change what reads see at once, and the disk when the file is synced. At a
// power loss each pending operation is kept, dropped or torn by sector, in order or out of order.
//
// A write costs one copy: the disk's bytes are not kept beside those that are seen, but what each
// pending operation has replaced is, so that operations can be taken back, the last one first. Only
// a sync that failed leaves a disk that cannot be had from what is seen; it is kept apart then.
// Limits: bytes only; names are the owner's.
#pragma once

#include <cstdint>
#include <optional>
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
  [[nodiscard]] std::string durable() const;

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
    std::uint64_t at = 0;    // offset, or the new size
    std::uint64_t size = 0;  // of the data
    std::uint64_t old_size = 0;

    // How many bytes of the image it replaced or cut off, and where they began.
    [[nodiscard]] std::uint64_t replaced() const;
  };
  // With its data, which for a pending one are in the image.
  struct Written {
    Operation operation;
    std::string data;
  };

  static void apply(const Written& written, std::string& image);
  static void tear(const Written& written, Random random, const Sectors& sectors,
                   std::string& image);
  void begin(const Operation& operation);
  // Takes everything pending back from `image`, a copy of what is seen; in order of their making.
  std::vector<Written> take_back(std::string& image) const;
  void settle(Random random, const Sectors& sectors);
  void nothing_pending();

  std::string seen_;
  std::vector<Operation> pending_;
  std::string replaced_;             // by the pending operations, one after the other
  std::optional<std::string> disk_;  // since a sync failed
};

}  // namespace dfs::sim
