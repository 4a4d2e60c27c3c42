// Reads one version of a file, whole or a range, in parallel and in order (G4, P2).
//
// Locates by path once; from then on by inode, so that all bytes are of one version or the read fails
// with kReplaced. A block whose locations are all stale is located again before it is given up.
#pragma once

#include "core/client/block_reader.h"
#include "core/client/rpc.h"
#include "core/client/writer.h"

namespace dfs::client {

struct ReadOptions {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = UINT64_MAX;
  std::uint32_t window = 2;  // blocks read ahead
  BlockReaderOptions block;
  RetryOptions retry;        // also bounds how long a block without a good location is retried
};

struct FileOpened {
  wire::FileStatus status;
};
// Verified bytes of the file at `offset`; may come out of order (get writes with pwrite), unless the
// options ask for one block and one fetch at a time.
struct DeliverFile {
  std::uint64_t offset = 0;
  Bytes data;
};
struct ReadDone {
  Status status;
};
using ReaderEffect =
    std::variant<CallNameNode, Fetch, FileOpened, DeliverFile, WakeAt, ReadDone>;
using ReaderEffects = std::vector<ReaderEffect>;

class Reader {
 public:
  Reader(ReadOptions options, std::string cluster);
  ~Reader();

  void start(Instant now, ReaderEffects& effects);
  void called(std::uint64_t call, wire::Reply reply, Instant now, ReaderEffects& effects);
  void fetched(std::uint64_t fetch, const wire::RangeHeader& header,
               std::span<const std::uint32_t> granule_crcs, Bytes data, Instant now,
               ReaderEffects& effects);
  void fetch_failed(std::uint64_t fetch, const Status& status, Instant now,
                    ReaderEffects& effects);
  void wake(Instant now, ReaderEffects& effects);

 private:
  // Filled in by the implementation.
};

}  // namespace dfs::client
