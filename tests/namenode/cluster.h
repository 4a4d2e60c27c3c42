// A small cluster language for scenarios of Blocks: a store, a NameNode's soft state, and DataNodes
// that keep their replicas in a map, heartbeat, report, and do what they are told.
//
//   Cluster cluster(4);
//   const BlockId block = cluster.write({1, 2, 3});
//   cluster.kill(2);
//   cluster.run(seconds(60));
//   EXPECT_EQ(cluster.good(block), 3u);
//
// DataNodes are numbered from 1, as their NodeIds. Time passes only in run() and tick().
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/sqlite/store.h"
#include "core/namenode/blocks.h"

namespace dfs::namenode {

// A replica on a pretended disk. Each number in `rot` is a granule that does not match.
struct DiskReplica {
  wire::BlockInfo info;
  std::set<int> rot;
};

struct PretendedNode {
  NodeId id;
  std::string rack = "/r";
  std::string host;
  std::string address;  // of the machine that its disks are in
  std::string incarnation = "one";
  bool up = true;           // false: the process is dead
  bool reachable = true;    // false: nothing of it reaches the NameNode
  bool obedient = true;     // false: it takes orders and does nothing
  bool reports = true;      // false: it does not report, whatever the NameNode says
  bool unreadable = false;  // its reads fail with an I/O error
  Status stubborn;          // how its quarantine fails
  bool forgetful = false;   // what it finds missing it does not tell of
  bool registered = false;
  bool reporting = false;
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;
  wire::HistoryMark seen;
  wire::NodeStats stats;
  std::map<BlockId, DiskReplica> replicas;
  std::map<BlockId, DiskReplica> quarantine;
  std::vector<wire::ReplicaChange> changes;
  std::vector<wire::OrderResult> results;
  std::vector<wire::BlockInfo> purge_wanted;
  std::vector<wire::Order> taken;  // every order that it ever got
};

class Cluster {
 public:
  // Nodes 1 … `nodes`, each on a host of its own, on these racks in turn; registered and reported
  // unless `silent`.
  explicit Cluster(std::uint64_t nodes, std::vector<std::string> racks = {"/r"},
                   bool silent = false);

  // What clients do, with its effects on the store. A block's length and CRC follow from its id.
  BlockId allocate(std::uint32_t replication = 3);
  void store_on(BlockId block, std::uint64_t node);  // the node will tell of it
  void commit(BlockId block, const std::vector<std::uint64_t>& stored_on);
  BlockId write(const std::vector<std::uint64_t>& nodes, std::uint32_t replication = 3);
  void set_replication(BlockId block, std::uint32_t replication);
  void free(BlockId block);
  void forget(BlockId block);  // its row goes
  void doubt(BlockId block, std::uint64_t node);
  void decommission(std::uint64_t node) { set_leaving(node, true); }
  void recommission(std::uint64_t node) { set_leaving(node, false); }

  // What happens to machines.
  void kill(std::uint64_t node) { at(node).up = false; }
  void start(std::uint64_t node);  // as a new process
  void cut_off(std::uint64_t node) { at(node).reachable = false; }
  void reconnect(std::uint64_t node) { at(node).reachable = true; }
  void rot(BlockId block, std::uint64_t node, int granule = 0);  // nobody knows yet
  void find_rot(BlockId block, std::uint64_t node);              // its scrubber does
  void restart_namenode();
  void disobey(const std::vector<std::uint64_t>& nodes) { set_obedient(nodes, false); }
  void obey(const std::vector<std::uint64_t>& nodes) { set_obedient(nodes, true); }
  void suspend(Duration gap);  // the NameNode does not run

  // Lets time pass: ticks every 100 ms, heartbeats every second, orders carried out at once.
  void run(Duration time);
  // The same without a word from any DataNode.
  void tick(Duration time);

  // Single messages, for tests of their order and repetition.
  void join(std::uint64_t node);
  wire::Reply heartbeat(std::uint64_t node);
  void report(std::uint64_t node);
  wire::SessionMark next_mark(std::uint64_t node);
  wire::Heartbeat heartbeat_of(std::uint64_t node);
  wire::ReportDigests digests_of(std::uint64_t node);
  std::vector<wire::ReportPiece> pieces_of(std::uint64_t node,
                                           const std::vector<std::uint64_t>& wanted);
  wire::Reply send(const wire::Heartbeat& message);
  wire::Reply send(const wire::ReportDigests& message);
  wire::Reply send(const wire::ReportPiece& message);

  // What there is.
  PretendedNode& at(std::uint64_t node) { return nodes_.at(NodeId{node}); }
  Blocks& blocks() { return *blocks_; }
  sqlite::SqliteStore& store() { return store_; }
  Config& config() { return config_; }  // takes effect at the next restart_namenode()
  [[nodiscard]] Now now() const { return now_; }
  [[nodiscard]] static wire::BlockInfo info(BlockId block);
  [[nodiscard]] std::vector<std::uint64_t> holders(
      BlockId block) const;                               // published, rotten or not
  [[nodiscard]] std::uint32_t good(BlockId block) const;  // on the disks of nodes that are up
  [[nodiscard]] BlockHealth health(BlockId block);
  [[nodiscard]] std::vector<std::uint64_t> located(BlockId block);
  [[nodiscard]] std::vector<wire::Order> orders(std::uint64_t node, wire::OrderKind kind) const;
  [[nodiscard]] std::size_t orders_of(wire::OrderKind kind) const;  // ever given to anybody
  [[nodiscard]] wire::ClusterReportReply describe();

 private:
  wire::Reply hear(PretendedNode& node, const wire::Reply& reply);
  void carry_out(PretendedNode& node, const wire::Order& order);
  Status quarantine(PretendedNode& node, const wire::Order& order);
  Status restore(PretendedNode& node, const wire::Order& order);
  Status verify(PretendedNode& node, const wire::Order& order);
  Status copy(PretendedNode& node, const wire::Order& order);
  void set_leaving(std::uint64_t node, bool leaves);
  void set_obedient(const std::vector<std::uint64_t>& nodes, bool obedient);
  void apply(const Command& command, const Effects& effects);
  void end_round();

  Config config_;
  sqlite::SqliteStore store_;
  std::unique_ptr<Blocks> blocks_;
  std::map<NodeId, PretendedNode> nodes_;
  Now now_{Instant{1'000'000}, WallTime{1'000}};
  std::uint64_t starts_ = 0;
};

}  // namespace dfs::namenode
