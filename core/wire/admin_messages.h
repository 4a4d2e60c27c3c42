// What operators ask of the NameNode: `dfs admin …`, `dfs df`.
#pragma once

#include "core/wire/datanode_messages.h"

namespace dfs::wire {

enum class NodeState { kLive, kSuspect, kDead };
constexpr std::string_view to_string(NodeState state) {
  return state == NodeState::kLive ? "live" : state == NodeState::kSuspect ? "suspect" : "dead";
}
constexpr bool from_string(std::string_view name, NodeState& state) {
  for (NodeState s : {NodeState::kLive, NodeState::kSuspect, NodeState::kDead}) {
    if (name == to_string(s)) {
      state = s;
      return true;
    }
  }
  return false;
}

// What an operator has decided about a DataNode, and what has come of it.
enum class ServiceState {
  kInService,
  kDecommissioning,  // leaves: gets nothing new, and is needed until others hold what it holds
  kDecommissioned,   // can be switched off: nothing depends on it
};
constexpr std::string_view to_string(ServiceState state) {
  return state == ServiceState::kInService         ? "in-service"
         : state == ServiceState::kDecommissioning ? "decommissioning"
                                                   : "decommissioned";
}
constexpr bool from_string(std::string_view name, ServiceState& state) {
  for (ServiceState s :
       {ServiceState::kInService, ServiceState::kDecommissioning, ServiceState::kDecommissioned}) {
    if (name == to_string(s)) {
      state = s;
      return true;
    }
  }
  return false;
}

struct NodeReport {
  NodeId node;
  std::string uuid;
  std::string client_address;
  std::string peer_address;
  std::string rack;
  std::string host;
  NodeState state = NodeState::kDead;
  bool reported = false;        // in full, since its registration
  std::uint64_t silent_ms = 0;  // since its last message
  ServiceState service = ServiceState::kInService;
  // While decommissioning: blocks that it holds and that have too few copies elsewhere, as last
  // counted, and one line on what the end waits for.
  std::uint64_t blocks_waiting = 0;
  std::string waits_for;
  NodeStats stats;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("node", self.node);
    visit("uuid", self.uuid);
    visit("client_address", self.client_address);
    visit("peer_address", self.peer_address);
    visit("rack", self.rack);
    visit("host", self.host);
    visit("state", self.state);
    visit("reported", self.reported);
    visit("silent_ms", self.silent_ms);
    visit("service", self.service);
    visit("blocks_waiting", self.blocks_waiting);
    visit("waits_for", self.waits_for);
    visit("stats", self.stats);
  }
  friend bool operator==(const NodeReport&, const NodeReport&) = default;
};

struct ClusterReportReply {
  std::string cluster;
  HistoryMark history;
  bool safe_mode = false;  // by hand
  bool read_only = false;  // older history
  bool accepts_writes = false;
  std::string why_not;  // one line when it accepts none
  std::uint32_t default_replication = 0;
  std::uint64_t default_block_size = 0;
  ContentSummary content;
  std::uint64_t pending_files = 0;
  std::uint64_t repairs_waiting = 0;
  std::uint64_t repairs_running = 0;
  std::vector<NodeReport> nodes;
  std::vector<std::string> notes;  // what the operator should know, one line each

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("cluster", self.cluster);
    visit("history", self.history);
    visit("safe_mode", self.safe_mode);
    visit("read_only", self.read_only);
    visit("accepts_writes", self.accepts_writes);
    visit("why_not", self.why_not);
    visit("default_replication", self.default_replication);
    visit("default_block_size", self.default_block_size);
    visit("content", self.content);
    visit("pending_files", self.pending_files);
    visit("repairs_waiting", self.repairs_waiting);
    visit("repairs_running", self.repairs_running);
    visit("nodes", self.nodes);
    visit("notes", self.notes);
  }
  friend bool operator==(const ClusterReportReply&, const ClusterReportReply&) = default;
};

struct ClusterReport {
  static constexpr std::string_view kMethod = "admin/report";
  static constexpr bool kMutates = false;
  using Reply = ClusterReportReply;

  template <class Self, class V>
  static void fields(Self& /*self*/, V&& /*visit*/) {}
  friend bool operator==(const ClusterReport&, const ClusterReport&) = default;
};

