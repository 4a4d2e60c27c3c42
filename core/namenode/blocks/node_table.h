// The DataNodes: who is alive, in which session, how far its full report has come.
//
// A session is one registration. Its messages are numbered 1, 2, 3 … without a gap; the last one,
// repeated, gets the same answer and does nothing again, not even prove that the node is alive: who
// only repeats itself does not hear us, and obeys nothing. All others are stale, as are messages of
// another session and of a node that was declared dead (it must register and report first).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/namenode/blocks/replica_map.h"
#include "core/namenode/blocks/running_clock.h"
#include "core/namenode/namenode.h"
#include "core/namenode/store.h"
#include "core/wire/requests.h"

namespace dfs::namenode {

// A full report that has begun: the buckets asked for, and up to which id each has been told.
struct ReportProgress {
  bool begun = false;
  std::map<std::uint64_t, BlockId> told;  // wanted buckets
};

struct Node {
  DataNodeRow row;
  wire::NodeState state = wire::NodeState::kSuspect;
  std::uint64_t session = 0;         // 0: none; it must register
  std::string incarnation;           // of its process, at the last registration
  bool incarnation_changed = false;  // since its last full report
  std::deque<std::string> replaced;  // incarnations before this one, the last few
  std::uint64_t sequence = 0;        // of its last message
  std::size_t message_kind = 0;      // which message that was
  wire::Reply answer;                // to it
  Instant heard;                     // running time of it; a repeated one does not count
  bool hears = true;                 // a message has followed its last registration
  bool returns = false;              // it has registered after its death, and does not hear yet
  bool reported = false;             // in full, in this session
  bool ever_reported = false;        // in full, since this NameNode started
  Instant no_news_before;            // running time: its return says nothing new until then
  ReportProgress report;
  bool contradicted = false;  // it denied what the map says of it: a full report must tell
  wire::NodeStats stats;
  bool measured = false;            // stats are a heartbeat's
  std::uint64_t chosen_before = 0;  // blocks sent there in the heartbeat interval before this one
  std::uint64_t chosen_now = 0;     // … and in this one
  // Of a node that leaves: the first block that was not placed while it still could be chosen.
  BlockId leaves_before;
  ReplicaMap replicas;

  [[nodiscard]] bool alive() const { return state != wire::NodeState::kDead; }
  // An operator has taken it out of service: what it holds is read and copied, but does not count.
  [[nodiscard]] bool leaving() const { return row.decommissioned; }
  // Does what it is told: live and registered.
  [[nodiscard]] bool obeys() const { return state == wire::NodeState::kLive && session != 0; }
  // Fit to get something new: that, and staying.
  [[nodiscard]] bool usable() const { return obeys() && !leaving(); }
  // For a block of this length. A node that has not measured its disks yet gets the benefit of the
  // doubt. HDFS-8863: one volume must have the room, not their sum.
  [[nodiscard]] bool has_room(std::uint64_t length) const;
  [[nodiscard]] wire::NodeAddress address() const {
    return {row.id, row.client_address, row.peer_address};
  }
};

class NodeTable {
 public:
  using Map = std::map<NodeId, Node>;

  void load(Store& store);
  // A new session of the node; what it had is only hearsay until it has reported.
  Node& registered(const wire::Register& request, const wire::RegisterReply& reply,
                   bool decommissioned, Instant running);

  // Judges a message by its mark. nullopt: it is the next one, `node` is set and the caller must
  // answer it and then call answered(). Otherwise the answer to give.
  [[nodiscard]] std::optional<wire::Reply> judge(const wire::SessionMark& mark,
                                                 std::size_t message_kind, Instant running,
                                                 Node*& node);
  static wire::Reply answered(Node& node, const wire::SessionMark& mark, std::size_t message_kind,
                              wire::Reply reply);

  // Live, suspect, dead by silence. Returns who died now.
  [[nodiscard]] std::vector<NodeId> age(const Config& config, Instant running);

  [[nodiscard]] Node* find(NodeId id);
  [[nodiscard]] const Node* find(NodeId id) const;
  [[nodiscard]] Map& all() { return nodes_; }
  [[nodiscard]] const Map& all() const { return nodes_; }
  // Some node that is not dead may have replicas that are known from hints only.
  [[nodiscard]] bool hints_matter() const;

 private:
  Map nodes_;
};

}  // namespace dfs::namenode
