// The native client protocol: what a client asks of the NameNode.
//
// POST /api/v1/<kMethod> with the struct as JSON; the reply is the struct's Reply as JSON, or
// {"error": {code, message}}. Every mutating request carries a Caller and executes once however
// often it is sent (law 10).
#pragma once

#include <optional>

#include "core/wire/fields.h"
#include "core/wire/types.h"

namespace dfs::wire {

// HDFS's dfs.replication.max.
inline constexpr std::uint32_t kMaxReplication = 512;

// Who asks, and which of the caller's requests this is.
struct Caller {
  std::string client;               // 32 hexadecimal digits, random, one per client process
  std::uint64_t request = 0;        // 1, 2, 3 … per client; equal on every retry
  std::uint64_t settled_below = 0;  // every request below it has been answered: forget its record
  std::uint64_t age_ms = 0;         // since the first attempt of this request
  std::string user;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("client", self.client);
    visit("request", self.request);
    visit("settled_below", self.settled_below);
    visit("age_ms", self.age_ms);
    visit("user", self.user);
  }
  friend bool operator==(const Caller&, const Caller&) = default;
};

struct Empty {
  template <class Self, class V>
  static void fields(Self& /*self*/, V&& /*visit*/) {}
  friend bool operator==(const Empty&, const Empty&) = default;
};

struct Mkdir {
  static constexpr std::string_view kMethod = "mkdir";
  static constexpr bool kMutates = true;
  using Reply = Empty;
  Caller caller;
  std::string path;
  bool parents = false;  // make missing parents too, and accept an existing directory
  std::uint32_t mode = 0755;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("caller", self.caller);
    visit("path", self.path);
    visit("parents", self.parents);
    visit("mode", self.mode);
  }
  friend bool operator==(const Mkdir&, const Mkdir&) = default;
};

// A block to write and the DataNodes to write it to, in pipeline order.
struct AllocatedBlock {
  BlockId block;
  std::vector<NodeAddress> targets;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("block", self.block);
    visit("targets", self.targets);
  }
  friend bool operator==(const AllocatedBlock&, const AllocatedBlock&) = default;
};

struct CreateReply {
  InodeId inode;  // the pending file: the lease that later calls name
  std::uint64_t block_size = 0;
  std::uint32_t replication = 0;
  Duration lease_limit;                // renew well within it
  std::vector<AllocatedBlock> blocks;  // as many as asked for

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("inode", self.inode);
    visit("block_size", self.block_size);
    visit("replication", self.replication);
    visit("lease_limit", self.lease_limit);
    visit("blocks", self.blocks);
  }
  friend bool operator==(const CreateReply&, const CreateReply&) = default;
};

// Opens a new version of a file. Nothing of it is visible at `path` until Complete, except that a
// name that was free shows an empty file under construction.
struct Create {
  static constexpr std::string_view kMethod = "create";
  static constexpr bool kMutates = true;
  using Reply = CreateReply;
  Caller caller;
  std::string path;
  bool overwrite = false;         // replace a file, and fence another writer of this name
  bool parents = true;            // make missing parents
  std::uint32_t replication = 0;  // 0: the server's default
  std::uint64_t block_size = 0;   // 0: the server's default
  std::uint32_t mode = 0644;
  std::uint32_t blocks = 0;  // blocks to allocate at once, at most 8
  // DataNodes that the client found failing; where some are needed all the same, the first ones.
  std::vector<NodeId> exclude;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("caller", self.caller);
    visit("path", self.path);
    visit("overwrite", self.overwrite);
    visit("parents", self.parents);
    visit("replication", self.replication);
    visit("block_size", self.block_size);
    visit("mode", self.mode);
    visit("blocks", self.blocks);
    visit("exclude", self.exclude);
  }
  friend bool operator==(const Create&, const Create&) = default;
};

