// What a DataNode says to the NameNode and what it is told to do.
//
// A DataNode talks first, always, over POST /api/v1/<kMethod>. Its messages of one registration
// (session) are numbered 1, 2, 3 … and sent one at a time, each until it is answered: the NameNode
// drops a message of another session or with an old number as kStale, so that a delayed or repeated
// report can never be taken for a new one (HDFS-10301, HDFS-2791). A message that is sent again
// because its answer did not come is the same message, byte for byte, and gets the same answer.
#pragma once

#include <optional>

#include "core/wire/client_messages.h"

namespace dfs::wire {

// The newest history that a DataNode has seen. A NameNode that is behind it was restored from an
// older backup: it allocates nothing and deletes nothing until its epoch is raised.
struct HistoryMark {
  std::uint64_t epoch = 0;
  std::uint64_t applied = 0;  // position of the last applied command
  std::uint64_t block = 0;    // highest block id

  // Two histories of one epoch that have parted can each be behind the other.
  [[nodiscard]] bool behind(const HistoryMark& other) const {
    return epoch < other.epoch ||
           (epoch == other.epoch && (applied < other.applied || block < other.block));
  }

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("epoch", self.epoch);
    visit("applied", self.applied);
    visit("block", self.block);
  }
  friend auto operator<=>(const HistoryMark&, const HistoryMark&) = default;
};

struct RegisterReply {
  std::string cluster;  // the cluster's identity, for the DataNode to keep
  NodeId node;
  std::uint64_t session = 0;
  HistoryMark history;
  Duration heartbeat_interval;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("node", self.node);
    visit("session", self.session);
    visit("history", self.history);
    visit("heartbeat_interval", self.heartbeat_interval);
  }
  friend bool operator==(const RegisterReply&, const RegisterReply&) = default;
};

struct Register {
  static constexpr std::string_view kMethod = "datanode/register";
  using Reply = RegisterReply;
  std::string cluster;      // "" on a new node
  std::string uuid;         // 32 hexadecimal digits, made once per DataNode directory
  std::string incarnation;  // 32 hexadecimal digits, made at each start of the process
  std::string client_address;
  std::string peer_address;
  std::string rack;
  std::string host;  // failure domain within the rack
  HistoryMark seen;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("uuid", self.uuid);
    visit("incarnation", self.incarnation);
    visit("client_address", self.client_address);
    visit("peer_address", self.peer_address);
    visit("rack", self.rack);
    visit("host", self.host);
    visit("seen", self.seen);
  }
  friend bool operator==(const Register&, const Register&) = default;
};

struct NodeStats {
  std::uint64_t capacity = 0;   // bytes
  std::uint64_t used = 0;       // bytes of replicas
  std::uint64_t remaining = 0;  // bytes that can still be stored; purgeable quarantine counts
  std::uint64_t quarantined = 0;
  std::uint64_t largest_free = 0;  // bytes free on the roomiest volume (HDFS-8863)
  std::uint64_t replicas = 0;
  std::uint32_t volumes = 0;
  std::uint32_t failed_volumes = 0;
  std::uint32_t transfers = 0;  // reads and writes in progress

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("capacity", self.capacity);
    visit("used", self.used);
    visit("remaining", self.remaining);
    visit("quarantined", self.quarantined);
    visit("largest_free", self.largest_free);
    visit("replicas", self.replicas);
    visit("volumes", self.volumes);
    visit("failed_volumes", self.failed_volumes);
    visit("transfers", self.transfers);
  }
  friend bool operator==(const NodeStats&, const NodeStats&) = default;
};

// What happened to a replica since the last message. After each registration a DataNode says
// kCorrupt again of every replica that it knows to be so: reports do not carry it.
enum class ReplicaEvent {
  kStored,    // published durably, or found again
  kRemoved,   // in quarantine, or its volume is gone
  kCorrupt,   // it was read and does not match its checksum
  kVerified,  // it was read whole and matches
  kUnread,    // it could not be read: unknown, not absent (V3)
};
std::string_view to_string(ReplicaEvent event);
bool from_string(std::string_view name, ReplicaEvent& event);

struct ReplicaChange {
  ReplicaEvent event = ReplicaEvent::kStored;
  BlockInfo replica;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("event", self.event);
    visit("replica", self.replica);
  }
  friend bool operator==(const ReplicaChange&, const ReplicaChange&) = default;
};

// The end of an order, whichever way.
struct OrderResult {
  std::uint64_t order = 0;
  Status status;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("order", self.order);
    visit("status", self.status);
  }
  friend bool operator==(const OrderResult&, const OrderResult&) = default;
};

enum class OrderKind {
  kCopy,        // read the block from `sources`, granule by granule if need be, and store it,
                // replacing a replica of it that is corrupt here
  kQuarantine,  // move the replica to quarantine/
  kRestore,     // move it back from quarantine/, if it is there and matches, also in place of a
                // replica that is rotten or of other content
  kPurge,       // unlink it from quarantine/
  kVerify,      // read it whole and report kVerified, kCorrupt or kUnread
  kConfirm,     // say whether it is there and published, without reading it (kVerified is not sent:
                // the OrderResult is the answer)
};
std::string_view to_string(OrderKind kind);
bool from_string(std::string_view name, OrderKind& kind);

