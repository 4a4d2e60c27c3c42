// Computes a replica's checksums while its bytes pass: of the whole, of each 64 KiB granule and of
// each 512-byte chunk.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/bytes.h"

namespace dfs::datanode {

class ChecksumBuilder {
 public:
  void add(Bytes data);
  // Ends the last chunk and granule. Nothing may be added afterwards.
  void finish();
  [[nodiscard]] std::uint64_t length() const { return length_; }
  [[nodiscard]] std::uint32_t crc() const { return crc_; }  // after finish()
  [[nodiscard]] const std::vector<std::uint32_t>& granules() const { return granules_; }
  [[nodiscard]] const std::vector<std::uint32_t>& chunks() const { return chunks_; }

 private:
  void end_chunk();
  void end_granule(std::uint64_t length);

  std::uint64_t length_ = 0;
  std::uint32_t crc_ = 0;      // of the ended granules
  std::uint32_t chunk_ = 0;    // of the open chunk
  std::uint32_t granule_ = 0;  // of the open granule
  std::vector<std::uint32_t> granules_;
  std::vector<std::uint32_t> chunks_;
};

}  // namespace dfs::datanode
