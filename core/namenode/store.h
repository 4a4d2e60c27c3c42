// The NameNode's durable state, as typed tables behind a port.
//
// One implementation exists (adapters/sqlite), over real files or over the simulated disk. Calls
// are synchronous. Mutations happen inside the one open transaction, which begin() opens; they are
// visible to reads at once and durable when commit() has returned. A store never reports an error:
// the implementation ends the process (in the simulation: the node) on any failure, because after a
// failed write or fsync nothing that it says can be trusted (law 9).
//
// Every call is one row touched, every scan as many as it returns; rows_touched() counts them, so
// that the simulator can check law 11 (at most 2,000 a step).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/wire/types.h"

namespace dfs::namenode {

using wire::BlockInfo;
using wire::FileType;

// Position of a command in the order in which commands were applied; 1 is the first.
using Position = std::uint64_t;
inline constexpr Position kStillAlive = INT64_MAX;

// A file or directory, by inode id. `parent` is 0 for the root, for a version that is still being
// written and for what was detached by a delete or replaced, which waits to be reaped. A reaped
// file version stays, with its blocks, until the grace of its readers is over.
struct InodeRow {
  InodeId id;
  FileType type = FileType::kFile;
  InodeId parent;
  std::string name;
  std::string owner;
  std::string group;
  std::uint32_t mode = 0;
  WallTime mtime;
  WallTime atime;
  std::uint32_t replication = 0;  // files
  std::uint64_t block_size = 0;   // files
  std::uint64_t length = 0;       // files: bytes
  wire::ContentSummary sums;      // directories: of the whole subtree, itself included
  std::uint64_t children = 0;     // directories: live entries
  Position born = 0;              // versions, for snapshots; 0: never published
  Position died = kStillAlive;
  std::uint64_t progress = 0;  // files in the reap queue: first index not dealt with yet
  std::uint64_t height = 0;    // directories: levels below, an upper bound

  friend bool operator==(const InodeRow&, const InodeRow&) = default;
};

// A name in a directory. Key: (parent, name) among the living.
struct EntryRow {
  InodeId parent;
  std::string name;
  InodeId inode;
  Position born = 0;
  Position died = kStillAlive;

  friend bool operator==(const EntryRow&, const EntryRow&) = default;
};

// A file that is being written, by the inode id of the new version. Key also: (parent, name), so at
// most one writer holds a name.
struct PendingRow {
  InodeId inode;  // has an InodeRow with parent 0
  InodeId parent;
  std::string name;
  std::string client;  // owner of the lease
  std::string path;    // as given, for messages and sidecars
  WallTime opened;
  InodeId replaces;          // what the name showed when this was opened; 0: nothing, and the name
                             // shows this file under construction
  std::uint64_t blocks = 0;  // committed so far
  std::uint64_t end = 0;     // one above the highest committed index
  std::uint64_t length = 0;  // bytes committed so far

  friend bool operator==(const PendingRow&, const PendingRow&) = default;
};

enum class BlockState : std::uint8_t {
  kAllocated,  // belongs to the lease of `owner`; length and CRC unknown
  kCommitted,  // length and CRC are fixed for ever
  kFreed,      // no file names it; kept for readers until `freed` + grace
};

struct BlockRow {
  BlockId id;
  BlockState state = BlockState::kAllocated;
  std::uint64_t length = 0;
  std::uint32_t crc = 0;
  std::uint32_t replication = 0;  // the highest that any file naming it asks for
  std::uint32_t references = 0;   // file versions and pending files that name it
  InodeId owner;                  // the file (version) that it was written for
  WallTime freed;                 // NameNode time (command.h)
  std::uint64_t index = 0;        // its position in that file, once committed

  friend bool operator==(const BlockRow&, const BlockRow&) = default;
};

// The blocks of a file version in order. Key: (inode, index). For a pending file an index is
// present once the block is allocated or committed there; allocated blocks have no index yet and
// are found by allocated_blocks().
struct FileBlockRow {
  InodeId inode;
  std::uint64_t index = 0;
  BlockId block;
  std::uint64_t visible_length = 0;

