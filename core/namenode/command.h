// Commands: the only way to change the durable namespace (law 5).
//
// plan (namenode.h) turns a request into a command that carries everything non-deterministic: the
// time, the DataNodes that placement chose. apply() validates it completely against the store
// before its first mutation and then carries it out; its result is a pure function of (command,
// store). A command that fails validation changes nothing but the applied position and, for a
// request, its record. Commands have a JSON form, in which they are shipped (the metadata's second
// home) and will be replicated.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/namenode/store.h"
#include "core/wire/requests.h"

namespace dfs::namenode {

// First command of a cluster: makes the root directory and the scalars.
struct FormatCommand {
  static constexpr std::string_view kName = "format";
  std::string cluster;
  std::string owner;  // of the root directory
  std::string group;
  std::uint32_t default_replication = 3;
  std::uint64_t default_block_size = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("owner", self.owner);
    visit("group", self.group);
    visit("default_replication", self.default_replication);
    visit("default_block_size", self.default_block_size);
  }
  friend bool operator==(const FormatCommand&, const FormatCommand&) = default;
};

// A client's mutating request as it arrived, with the targets of the blocks that it allocates.
struct RequestCommand {
  static constexpr std::string_view kName = "request";
  using Body =
      std::variant<wire::Mkdir, wire::Create, wire::Allocate, wire::Complete, wire::Abandon,
                   wire::Remove, wire::Rename, wire::SetReplication, wire::SetTimes>;
  Body body;
  std::vector<std::vector<wire::NodeAddress>> targets;  // one pipeline a block
  friend bool operator==(const RequestCommand&, const RequestCommand&) = default;
};

// Ends the leases of these pending files; nothing of them is published.
struct ExpireCommand {
  static constexpr std::string_view kName = "expire";
  std::vector<InodeId> pending;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("pending", self.pending);
  }
  friend bool operator==(const ExpireCommand&, const ExpireCommand&) = default;
};

// Works the reap queue off, touching at most `rows` rows (fewer than 16 do nothing): detached
// directories go, blocks of dead versions lose their reference and become kFreed without one (those
// of versions that were never published are forgotten at once), and blocks of live files take over
// their file's new replication.
struct ReapCommand {
  static constexpr std::string_view kName = "reap";
  std::uint64_t rows = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("rows", self.rows);
  }
  friend bool operator==(const ReapCommand&, const ReapCommand&) = default;
};

// Forgets blocks that were freed at or before `freed_until`, their readers' grace being over,
// touching at most `rows` rows; their replicas become deletable.
struct ForgetBlocksCommand {
  static constexpr std::string_view kName = "forget_blocks";
  WallTime freed_until;
  std::uint64_t rows = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("freed_until", self.freed_until);
    visit("rows", self.rows);
  }
  friend bool operator==(const ForgetBlocksCommand&, const ForgetBlocksCommand&) = default;
};

// Drops the oldest request records and clients, up to `rows` of each, that are not younger than
// `until`; of clients only such as have been silent for a while.
struct ForgetRequestsCommand {
  static constexpr std::string_view kName = "forget_requests";
  WallTime until;
  std::uint64_t rows = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("until", self.until);
    visit("rows", self.rows);
  }
  friend bool operator==(const ForgetRequestsCommand&, const ForgetRequestsCommand&) = default;
};

// A DataNode came for the first time, or with other addresses. Also numbers its session.
struct RegisterCommand {
  static constexpr std::string_view kName = "register";
  std::string uuid;
  std::string client_address;
  std::string peer_address;
  std::string rack;
  std::string host;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("uuid", self.uuid);
    visit("client_address", self.client_address);
    visit("peer_address", self.peer_address);
    visit("rack", self.rack);
    visit("host", self.host);
  }
  friend bool operator==(const RegisterCommand&, const RegisterCommand&) = default;
};

