// Receives one block, stores it and passes it on down the pipeline.
//
// The owner pumps: it fills a buffer of up to 256 KiB from the sender, calls data() and carries the
// effects out in order, at once, before it reads on. One thread a transfer does all of it; nothing
// is queued. A failing disk ends the transfer; a failing rest of the pipeline does not: this
// replica is finished, and the remaining targets, the failed one left out, are fed from it again.
// The reply says who has published durably.
//
// Replica life: temporary → (all bytes, length right) → synced → published. A transfer that ends
// early leaves nothing. One whose block the owner has a replica of with other content ends, too, as
// with a failing disk (kAlreadyExists): blocks are immutable, so one of the two belongs to another
// history or came damaged, and the writer goes elsewhere, with another id.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/datanode/checksum_builder.h"
#include "core/datanode/sidecar.h"
#include "core/wire/transfer.h"

namespace dfs::datanode {

struct OpenTemporary {
  std::uint64_t length = 0;  // to preallocate
};
struct WriteTemporary {
  std::uint64_t offset = 0;
  Bytes data;  // a view of what data() was given
};
struct Publish {
  // Data and sidecar fsynced, renamed, directory fsynced: published(). A Receiver's takes the place
  // of no replica with other content, a CopyTask's of any: its order names the committed content.
  Sidecar sidecar;
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

// More targets than this are refused: no placement makes them.
inline constexpr std::size_t kMaxTargets = 64;

class Receiver {
 public:
  Receiver(wire::WriteHeader header, NodeId self);

  // A header that cannot be (no block, too long, too many targets, this node among them) ends the
  // transfer at once, before any other effect.
  void start(ReceiverEffects& effects);
  // Beyond header.length it is a failure.
  void data(Bytes data, ReceiverEffects& effects);
  // The sender's body has ended; short of header.length it is a failure.
  void end(ReceiverEffects& effects);
  // After end() it changes nothing: the replica is finished although nobody may hear of it.
  void sender_failed(const Status& status, ReceiverEffects& effects);
  // Also when the published replica cannot be read for ResendDownstream.
  void disk_failed(const Status& status, ReceiverEffects& effects);
  void published(ReceiverEffects& effects);
  // The connection, or its answer was an error: the first node of what is left of the pipeline is
  // given up.
  void downstream_failed(const Status& status, ReceiverEffects& effects);
  void downstream_replied(const wire::WriteReply& reply, ReceiverEffects& effects);

  // After ReceiverDone every input is ignored.
  [[nodiscard]] bool done() const { return done_; }

 private:
  enum class Downstream { kNone, kStreaming, kAnswering, kResending };

  [[nodiscard]] wire::WriteHeader header_for_rest() const;
  [[nodiscard]] wire::BlockInfo received() const;
  void give_up_next(const Status& status);
  void proceed(ReceiverEffects& effects);
  void fail(const Status& status, ReceiverEffects& effects);
  void finish(ReceiverEffects& effects);

  wire::WriteHeader header_;
  NodeId self_;
  ChecksumBuilder checksums_;
  std::vector<wire::NodeAddress> rest_;  // targets that have neither stored nor failed
  Downstream downstream_ = Downstream::kNone;
  bool ended_ = false;
  bool published_ = false;
  bool done_ = false;
  wire::WriteReply reply_;
};

}  // namespace dfs::datanode
