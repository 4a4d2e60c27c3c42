// What lies beside each replica's data file: whose bytes they are and their checksums.
//
// Bytes, all integers little-endian:
//   head      magic "DFSS" u32 | version u32 = 1 | block u64 | length u64 | crc u32 | inode u64 |
//             index u64 | granule count u32 | chunk count u32 | cluster bytes u32 |
//             path bytes u32 | cluster | path hint | crc32c of the head so far u32
//   granules  crc32c of each 64 KiB of the data, u32 each | crc32c of this section u32
//   chunks    crc32c of each 512 bytes of the data, u32 each | crc32c of this section u32
// Sections have checksums of their own, so that a read need not load the chunks, which are 128
// times as many. Decoding refuses whatever is damaged or does not agree with itself: the CRCs of a
// part must combine to the CRC of the whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/wire/types.h"

namespace dfs::datanode {

// What a finished replica's sidecar says.
struct Sidecar {
  wire::BlockInfo info;
  std::string cluster;
  InodeId inode;
  std::uint64_t index = 0;                  // position of the block in its file
  std::string path_hint;                    // cut at kMaxPathHintBytes
  std::vector<std::uint32_t> granule_crcs;  // of each 64 KiB
  std::vector<std::uint32_t> chunk_crcs;    // of each 512 bytes

  friend bool operator==(const Sidecar&, const Sidecar&) = default;
};

// A block is at most this long: its sidecar fits in memory, its chunks in a u32.
inline constexpr std::uint64_t kMaxBlockBytes = std::uint64_t{16} << 30;
inline constexpr std::size_t kMaxClusterBytes = 64;
inline constexpr std::size_t kMaxPathHintBytes = 8192;
inline constexpr std::size_t kSidecarFixedBytes = 60;  // of the head, before its strings
// No head is longer; reading this much of the file is enough to decode it.
inline constexpr std::size_t kMaxSidecarHeadBytes =
    kSidecarFixedBytes + kMaxClusterBytes + kMaxPathHintBytes + 4;

// Precondition: the vectors have as many entries as info.length asks for.
[[nodiscard]] std::vector<std::uint8_t> encode_sidecar(const Sidecar& sidecar);

// Sizes of a sidecar file's parts; each includes its checksum.
struct SidecarLayout {
  std::uint64_t head = 0;
  std::uint64_t granules = 0;
  std::uint64_t chunks = 0;
  [[nodiscard]] std::uint64_t total() const { return head + granules + chunks; }
};
[[nodiscard]] SidecarLayout layout_of(const Sidecar& sidecar);

// Each decodes the beginning of a file and ignores what follows the parts that it looks at; what it
// does not look at stays empty. Anything wrong is kCorrupt.
[[nodiscard]] Result<Sidecar> decode_sidecar_head(Bytes bytes);
[[nodiscard]] Result<Sidecar> decode_sidecar_for_reading(Bytes bytes);  // head and granules
// Everything; trailing bytes are refused.
[[nodiscard]] Result<Sidecar> decode_sidecar(Bytes bytes);

}  // namespace dfs::datanode
