// How block data travels between clients and DataNodes and among DataNodes. Control messages are
// JSON; data is raw bytes.
//
// Write   PUT /blocks/v1/<block id>   Content-Length: the block's length
//         X-Dfs-Write: WriteHeader as JSON
//         body: the bytes
//         → 200, WriteReply as JSON: who stored what
// Read    GET /blocks/v1/<block id>   X-Dfs-Read: ReadHeader as JSON
//         → 200, a range answer (below), with Content-Length
// Errors are {"error": {code, message}} with an HTTP status, as everywhere.
#pragma once

#include <optional>

#include "core/base/bytes.h"

#include "core/wire/client_messages.h"

namespace dfs::wire {

struct WriteHeader {
  std::string cluster;
  BlockId block;
  std::uint64_t length = 0;          // bytes that will follow
  InodeId inode;                     // for the sidecar
  std::uint64_t index = 0;           // position in the file, for the sidecar
  std::string path_hint;             // for the sidecar; "" is fine
  std::vector<NodeAddress> targets;  // the rest of the pipeline, the receiver itself left out
  // The receiver that is meant. Behind a port mapping an address may lead to another DataNode: that
  // one refuses with kWrongCluster, and the sender tries the other address. 0: whoever answers.
  NodeId node;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("block", self.block);
    visit("length", self.length);
    visit("inode", self.inode);
    visit("index", self.index);
    visit("path_hint", self.path_hint);
    visit("targets", self.targets);
    visit("node", self.node);
  }
  friend bool operator==(const WriteHeader&, const WriteHeader&) = default;
};

struct NodeFailure {
  NodeId node;
  Status status;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("node", self.node);
    visit("status", self.status);
  }
  friend bool operator==(const NodeFailure&, const NodeFailure&) = default;
};

struct WriteReply {
  BlockInfo replica;                // as the receiver computed it
  std::vector<NodeId> stored;       // published durably, the receiver first
  std::vector<NodeFailure> failed;  // targets that did not, and why

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("replica", self.replica);
    visit("stored", self.stored);
    visit("failed", self.failed);
  }
  friend bool operator==(const WriteReply&, const WriteReply&) = default;
};

struct ReadHeader {
  std::string cluster;
  BlockInfo block;           // what the reader expects; a replica that differs is kCorrupt
  std::uint64_t offset = 0;  // bytes; widened down to a granule
  std::uint64_t length = 0;  // bytes; widened up to a granule or the block's end
  NodeId node;               // as in WriteHeader

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("block", self.block);
    visit("offset", self.offset);
    visit("length", self.length);
    visit("node", self.node);
  }
  friend bool operator==(const ReadHeader&, const ReadHeader&) = default;
};

// The unit in which reads are verified and rotten blocks are rebuilt.
inline constexpr std::uint64_t kGranuleBytes = std::uint64_t{64} * 1024;
// The unit of the WebHDFS checksum, kept in sidecars.
inline constexpr std::uint64_t kChunkBytes = 512;

// The largest block that any message may speak of: 1 TiB. Keeps sums of offsets from overflowing.
inline constexpr std::uint64_t kMaxBlockBytes = std::uint64_t{1} << 40;

[[nodiscard]] constexpr std::uint64_t granules_of(std::uint64_t length) {
  return (length + kGranuleBytes - 1) / kGranuleBytes;
}

// A range answer is: this header, little-endian; the CRC32C of every granule of the whole block
// (u32 each), so that they can be combined and compared with the committed CRC; the data of the
// range. Layout: magic "DFSR" u32 | version u32 = 1 | block u64 | block length u64 | block crc u32
// | granule count u32 | offset u64 | length u64 | crc32c of the 48 bytes before u32.
inline constexpr std::size_t kRangeHeaderBytes = 52;
inline constexpr std::uint32_t kRangeMagic = 0x52534644;  // "DFSR"

struct RangeHeader {
  BlockInfo block;
  std::uint64_t offset = 0;  // a multiple of kGranuleBytes
  std::uint64_t length = 0;  // bytes of data that follow the granule CRCs

  friend bool operator==(const RangeHeader&, const RangeHeader&) = default;
};

void encode_range_header(const RangeHeader& header, std::uint8_t out[kRangeHeaderBytes]);
// kCorrupt for anything that encode_range_header cannot have made.
[[nodiscard]] Result<RangeHeader> decode_range_header(Bytes bytes);

// The range that a server sends for a request of [offset, offset + length) of a block.
struct GranuleRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
[[nodiscard]] GranuleRange widen(std::uint64_t offset, std::uint64_t length,
                                 std::uint64_t block_length);

}  // namespace dfs::wire
