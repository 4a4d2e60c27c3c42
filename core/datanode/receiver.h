// Receives one block, stores it and passes it on down the pipeline.
//
// The owner pumps: it fills a buffer of up to 256 KiB from the sender, calls data() and carries the
// effects out in order, at once, before it reads on. One thread a transfer does all of it; nothing is
// queued. A failing disk ends the transfer; a failing rest of the pipeline does not: this replica is
// finished, and the remaining targets, the failed one left out, are fed from it again. The reply says
// who has published durably.
//
// Replica life: temporary → (all bytes, length right) → synced → published. A transfer that ends early
// leaves nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/wire/transfer.h"

namespace dfs::datanode {

// What a finished replica's sidecar says besides (length, CRC).
struct Sidecar {
  wire::BlockInfo info;
  std::string cluster;
  InodeId inode;
  std::uint64_t index = 0;
  std::string path_hint;
  std::vector<std::uint32_t> granule_crcs;  // of each 64 KiB
  std::vector<std::uint32_t> chunk_crcs;    // of each 512 bytes
};

// Computes a sidecar's checksums while bytes pass.
class ChecksumBuilder {
 public:
  void add(Bytes data);
  // Ends the last chunk and granule.
  void finish();
  [[nodiscard]] std::uint64_t length() const { return length_; }
  [[nodiscard]] std::uint32_t crc() const { return crc_; }  // after finish()
  [[nodiscard]] const std::vector<std::uint32_t>& granules() const { return granules_; }
  [[nodiscard]] const std::vector<std::uint32_t>& chunks() const { return chunks_; }

 private:
  std::uint64_t length_ = 0;
  std::uint32_t crc_ = 0;
  std::uint32_t chunk_ = 0;    // of the open chunk
  std::uint32_t granule_ = 0;  // of the open granule
  std::vector<std::uint32_t> granules_;
  std::vector<std::uint32_t> chunks_;
};

struct OpenTemporary {
  std::uint64_t length = 0;  // to preallocate
};
struct WriteTemporary {
  std::uint64_t offset = 0;
  Bytes data;  // a view of what data() was given
};
struct Publish {
  Sidecar sidecar;  // data and sidecar fsynced, renamed, directory fsynced: published()
};
struct DiscardTemporary {};
// Open a transfer to `to`: downstream_failed() if that is impossible.
struct OpenDownstream {
  wire::NodeAddress to;
  wire::WriteHeader header;
};
struct SendDownstream {
  Bytes data;
};
// Wait for the answer: downstream_replied() or downstream_failed().
struct FinishDownstream {};
struct CloseDownstream {};
// Send the published replica to a new pipeline, whole: downstream_replied() or downstream_failed().
struct ResendDownstream {
  wire::NodeAddress to;
  wire::WriteHeader header;
};
struct ReceiverDone {
  Status status;
  wire::WriteReply reply;  // when ok
};
using ReceiverEffect =
    std::variant<OpenTemporary, WriteTemporary, Publish, DiscardTemporary, OpenDownstream,
                 SendDownstream, FinishDownstream, CloseDownstream, ResendDownstream, ReceiverDone>;
using ReceiverEffects = std::vector<ReceiverEffect>;

class Receiver {
 public:
  Receiver(wire::WriteHeader header, NodeId self);

  void start(ReceiverEffects& effects);
  void data(Bytes data, ReceiverEffects& effects);
  // The sender's body has ended; short of header.length it is a failure.
  void end(ReceiverEffects& effects);
  void sender_failed(const Status& status, ReceiverEffects& effects);
  void disk_failed(const Status& status, ReceiverEffects& effects);
  void published(ReceiverEffects& effects);
  void downstream_failed(const Status& status, ReceiverEffects& effects);
  void downstream_replied(const wire::WriteReply& reply, ReceiverEffects& effects);

 private:
  // Filled in by the implementation.
};

}  // namespace dfs::datanode
