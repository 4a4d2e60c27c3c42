// The file checksum of HDFS and WebHDFS: MD5 over the MD5s of each block's chunk CRCs.
//
// Per block, MD5 of its 512-byte chunks' CRC32Cs, big-endian; these MD5s one after another, padded
// with zeros to the next of 32, 64, 128 … bytes (an artefact of HDFS that is part of the format);
// MD5 of that. The same content gives the same checksum only for the same block size. MD5 is no
// protection against forgery.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace dfs::cli {

struct FileChecksum {
  std::string algorithm;  // "MD5-of-0MD5-of-512CRC32C"
  std::string bytes;      // hexadecimal
};

// Takes a file's bytes in order and is told where blocks end.
class ChecksumStream {
 public:
  ChecksumStream();
  ~ChecksumStream();
  ChecksumStream(const ChecksumStream&) = delete;
  ChecksumStream& operator=(const ChecksumStream&) = delete;

  void add(Bytes data);
  void end_block();
  // After the last end_block().
  [[nodiscard]] FileChecksum finish();

 private:
  struct Hash;
  void end_chunk();

  std::unique_ptr<Hash> block_hash_;
  std::uint32_t chunk_crc_ = 0;
  std::size_t chunk_length_ = 0;
  std::uint64_t chunks_ = 0;        // of the open block
  std::uint64_t first_chunks_ = 0;  // of the first block
  std::uint64_t blocks_ = 0;
  std::vector<std::uint8_t> block_sums_;
};

}  // namespace dfs::cli