// A block that the client has written: what the DataNodes computed equals what the client did.
struct CommittedBlock {
  BlockInfo info;
  std::uint64_t index = 0;     // position in the file, 0 first
  std::vector<NodeId> stored;  // who has published it durably

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("info", self.info);
    visit("index", self.index);
    visit("stored", self.stored);
  }
  friend bool operator==(const CommittedBlock&, const CommittedBlock&) = default;
};

struct AllocateReply {
  std::vector<AllocatedBlock> blocks;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("blocks", self.blocks);
  }
  friend bool operator==(const AllocateReply&, const AllocateReply&) = default;
};

// Commits written blocks, gives up failed ones and allocates more, all in one step.
struct Allocate {
  static constexpr std::string_view kMethod = "allocate";
  static constexpr bool kMutates = true;
  using Reply = AllocateReply;
  Caller caller;
  InodeId inode;
  std::vector<CommittedBlock> commit;
  std::vector<BlockId> abandon;  // allocated blocks that could not be written
  std::uint32_t blocks = 1;      // blocks to allocate, 0–8
  std::vector<NodeId> exclude;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("caller", self.caller);
    visit("inode", self.inode);
    visit("commit", self.commit);
    visit("abandon", self.abandon);
    visit("blocks", self.blocks);
    visit("exclude", self.exclude);
  }
  friend bool operator==(const Allocate&, const Allocate&) = default;
};

// Publishes the new version atomically. The indexes of all committed blocks must be 0 … n−1; blocks
// that were allocated and not committed are given up.
struct Complete {
  static constexpr std::string_view kMethod = "complete";
  static constexpr bool kMutates = true;
  using Reply = FileStatus;
  Caller caller;
  InodeId inode;
  std::vector<CommittedBlock> commit;
  std::uint64_t length = 0;       // of the whole file; checked against the blocks
  std::optional<WallTime> mtime;  // recorded modification time; now by default

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("caller", self.caller);
    visit("inode", self.inode);
    visit("commit", self.commit);
    visit("length", self.length);
    visit("mtime", self.mtime);
  }
  friend bool operator==(const Complete&, const Complete&) = default;
};

// Gives the new version up; what was at the name before stays. Abandoning twice is no error.
struct Abandon {
  static constexpr std::string_view kMethod = "abandon";
  static constexpr bool kMutates = true;
  using Reply = Empty;
  Caller caller;
  InodeId inode;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("caller", self.caller);
    visit("inode", self.inode);
  }
  friend bool operator==(const Abandon&, const Abandon&) = default;
};

struct RenewLeaseReply {
  std::vector<InodeId> lost;  // those that are no longer the client's

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("lost", self.lost);
  }
  friend bool operator==(const RenewLeaseReply&, const RenewLeaseReply&) = default;
};

// Soft state, no durable effect.
struct RenewLease {
  static constexpr std::string_view kMethod = "renew";
  static constexpr bool kMutates = false;
  using Reply = RenewLeaseReply;
  std::string client;
  std::vector<InodeId> inodes;  // at most 1,000

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("client", self.client);
    visit("inodes", self.inodes);
  }
  friend bool operator==(const RenewLease&, const RenewLease&) = default;
};

struct Remove {
  static constexpr std::string_view kMethod = "remove";
  static constexpr bool kMutates = true;
  using Reply = Empty;
  Caller caller;
  std::string path;
  bool recursive = false;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("caller", self.caller);
    visit("path", self.path);
    visit("recursive", self.recursive);
  }
  friend bool operator==(const Remove&, const Remove&) = default;
};

// Moves `from` to exactly `to` (into-directory semantics are the client's). The parent of `to` must
// exist; `to` must not, unless `overwrite` and it is a file or an empty directory of the same type.
struct Rename {
  static constexpr std::string_view kMethod = "rename";
  static constexpr bool kMutates = true;
  using Reply = Empty;
  Caller caller;
  std::string from;
  std::string to;
  bool overwrite = false;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("caller", self.caller);
    visit("from", self.from);
    visit("to", self.to);
    visit("overwrite", self.overwrite);
  }
  friend bool operator==(const Rename&, const Rename&) = default;
};

