// Writes one file: create, blocks through pipelines, commit with the next allocate, complete (P1).
//
// The source is re-readable: a file, or bounded buffers that the owner keeps for standard input (at
// most `window` blocks). Several blocks are in flight at once. The CRC that the owner computed
// while sending is compared with the DataNodes'; a mismatch, or fewer than min(2, r) stored copies,
// costs the block: it is abandoned and written again under a new id to other DataNodes, until
// retry.limit has passed since its first failure (retry.not_ready_limit if it is for want of
// space). DataNodes that failed are left out for a while, unless too few remain. A write that fails
// is abandoned: what was at the path before stays.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/client/rpc.h"
#include "core/wire/transfer.h"

namespace dfs::client {

struct WriteOptions {
  std::string path;
  bool overwrite = false;
  std::uint32_t replication = 0;  // 0: the server's default
  std::uint64_t block_size = 0;   // 0: the server's default
  std::uint32_t mode = 0644;
  std::uint32_t window = 2;             // blocks in flight
  std::optional<std::uint64_t> length;  // of the source, if known; a hint
  std::optional<WallTime> mtime;
  RetryOptions retry;
};

// Make a Call of it; answer with called().
struct CallNameNode {
  std::uint64_t call = 0;
  wire::Request request;
};
// Have bytes [offset, offset + up to at_most) of the source ready; answer with source_ready(). One
// at a time, in order.
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
// Call wake() then; several may be asked for, and waking at other times is harmless.
struct RenewAt {
  Instant at;
};
// Transfers may still be out; their ends are ignored.
struct WriteDone {
  Status status;  // ok: durable and visible
  wire::FileStatus file;
};
using WriterEffect =
    std::variant<CallNameNode, PrepareSource, SendBlock, ReleaseSource, RenewAt, WriteDone>;
using WriterEffects = std::vector<WriterEffect>;

class Writer {
 public:
  // `numbers` outlives the writer.
  Writer(WriteOptions options, RequestNumbers& numbers, std::string cluster);

  void start(Instant now, WriterEffects& effects);
  void called(std::uint64_t call, wire::Reply reply, Instant now, WriterEffects& effects);
  // `length` 0: the source has ended. `last`: nothing follows this block. Only the last may be
  // shorter than at_most.
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
  enum class Phase { kCreating, kWriting, kCompleting, kAbandoning, kDone };
  enum class SlotState { kPreparing, kReady, kSending };
  // A block from its source to its being stored.
  struct Slot {
    SlotState state = SlotState::kPreparing;
    std::uint64_t length = 0;
    wire::AllocatedBlock block;  // while sending
    std::uint64_t transfer = 0;
    std::uint32_t failures = 0;
    Instant first_failure;
    Instant retry_at;  // not before
  };

  void pump(Instant now, WriterEffects& effects);
  void send(std::uint64_t index, Slot& slot, WriterEffects& effects);
  void allocate(Instant now, WriterEffects& effects);
  void complete(WriterEffects& effects);
  void created(wire::Reply reply, Instant now, WriterEffects& effects);
  void allocated(wire::Reply reply, Instant now, WriterEffects& effects);
  void completed(wire::Reply reply, Instant now, WriterEffects& effects);
  void renewed(const wire::Reply& reply, Instant now, WriterEffects& effects);
  [[nodiscard]] Status check(const Slot& slot, std::uint32_t crc, const wire::WriteReply& reply,
                             std::vector<NodeId>& stored) const;
  void block_failed(std::uint64_t index, const Status& status, Instant now, WriterEffects& effects);
  [[nodiscard]] Duration pause_after(const Slot& slot, BlockId block) const;
  void exclude(NodeId node, NodeId accuser, Instant now);
  void exclude_failed(const wire::WriteReply& reply, Instant now);
  void fail(Status status, bool abandon, WriterEffects& effects);
  void finish(Status status, WriterEffects& effects);
  void schedule(Instant now, WriterEffects& effects);
  std::uint64_t call(wire::Request request, WriterEffects& effects);
  std::map<std::uint64_t, Slot>::iterator slot_of(std::uint64_t transfer);
  [[nodiscard]] Status about(Code code, std::string_view what) const;

  WriteOptions options_;
  RequestNumbers& numbers_;
  std::string cluster_;
  Phase phase_ = Phase::kCreating;
  bool cancelled_ = false;
  Status failure_;  // while abandoning

  InodeId inode_;
  std::uint64_t block_size_ = 0;
  std::uint32_t replication_ = 0;
  Duration renew_every_;
  Instant renew_at_ = kNever;
  Instant scheduled_ = kNever;  // the earliest RenewAt that is out

  std::map<std::uint64_t, Slot> slots_;  // by index; at most `window`
  std::uint64_t next_index_ = 0;
  bool preparing_ = false;
  bool source_ended_ = false;
  std::uint64_t total_length_ = 0;          // of stored blocks
  std::vector<wire::AllocatedBlock> pool_;  // allocated, not used yet; first in, first out
  std::vector<wire::CommittedBlock> to_commit_;
  std::vector<BlockId> to_abandon_;
  std::size_t commits_out_ = 0;  // of to_commit_, in the Allocate that is out
  std::size_t abandons_out_ = 0;
  struct Exclusion {
    Instant until;
    std::uint32_t times = 0;    // that it has failed since it was first left out
    std::set<NodeId> accusers;  // heads that could not reach it; 0: we could not
  };
  std::map<NodeId, Exclusion> excluded_;
  std::map<NodeId, std::set<NodeId>> accused_;  // by heads that reached nobody else

  std::uint64_t next_call_ = 1;  // 0: none is out
  std::uint64_t create_call_ = 0;
  std::uint64_t allocate_call_ = 0;
  std::uint64_t complete_call_ = 0;
  std::uint64_t abandon_call_ = 0;
  std::uint64_t renew_call_ = 0;
  std::uint64_t next_transfer_ = 1;
};

}  // namespace dfs::client
