// Reads a range of one block from its replicas, verified granule by granule (P2).
//
// Each range answer brings the CRCs of all granules of the block; they count only if they combine
// to the block's committed CRC, and a granule counts only if it matches its CRC. What fails on one
// DataNode is fetched from another; a block that is rotten everywhere is still read whole as long
// as every granule is good somewhere. Only a granule that no replica has is an error, and the error
// names the block and the DataNodes.
//
// At most kMaxReplicas locations are used. A location whose answer contradicts the block (another
// identity, a vector that does not combine, a range that was not asked for) is not asked again; one
// that fails on the way is asked again only for what no other location has. A read error (kIo) may
// be that of one sector: it rules its location out only for a granule that was asked for alone, a
// longer run is asked for granule by granule. Every other error rules it out for all that was asked
// for, since each may take as long as a time-out.
//
// A machine: the owner carries out Fetch effects (over HTTP, or in the simulated network) and feeds
// the results back. Used by the client's reader and by the DataNode's copy task.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
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
// Verified bytes of the block at `offset`; a view of what fetched() was given. Each byte of the
// range is delivered exactly once; pieces may come out of order, unless `parallel` is 1.
struct Deliver {
  std::uint64_t offset = 0;
  Bytes data;
};
// This DataNode served bytes that do not match (report_bad).
struct FoundBad {
  wire::BadReplica replica;
};
// All of the range was delivered, or cannot be: kCorrupt when every replica was read and none is
// good where it matters, kUnavailable when some could not be asked. Fetches may still be out; their
// answers are ignored.
struct BlockDone {
  Status status;
};
using BlockReaderEffect = std::variant<Fetch, Deliver, FoundBad, BlockDone>;
using BlockReaderEffects = std::vector<BlockReaderEffect>;

inline constexpr std::size_t kMaxReplicas = 64;
// A longer block is an error of whoever named it (kTooLarge).
inline constexpr std::uint64_t kMaxBlockBytes = std::uint64_t{1} << 40;

struct BlockReaderOptions {
  std::uint64_t fetch_bytes = std::uint64_t{4} << 20;  // of one Fetch; a multiple of a granule
  std::uint32_t parallel = 2;                          // fetches out at once
  Duration hedge_after = seconds(3);  // ask another replica as well when one is slower than this
};

class BlockReader {
 public:
  // `locations` best first; [offset, offset + length) within the block.
  BlockReader(wire::BlockInfo block, std::vector<wire::NodeAddress> locations, std::string cluster,
              std::uint64_t offset, std::uint64_t length, BlockReaderOptions options);

  void start(Instant now, BlockReaderEffects& effects);
  // A whole answer: its header, the granule CRCs of the block, the data of the range.
  void fetched(std::uint64_t fetch, const wire::RangeHeader& header,
               std::span<const std::uint32_t> granule_crcs, Bytes data, Instant now,
               BlockReaderEffects& effects);
  void fetch_failed(std::uint64_t fetch, const Status& status, Instant now,
                    BlockReaderEffects& effects);
  // Hedges slow fetches. Due at next_tick(); harmless at other times.
  void tick(Instant now, BlockReaderEffects& effects);
  [[nodiscard]] Instant next_tick() const;
  // After a BlockDone that failed: goes on with what was not delivered, from fresh locations.
  void retry(std::vector<wire::NodeAddress> locations, Instant now, BlockReaderEffects& effects);

  // DataNodes that failed, were slow or served rot here, for the readers of other blocks to know.
  [[nodiscard]] std::vector<NodeId> suspects() const;
  // Before start() or retry(): such nodes are asked after the others.
  void distrust(const std::set<NodeId>& nodes) { distrusted_ = nodes; }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const wire::BlockInfo& block() const { return block_; }

 private:
  struct Location {
    wire::NodeAddress address;
    bool unusable = false;       // contradicts the block: never asked again
    bool reported = false;       // as FoundBad
    std::uint32_t setbacks = 0;  // failures and slow answers: asked after the others
    bool unread = false;         // ruled out for some granule, for another reason than rot
    std::uint32_t out = 0;       // fetches out
    Status last;                 // the latest failure, for the message
  };
  struct Granule {
    std::uint64_t tried = 0;  // bit i: location i was asked for it
    std::uint64_t alone = 0;  // bit i: location i could not read a run with it, but maybe it alone
    std::uint32_t out = 0;    // fetches out that hold it and are not slow
    bool delivered = false;
  };
  struct Out {
    std::size_t location = 0;
    std::size_t first = 0;  // granules, indexes into granules_
    std::size_t end = 0;
    Instant since;
    bool slow = false;  // another replica is asked as well; the first answer wins
  };

  void pump(Instant now, BlockReaderEffects& effects);
  bool send(std::size_t first, Instant now, BlockReaderEffects& effects);
  [[nodiscard]] std::optional<std::size_t> best_location(const Granule& granule) const;
  [[nodiscard]] wire::GranuleRange bytes_of(std::size_t first, std::size_t end) const;
  [[nodiscard]] bool in_order() const { return options_.parallel == 1; }
  [[nodiscard]] bool awaited(std::size_t granule) const;
  std::optional<Out> take(std::uint64_t fetch);
  Status check(const Out& out, const wire::RangeHeader& header,
               std::span<const std::uint32_t> granule_crcs, Bytes data);
  bool deliver_good(const Out& out, std::span<const std::uint32_t> granule_crcs, Bytes data,
                    BlockReaderEffects& effects);
  void deliver(std::size_t first, std::size_t end, const Out& out, Bytes data,
               BlockReaderEffects& effects);
  void found_bad(std::size_t location, BlockReaderEffects& effects);
  void finish(Status status, BlockReaderEffects& effects);
  [[nodiscard]] Status no_good_copy(std::size_t granule) const;

  void set_locations(std::vector<wire::NodeAddress> locations);

  wire::BlockInfo block_;
  std::string cluster_;
  std::uint64_t offset_;  // what was asked for, within the block
  std::uint64_t length_;
  BlockReaderOptions options_;
  std::vector<Location> locations_;
  std::set<NodeId> distrusted_;
  std::uint64_t first_granule_ = 0;  // of the block: granules_[0]
  std::vector<Granule> granules_;
  std::size_t open_ = 0;                    // every granule before it is delivered
  std::vector<std::uint32_t> good_vector_;  // the last vector that combined: spares doing it again
  std::map<std::uint64_t, Out> out_;
  std::uint64_t next_fetch_ = 1;
  bool done_ = false;
};

}  // namespace dfs::client