struct SetReplication {
  static constexpr std::string_view kMethod = "set_replication";
  static constexpr bool kMutates = true;
  using Reply = Empty;
  Caller caller;
  std::string path;               // a file
  std::uint32_t replication = 0;  // 1–512

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("caller", self.caller);
    visit("path", self.path);
    visit("replication", self.replication);
  }
  friend bool operator==(const SetReplication&, const SetReplication&) = default;
};

struct SetTimes {
  static constexpr std::string_view kMethod = "set_times";
  static constexpr bool kMutates = true;
  using Reply = Empty;
  Caller caller;
  std::string path;
  std::optional<WallTime> mtime;
  std::optional<WallTime> atime;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("caller", self.caller);
    visit("path", self.path);
    visit("mtime", self.mtime);
    visit("atime", self.atime);
  }
  friend bool operator==(const SetTimes&, const SetTimes&) = default;
};

struct Stat {
  static constexpr std::string_view kMethod = "stat";
  static constexpr bool kMutates = false;
  using Reply = FileStatus;
  std::string path;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("path", self.path);
  }
  friend bool operator==(const Stat&, const Stat&) = default;
};

struct ListReply {
  std::vector<FileStatus> entries;  // in byte order of their names
  bool more = false;                // ask again with after = the last name
  bool directory = true;            // false: the subject is a file, and its status the only entry

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("entries", self.entries);
    visit("more", self.more);
    visit("directory", self.directory);
  }
  friend bool operator==(const ListReply&, const ListReply&) = default;
};

struct List {
  static constexpr std::string_view kMethod = "list";
  static constexpr bool kMutates = false;
  using Reply = ListReply;
  std::string path;
  std::string after;        // exclusive lower bound of names
  std::uint32_t limit = 0;  // at most 1,000, which is also what 0 means

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("path", self.path);
    visit("after", self.after);
    visit("limit", self.limit);
  }
  friend bool operator==(const List&, const List&) = default;
};

struct LocateReply {
  FileStatus status;  // names the version: (inode, length)
  std::vector<LocatedBlock> blocks;
  bool more = false;  // ask again with offset = the end of the last block

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("status", self.status);
    visit("blocks", self.blocks);
    visit("more", self.more);
  }
  friend bool operator==(const LocateReply&, const LocateReply&) = default;
};

// The blocks of a file that hold [offset, offset + length). A read session asks by path once and by
// inode from then on; when that version is gone the answer is kReplaced.
struct Locate {
  static constexpr std::string_view kMethod = "locate";
  static constexpr bool kMutates = false;
  using Reply = LocateReply;
  std::string path;
  InodeId inode;  // instead of path
  std::uint64_t offset = 0;
  std::uint64_t length = UINT64_MAX;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("path", self.path);
    visit("inode", self.inode);
    visit("offset", self.offset);
    visit("length", self.length);
  }
  friend bool operator==(const Locate&, const Locate&) = default;
};

struct Summarize {
  static constexpr std::string_view kMethod = "summary";
  static constexpr bool kMutates = false;
  using Reply = ContentSummary;
  std::string path;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("path", self.path);
  }
  friend bool operator==(const Summarize&, const Summarize&) = default;
};

struct BadReplica {
  BlockId block;
  NodeId node;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("block", self.block);
    visit("node", self.node);
  }
  friend bool operator==(const BadReplica&, const BadReplica&) = default;
};

// A reader met replicas that fail their checksum. A suspicion only: the NameNode has the DataNodes
// verify them, and nothing is deleted on a client's word.
struct ReportBad {
  static constexpr std::string_view kMethod = "report_bad";
  static constexpr bool kMutates = false;
  using Reply = Empty;
  std::vector<BadReplica> replicas;  // at most 1,000

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("replicas", self.replicas);
  }
  friend bool operator==(const ReportBad&, const ReportBad&) = default;
};

}  // namespace dfs::wire
