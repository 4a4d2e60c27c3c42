// Writes one file: create, blocks through pipelines, commit with the next allocate, complete (P1).
//
// The source is re-readable: a file, or bounded buffers that the owner keeps for standard input (at
// most `window` blocks). Several blocks are in flight at once. The CRC that the owner computed while
// sending is compared with the DataNodes'; a mismatch, or fewer than min(2, r) stored copies, costs
// the block: it is abandoned and written again under a new id to other DataNodes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/client/rpc.h"
#include "core/wire/transfer.h"

namespace dfs::client {

struct WriteOptions {
  std::string path;
  bool overwrite = false;
  std::uint32_t replication = 0;   // 0: the server's default
  std::uint64_t block_size = 0;    // 0: the server's default
  std::uint32_t mode = 0644;
  std::uint32_t window = 2;        // blocks in flight
  std::optional<WallTime> mtime;
  RetryOptions retry;
};

// Make a Call of it; answer with called().
struct CallNameNode {
  std::uint64_t call = 0;
  wire::Request request;
};
// Have bytes [offset, offset + up to block_size) of the source ready; answer with source_ready().
struct PrepareSource {
  std::uint64_t index = 0;   // of the block
  std::uint64_t offset = 0;  // in the file
  std::uint64_t at_most = 0;
};
// Send the prepared block to `to`, which passes it on to header.targets; answer with transferred()
// or transfer_failed().
struct SendBlock {
  std::uint64_t transfer = 0;
  std::uint64_t index = 0;
  wire::NodeAddress to;
  wire::WriteHeader header;
};
// The block's source will not be asked for again.
struct ReleaseSource {
  std::uint64_t index = 0;
};
struct RenewAt {
  Instant at;
};
struct WriteDone {
  Status status;  // ok: durable and visible
  wire::FileStatus file;
};
using WriterEffect =
    std::variant<CallNameNode, PrepareSource, SendBlock, ReleaseSource, RenewAt, WriteDone>;
using WriterEffects = std::vector<WriterEffect>;

class Writer {
 public:
  Writer(WriteOptions options, RequestNumbers& numbers, std::string cluster);
  ~Writer();

  void start(Instant now, WriterEffects& effects);
  void called(std::uint64_t call, wire::Reply reply, Instant now, WriterEffects& effects);
  // `length` 0: the source has ended. `last`: nothing follows this block.
  void source_ready(std::uint64_t index, std::uint64_t length, bool last, Instant now,
                    WriterEffects& effects);
  void source_failed(const Status& status, Instant now, WriterEffects& effects);
  // `crc` is what the owner computed of the bytes that it sent.
  void transferred(std::uint64_t transfer, std::uint32_t crc, const wire::WriteReply& reply,
                   Instant now, WriterEffects& effects);
  void transfer_failed(std::uint64_t transfer, const Status& status, Instant now,
                       WriterEffects& effects);
  void wake(Instant now, WriterEffects& effects);
  // The owner gives up (Ctrl-C): abandons the new version.
  void cancel(Instant now, WriterEffects& effects);

 private:
  // Filled in by the implementation.
};

}  // namespace dfs::client