struct SafeModeCommand {
  static constexpr std::string_view kName = "safe_mode";
  bool on = false;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("on", self.on);
  }
  friend bool operator==(const SafeModeCommand&, const SafeModeCommand&) = default;
};

// An operator takes a DataNode out of service, or back into it.
struct DecommissionCommand {
  static constexpr std::string_view kName = "decommission";
  NodeId node;
  bool on = false;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("node", self.node);
    visit("on", self.on);
  }
  friend bool operator==(const DecommissionCommand&, const DecommissionCommand&) = default;
};

// Raises the epoch above `above` and starts the id counters of the new one.
struct RaiseEpochCommand {
  static constexpr std::string_view kName = "raise_epoch";
  std::uint64_t above = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("above", self.above);
  }
  friend bool operator==(const RaiseEpochCommand&, const RaiseEpochCommand&) = default;
};

// A DataNode has seen a history of `epoch` that is newer than ours: nothing is allocated, deleted
// or changed until the epoch is raised above it, also after a restart (D5).
struct NewerHistoryCommand {
  static constexpr std::string_view kName = "newer_history";
  std::uint64_t epoch = 0;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("epoch", self.epoch);
  }
  friend bool operator==(const NewerHistoryCommand&, const NewerHistoryCommand&) = default;
};

// Gives a pending file a block that a rescue found on DataNodes, as committed there: one of an
// earlier epoch that this history has never heard of, or one that belongs to another pending file.
struct AdoptBlockCommand {
  static constexpr std::string_view kName = "adopt_block";
  InodeId inode;
  std::uint64_t index = 0;
  BlockInfo block;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("inode", self.inode);
    visit("index", self.index);
    visit("block", self.block);
  }
  friend bool operator==(const AdoptBlockCommand&, const AdoptBlockCommand&) = default;
};

struct Command {
  // NameNode time: it begins as the wall time of the format command and goes on only while a
  // NameNode runs, by its monotonic clock, so that a clock that is set shortens neither the life of
  // request records nor the grace of readers (T1). Never before an earlier command's: max(time,
  // meta.time).
  WallTime time;
  std::variant<FormatCommand, RequestCommand, ExpireCommand, ReapCommand, ForgetBlocksCommand,
               ForgetRequestsCommand, RegisterCommand, SafeModeCommand, DecommissionCommand,
               RaiseEpochCommand, NewerHistoryCommand, AdoptBlockCommand>
      body;
  WallTime wall;  // what the wall clock said: modification times
  friend bool operator==(const Command&, const Command&) = default;
};

// What soft state must know of an applied command.
struct Effects {
  std::vector<BlockId> committed;   // became kCommitted
  std::vector<BlockId> freed;       // became kFreed: still served to readers, no longer repaired
  std::vector<BlockId> forgotten;   // erased: every replica of them may be deleted
  std::vector<BlockId> retargeted;  // their replication changed
  std::vector<InodeId> leases_begun;
  std::vector<InodeId> leases_ended;
};

struct Outcome {
  Position position = 0;
  wire::Reply reply;      // for requests and registrations; Empty for the rest
  bool replayed = false;  // the request had been executed before; `reply` is the recorded one
  Effects effects;
};

// Applies one command inside the store's open transaction and advances the applied position.
[[nodiscard]] Outcome apply(Store& store, const Command& command);

// One line of JSON each, without a newline.
[[nodiscard]] std::string to_text(const Command& command);
[[nodiscard]] Result<Command> command_from_text(std::string_view text);

// A digest of everything durable but hints, equal for equal states. Walks the whole store: for
// tests and for the simulator only.
[[nodiscard]] std::uint64_t digest_of(Store& store);

// Told of every command right after it was applied, durable or not: the simulator's oracles follow
// the order of commands with it.
class CommandObserver {
 public:
  virtual ~CommandObserver() = default;
  virtual void applied(const Command& command, const Outcome& outcome) = 0;
};

}  // namespace dfs::namenode