struct Order {
  std::uint64_t order = 0;  // unique in an (epoch, NameNode start)
  OrderKind kind = OrderKind::kVerify;
  BlockInfo block;
  InodeId inode;            // of the file, for the new replica's sidecar
  std::uint64_t index = 0;  // position in the file
  std::string path_hint;
  std::vector<NodeAddress> sources;  // kCopy

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("order", self.order);
    visit("kind", self.kind);
    visit("block", self.block);
    visit("inode", self.inode);
    visit("index", self.index);
    visit("path_hint", self.path_hint);
    visit("sources", self.sources);
  }
  friend bool operator==(const Order&, const Order&) = default;
};

// Which message of which session this is.
struct SessionMark {
  NodeId node;
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("node", self.node);
    visit("session", self.session);
    visit("sequence", self.sequence);
  }
  friend bool operator==(const SessionMark&, const SessionMark&) = default;
};

struct HeartbeatReply {
  HistoryMark history;  // to be persisted before any order of it is carried out
  std::vector<Order> orders;
  bool report = false;  // begin a full report now

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("history", self.history);
    visit("orders", self.orders);
    visit("report", self.report);
  }
  friend bool operator==(const HeartbeatReply&, const HeartbeatReply&) = default;
};

// Also the incremental block report. kStale in reply means: register again.
struct Heartbeat {
  static constexpr std::string_view kMethod = "datanode/heartbeat";
  using Reply = HeartbeatReply;
  SessionMark mark;
  HistoryMark seen;
  NodeStats stats;
  std::vector<ReplicaChange> changes;   // in the order in which they happened, at most 1,000
  std::vector<OrderResult> results;     // at most 1,000
  std::vector<BlockInfo> purge_wanted;  // quarantined replicas whose time is over, at most 100

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("mark", self.mark);
    visit("seen", self.seen);
    visit("stats", self.stats);
    visit("changes", self.changes);
    visit("results", self.results);
    visit("purge_wanted", self.purge_wanted);
  }
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

// Replicas are reported in buckets, by id modulo this; a bucket's digest is the wrapping sum of
// replica_digest() of its replicas, so that it is cheap to keep and independent of order.
inline constexpr std::uint64_t kReportBuckets = 1024;
[[nodiscard]] constexpr std::uint64_t bucket_of(BlockId block) {
  return block.value % kReportBuckets;
}
[[nodiscard]] std::uint64_t replica_digest(const BlockInfo& replica);

struct BucketDigest {
  std::uint64_t bucket = 0;
  std::uint64_t digest = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("bucket", self.bucket);
    visit("digest", self.digest);
  }
  friend bool operator==(const BucketDigest&, const BucketDigest&) = default;
};

struct ReportDigestsReply {
  std::vector<std::uint64_t> wanted;  // buckets whose content the NameNode sees differently

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("wanted", self.wanted);
  }
  friend bool operator==(const ReportDigestsReply&, const ReportDigestsReply&) = default;
};

// First part of a full report: digests of all buckets that are not empty.
struct ReportDigests {
  static constexpr std::string_view kMethod = "datanode/report_digests";
  using Reply = ReportDigestsReply;
  SessionMark mark;
  std::vector<BucketDigest> digests;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("mark", self.mark);
    visit("digests", self.digests);
  }
  friend bool operator==(const ReportDigests&, const ReportDigests&) = default;
};

// One piece of a wanted bucket: the replicas of it with after < id <= through, completely, as they
// are when the message is made (all earlier changes have been answered). At most 1,000. The pieces
// of a bucket follow one another without a gap from after = 0 to through = 2^64 - 1. When no bucket
// is wanted the report is complete without a piece. Replicas that are known to be corrupt are among
// them, as long as they are not in quarantine.
//
// What is there but could not be read since the DataNode's start is named in `unreadable`, at most
// 1,000 again: it is not absent (V3), and what it contains only the NameNode knows, which asks for
// it to be verified. A bucket with such a replica differs in its digest.
struct ReportPiece {
  static constexpr std::string_view kMethod = "datanode/report_piece";
  using Reply = Empty;
  SessionMark mark;
  std::uint64_t bucket = 0;
  BlockId after;
  BlockId through;
  std::vector<BlockInfo> replicas;                 // ascending by id
  std::optional<std::vector<BlockId>> unreadable;  // ascending, none of `replicas`; mostly no key
  bool last = false;                               // the full report is complete with this piece

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("mark", self.mark);
    visit("bucket", self.bucket);
    visit("after", self.after);
    visit("through", self.through);
    visit("replicas", self.replicas);
    visit("unreadable", self.unreadable);
    visit("last", self.last);
  }
  friend bool operator==(const ReportPiece&, const ReportPiece&) = default;
};

}  // namespace dfs::wire