  friend bool operator==(const FileBlockRow&, const FileBlockRow&) = default;
};

struct DataNodeRow {
  NodeId id;
  std::string uuid;
  std::string client_address;
  std::string peer_address;
  std::string rack;
  std::string host;
  bool decommissioned = false;  // an operator wants it to leave, or it has left

  friend bool operator==(const DataNodeRow&, const DataNodeRow&) = default;
};

// The record that makes a retried request execute once. Key: (client, request).
struct RequestRow {
  std::string client;
  std::uint64_t request = 0;
  WallTime at;        // NameNode time (command.h)
  std::string reply;  // wire form

  friend bool operator==(const RequestRow&, const RequestRow&) = default;
};

// What a client has said is settled, or was forgotten, and has no records any more; requests below
// it are not answered. Key: client. Written seldom (namespace/records.h).
struct ClientRow {
  std::string client;
  std::uint64_t settled_below = 0;
  WallTime at;  // not before its last mutating request, and not much after it; NameNode time

  friend bool operator==(const ClientRow&, const ClientRow&) = default;
};

// The one row of scalars.
struct MetaRow {
  std::string cluster;  // 32 hexadecimal digits
  std::uint64_t epoch = 1;
  Position applied = 0;
  std::uint64_t next_inode = 0;
  std::uint64_t next_block = 0;
  std::uint64_t next_node = 1;
  std::uint64_t next_session = 1;  // of DataNode registrations
  WallTime time;                   // NameNode time of the last command: it never goes back
  WallTime forgotten;              // of the newest client row that was dropped
  std::uint64_t requests = 0;      // request records and client rows kept
  bool safe_mode = false;
  // settings that must not change under a running cluster's feet
  std::uint32_t default_replication = 3;
  std::uint64_t default_block_size = 0;
  // A DataNode has told of a history of this epoch that is newer than ours: read-only until the
  // epoch is raised above it. 0: none.
  std::uint64_t behind_epoch = 0;
  std::string past_epochs;  // see past_epochs.h

  friend bool operator==(const MetaRow&, const MetaRow&) = default;
};

class Store {
 public:
  virtual ~Store() = default;

  // Transactions. begin() with one open, and commit() with none, are bugs.
  virtual void begin() = 0;
  virtual void commit() = 0;
  [[nodiscard]] virtual bool in_transaction() const = 0;

  // The reference is valid, and shows every change, until the store goes away.
  [[nodiscard]] virtual const MetaRow& meta() = 0;
  virtual void put_meta(const MetaRow& row) = 0;

  [[nodiscard]] virtual std::optional<InodeRow> inode(InodeId id) = 0;
  virtual void put_inode(const InodeRow& row) = 0;
  virtual void erase_inode(InodeId id) = 0;
  // Inodes in id order, from the first above `after`: for digests and background walks.
  [[nodiscard]] virtual std::vector<InodeRow> scan_inodes(InodeId after, std::size_t limit) = 0;

  [[nodiscard]] virtual std::optional<EntryRow> entry(InodeId parent, const std::string& name) = 0;
  virtual void put_entry(const EntryRow& row) = 0;
  virtual void erase_entry(InodeId parent, const std::string& name) = 0;
  // Live entries of a directory in byte order of their names, from the first above `after`.
  [[nodiscard]] virtual std::vector<EntryRow> scan_entries(InodeId parent, const std::string& after,
                                                           std::size_t limit) = 0;

  [[nodiscard]] virtual std::optional<PendingRow> pending(InodeId inode) = 0;
  [[nodiscard]] virtual std::optional<PendingRow> pending_at(InodeId parent,
                                                             const std::string& name) = 0;
  virtual void put_pending(const PendingRow& row) = 0;
  virtual void erase_pending(InodeId inode) = 0;
  [[nodiscard]] virtual std::vector<PendingRow> scan_pending(InodeId after, std::size_t limit) = 0;
  // Pending files bound to names in one directory.
  [[nodiscard]] virtual std::vector<PendingRow> scan_pending_in(InodeId parent,
                                                                const std::string& after,
                                                                std::size_t limit) = 0;

