// Reads one version of a file, whole or a range, in parallel and in order (G4, P2).
//
// A file that is still being written for the first time is refused (kAlreadyBeingCreated).
// Locates by path once; from then on by inode, so that all bytes are of one version or the read
// fails with kReplaced. A block that none of its locations can serve is located again, with
// backoff, until retry.limit has passed since the first failure after its last byte; if every
// replica was read and none is good, a second look is enough. Rotten replicas met on the way are
// reported to the NameNode before the end.
#pragma once

#include <map>
#include <memory>
#include <set>

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
  RetryOptions retry;  // also bounds how long a block without a good location is retried
};

// The first effect of a file that can be read.
struct FileOpened {
  wire::FileStatus status;
};
// Verified bytes of the file at `offset`; may come out of order (get writes with pwrite), unless
// the options ask for one block and one fetch at a time.
struct DeliverFile {
  std::uint64_t offset = 0;
  Bytes data;
};
// Fetches may still be out; their ends are ignored.
struct ReadDone {
  Status status;
};
using ReaderEffect = std::variant<CallNameNode, Fetch, FileOpened, DeliverFile, WakeAt, ReadDone>;
using ReaderEffects = std::vector<ReaderEffect>;

class Reader {
 public:
  Reader(ReadOptions options, std::string cluster);

  void start(Instant now, ReaderEffects& effects);
  void called(std::uint64_t call, wire::Reply reply, Instant now, ReaderEffects& effects);
  // `data` must stay as it is until the DeliverFile effects of this step have been carried out.
  void fetched(std::uint64_t fetch, const wire::RangeHeader& header,
               std::span<const std::uint32_t> granule_crcs, Bytes data, Instant now,
               ReaderEffects& effects);
  void fetch_failed(std::uint64_t fetch, const Status& status, Instant now, ReaderEffects& effects);
  // Due at WakeAt; harmless at other times.
  void wake(Instant now, ReaderEffects& effects);

 private:
  // A block that is being read.
  struct Slot {
    std::unique_ptr<BlockReader> reader;
    std::uint64_t start = 0;        // of the block in the file
    std::uint32_t failures = 0;     // in a row, without a byte between
    Instant failing_since;          // the first of them
    Instant retry_at = kNever;      // when to locate it again
    std::uint64_t locate_call = 0;  // 0: none is out
    Status last;
  };
  struct OuterFetch {
    std::uint64_t slot = 0;
    std::uint64_t fetch = 0;  // as the slot's reader names it
  };

  void pump(Instant now, ReaderEffects& effects);
  void locate_page(ReaderEffects& effects);
  void page_located(wire::Reply reply, Instant now, ReaderEffects& effects);
  [[nodiscard]] Status accept_page(const wire::LocateReply& page);
  void block_located(std::uint64_t key, wire::Reply reply, Instant now, ReaderEffects& effects);
  void open_block(const wire::LocatedBlock& block, Instant now, ReaderEffects& effects);
  void take(std::uint64_t key, BlockReaderEffects& from, Instant now, ReaderEffects& effects);
  void block_done(std::uint64_t key, const Status& status, Instant now, ReaderEffects& effects);
  void report_bad(ReaderEffects& effects);
  void schedule(Instant now, ReaderEffects& effects);
  void finish(Status status, Instant now, ReaderEffects& effects);
  void end_if_reported(Instant now, ReaderEffects& effects);
  std::uint64_t call(wire::Request request, ReaderEffects& effects);
  [[nodiscard]] Status about(Code code, std::string_view what) const;

  ReadOptions options_;
  std::string cluster_;
  bool opened_ = false;
  wire::FileStatus file_;
  std::uint64_t end_ = 0;                 // of the range, in the file
  std::uint64_t located_ = 0;             // blocks are known up to here
  std::vector<wire::LocatedBlock> page_;  // located, not opened yet
  std::size_t next_in_page_ = 0;
  std::map<std::uint64_t, Slot> slots_;  // by the order of opening; at most `window`
  std::uint64_t next_slot_ = 1;
  std::map<std::uint64_t, OuterFetch> fetches_;
  std::uint64_t next_fetch_ = 1;
  std::set<NodeId> suspects_;          // were slow or failed: asked after the others
  std::vector<wire::BadReplica> bad_;  // to be reported
  std::uint64_t next_call_ = 1;        // 0: none is out
  std::uint64_t page_call_ = 0;
  std::uint64_t report_call_ = 0;
  Instant scheduled_ = kNever;
  bool finishing_ = false;  // all is decided but the reports
  Instant report_until_ = kNever;
  Status result_;
  bool done_ = false;
};

}  // namespace dfs::client