// The health of one file's blocks.
struct FileHealth {
  std::string path;
  InodeId inode;
  std::uint64_t blocks = 0;
  std::uint64_t under_replicated = 0;  // fewer good live copies than asked for, at least one
  std::uint64_t corrupt = 0;           // copies exist, none of them good
  std::uint64_t missing = 0;           // no copy on any live node
  std::uint64_t rotten_replicas = 0;   // replicas known to be corrupt

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("path", self.path);
    visit("inode", self.inode);
    visit("blocks", self.blocks);
    visit("under_replicated", self.under_replicated);
    visit("corrupt", self.corrupt);
    visit("missing", self.missing);
    visit("rotten_replicas", self.rotten_replicas);
  }
  friend bool operator==(const FileHealth&, const FileHealth&) = default;
};

struct FsckReply {
  std::vector<FileHealth> unhealthy;  // of this page
  std::uint64_t files = 0;            // looked at on this page
  std::uint64_t blocks = 0;
  std::string next;  // opaque cursor; "" at the end

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("unhealthy", self.unhealthy);
    visit("files", self.files);
    visit("blocks", self.blocks);
    visit("next", self.next);
  }
  friend bool operator==(const FsckReply&, const FsckReply&) = default;
};

// One page of the check of a subtree, in depth-first order; never more than 2,000 rows a step.
struct Fsck {
  static constexpr std::string_view kMethod = "admin/fsck";
  static constexpr bool kMutates = false;
  using Reply = FsckReply;
  std::string path;
  std::string cursor;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("path", self.path);
    visit("cursor", self.cursor);
  }
  friend bool operator==(const Fsck&, const Fsck&) = default;
};

struct ScrubReply {
  std::uint64_t ordered = 0;  // replicas that will be verified now
  std::uint64_t waiting = 0;  // of earlier scrubs, not done yet
  std::string next;           // opaque cursor; "" at the end

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("ordered", self.ordered);
    visit("waiting", self.waiting);
    visit("next", self.next);
  }
  friend bool operator==(const ScrubReply&, const ScrubReply&) = default;
};

// Has every replica of the blocks under `path` verified now instead of in the scrubber's own time.
struct Scrub {
  static constexpr std::string_view kMethod = "admin/scrub";
  static constexpr bool kMutates = false;
  using Reply = ScrubReply;
  std::string path;
  std::string cursor;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("path", self.path);
    visit("cursor", self.cursor);
  }
  friend bool operator==(const Scrub&, const Scrub&) = default;
};

struct SafeModeReply {
  bool on = false;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("on", self.on);
  }
  friend bool operator==(const SafeModeReply&, const SafeModeReply&) = default;
};

// Safe mode by hand: durable, refuses every mutation, ends only on request.
struct SafeMode {
  static constexpr std::string_view kMethod = "admin/safemode";
  static constexpr bool kMutates = false;  // setting it twice is setting it once
  using Reply = SafeModeReply;
  std::string action;  // "get", "enter" or "leave"

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("action", self.action);
  }
  friend bool operator==(const SafeMode&, const SafeMode&) = default;
};

// Takes a DataNode out of service for good: once the report says decommissioned, every block has
// its copies without it. `node`: its number, its host:port or its host, as the report shows them.
struct Decommission {
  static constexpr std::string_view kMethod = "admin/decommission";
  static constexpr bool kMutates = false;  // asking twice is asking once
  using Reply = NodeReport;
  std::string node;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("node", self.node);
  }
  friend bool operator==(const Decommission&, const Decommission&) = default;
};

// Takes that back: the DataNode is in service with all that it holds.
struct Recommission {
  static constexpr std::string_view kMethod = "admin/recommission";
  static constexpr bool kMutates = false;
  using Reply = NodeReport;
  std::string node;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("node", self.node);
  }
  friend bool operator==(const Recommission&, const Recommission&) = default;
};

// The operator accepts that this NameNode's older history is the true one: raises the epoch.
struct AcceptHistory {
  static constexpr std::string_view kMethod = "admin/accept_history";
  static constexpr bool kMutates = false;  // raising it is idempotent while nothing is behind
  using Reply = Empty;

  template <class Self, class V>
  static void fields(Self& /*self*/, V&& /*visit*/) {}
  friend bool operator==(const AcceptHistory&, const AcceptHistory&) = default;
};

}  // namespace dfs::wire