  [[nodiscard]] virtual std::optional<BlockRow> block(BlockId id) = 0;
  virtual void put_block(const BlockRow& row) = 0;
  virtual void erase_block(BlockId id) = 0;
  [[nodiscard]] virtual std::vector<BlockRow> scan_blocks(BlockId after, std::size_t limit) = 0;
  // Blocks in state kAllocated that belong to a pending file.
  [[nodiscard]] virtual std::vector<BlockRow> allocated_blocks(InodeId owner,
                                                               std::size_t limit) = 0;
  // Blocks in state kFreed with freed <= `until`, oldest first.
  [[nodiscard]] virtual std::vector<BlockRow> freed_blocks(WallTime until, std::size_t limit) = 0;

  [[nodiscard]] virtual std::optional<FileBlockRow> file_block(InodeId inode,
                                                               std::uint64_t index) = 0;
  virtual void put_file_block(const FileBlockRow& row) = 0;
  virtual void erase_file_block(InodeId inode, std::uint64_t index) = 0;
  // In index order, from `first` on.
  [[nodiscard]] virtual std::vector<FileBlockRow> scan_file_blocks(InodeId inode,
                                                                   std::uint64_t first,
                                                                   std::size_t limit) = 0;

  // Detached subtrees and file versions that wait to be reaped, and live files whose blocks wait to
  // be told of a new replication, by inode id.
  virtual void put_reap(InodeId inode) = 0;
  virtual void erase_reap(InodeId inode) = 0;
  [[nodiscard]] virtual std::vector<InodeId> scan_reap(InodeId after, std::size_t limit) = 0;

  [[nodiscard]] virtual std::optional<DataNodeRow> datanode(NodeId id) = 0;
  [[nodiscard]] virtual std::optional<DataNodeRow> datanode_by_uuid(const std::string& uuid) = 0;
  virtual void put_datanode(const DataNodeRow& row) = 0;
  [[nodiscard]] virtual std::vector<DataNodeRow> scan_datanodes(NodeId after,
                                                                std::size_t limit) = 0;

  [[nodiscard]] virtual std::optional<RequestRow> request(const std::string& client,
                                                          std::uint64_t request) = 0;
  virtual void put_request(const RequestRow& row) = 0;
  virtual void erase_request(const std::string& client, std::uint64_t request) = 0;
  // Those of one client below a number; returns how many there were.
  virtual std::uint64_t erase_requests_below(const std::string& client, std::uint64_t below) = 0;
  // In the order in which they were put: oldest first.
  [[nodiscard]] virtual std::vector<RequestRow> oldest_requests(std::size_t limit) = 0;
  // Of one client, below a number, ascending.
  [[nodiscard]] virtual std::vector<RequestRow> requests_below(const std::string& client,
                                                               std::uint64_t below,
                                                               std::size_t limit) = 0;
  [[nodiscard]] virtual std::optional<ClientRow> client(const std::string& client) = 0;
  virtual void put_client(const ClientRow& row) = 0;
  virtual void erase_client(const std::string& client) = 0;
  [[nodiscard]] virtual std::vector<ClientRow> oldest_clients(std::size_t limit) = 0;

  // Block locations as last known. Hints only (law 6): outside the digest, never a reason to
  // delete. Written in the same transaction as whatever made them known.
  virtual void put_hint(BlockId block, NodeId node) = 0;
  virtual void erase_hint(BlockId block, NodeId node) = 0;
  virtual void erase_hints(BlockId block) = 0;
  [[nodiscard]] virtual std::vector<NodeId> hints(BlockId block) = 0;

  // Rows touched since the store was opened.
  [[nodiscard]] virtual std::uint64_t rows_touched() const = 0;
};

}  // namespace dfs::namenode
