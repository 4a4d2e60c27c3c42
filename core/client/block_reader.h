// Reads a range of one block from its replicas, verified granule by granule (P2).
//
// Each range answer brings the CRCs of all granules of the block; they count only if they combine to
// the block's committed CRC, and a granule counts only if it matches its CRC. What fails on one
// DataNode is fetched from another; a block that is rotten everywhere is still read whole as long as
// every granule is good somewhere. Only a granule that no replica has is an error, and the error
// names the block and the DataNodes.
//
// A machine: the owner carries out Fetch effects (over HTTP, or in the simulated network) and feeds
// the results back. Used by the client's reader and by the DataNode's copy task.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/time.h"
#include "core/wire/transfer.h"

namespace dfs::client {

// Get `header`'s range from `from`; answer with fetched() or fetch_failed(). Several may be out.
struct Fetch {
  std::uint64_t fetch = 0;
  wire::NodeAddress from;
  wire::ReadHeader header;
};
// Verified bytes of the block at `offset`; a view of what fetched() was given. Pieces may come out
// of order; each byte of the range is delivered exactly once.
struct Deliver {
  std::uint64_t offset = 0;
  Bytes data;
};
// This DataNode served bytes that do not match (report_bad).
struct FoundBad {
  wire::BadReplica replica;
};
// All of the range was delivered, or cannot be.
struct BlockDone {
  Status status;
};
using BlockReaderEffect = std::variant<Fetch, Deliver, FoundBad, BlockDone>;
using BlockReaderEffects = std::vector<BlockReaderEffect>;

struct BlockReaderOptions {
  std::uint64_t fetch_bytes = std::uint64_t{4} << 20;  // of one Fetch; a multiple of a granule
  std::uint32_t parallel = 2;                          // fetches out at once
  Duration hedge_after = seconds(3);  // ask another replica as well when one is slower than this
};

class BlockReader {
 public:
  // `locations` best first; [offset, offset + length) within the block.
  BlockReader(wire::BlockInfo block, std::vector<wire::NodeAddress> locations,
              std::string cluster, std::uint64_t offset, std::uint64_t length,
              BlockReaderOptions options);

  void start(Instant now, BlockReaderEffects& effects);
  // A whole answer: its header, the granule CRCs of the block, the data of the range.
  void fetched(std::uint64_t fetch, const wire::RangeHeader& header,
               std::span<const std::uint32_t> granule_crcs, Bytes data, Instant now,
               BlockReaderEffects& effects);
  void fetch_failed(std::uint64_t fetch, const Status& status, Instant now,
                    BlockReaderEffects& effects);
  // Hedges slow fetches.
  void tick(Instant now, BlockReaderEffects& effects);

  [[nodiscard]] bool done() const;

 private:
  // Filled in by the implementation.
};

}  // namespace dfs::client
