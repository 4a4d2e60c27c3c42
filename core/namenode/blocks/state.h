// Everything that the NameNode knows of DataNodes and replicas, for the functions that work on it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "core/namenode/blocks/agenda.h"
#include "core/namenode/blocks/ledger.h"
#include "core/namenode/blocks/node_table.h"
#include "core/namenode/blocks/order_book.h"
#include "core/namenode/blocks/running_clock.h"

namespace dfs::namenode {

// A client's word that a node stored a block, until the node says so itself or the time is over.
struct Claim {
  Instant until;  // running time
  BlockId block;
  NodeId node;
};

// An excess copy that is to go once its survivors have answered for themselves.
struct Removal {
  NodeId victim;
  Instant since;                        // running time
  std::map<NodeId, Instant> confirmed;  // running time of each survivor's word
  std::map<NodeId, Instant> asked;      // … of the last question to it
};

// A block that could not be mended at once.
struct Trouble {
  std::uint32_t failures = 0;                 // of copies, one after the other …
  std::map<NodeId, std::uint32_t> failed_on;  // … and how many of them were each target's
  std::uint32_t stuck = 0;    // attempts for which there was nobody, one after the other
  Instant not_before;         // running time of the next attempt
  std::uint64_t changes = 0;  // Soft::changes at the last one: when nodes came or went, try again
  Instant search_again;       // … of the next look for somebody to search its quarantine …
  Instant search_ends;        // … in this search, which asks everybody once; and its end
  std::set<NodeId> searched;  // who was asked, while somebody could not be
};

// Blocks that want copies: the fewer good ones a block has, the sooner.
struct RepairQueue {
  std::set<std::pair<std::uint32_t, BlockId>> waiting;
  std::map<BlockId, std::uint32_t> priority_of;
  // Every other pass begins with the scarcest; those between go on from where the last one of them
  // stopped, or nobody would come past many blocks whose nodes are all busy.
  bool goes_on = true;
  std::pair<std::uint32_t, BlockId> looked_at;

  void want(BlockId block, std::uint32_t priority);
  void done(BlockId block);
};

// After a large part of the cluster vanished at once: nothing is copied until then.
struct MassLoss {
  std::deque<std::pair<Instant, NodeId>> deaths;  // recent ones, by running time
  std::set<NodeId> lost;                          // nodes whose return is waited for
  std::size_t of = 0;                             // nodes that were there before
  Instant wait_until;                             // running time
};

// Replicas to be read whole by their nodes: the doubted ones of a node first.
class VerifyQueue {
 public:
  void want(NodeId node, BlockId block, bool doubted);
  void done(NodeId node, BlockId block);
  // The next one of the node; removes it.
  [[nodiscard]] std::optional<BlockId> take(NodeId node);
  void drop(NodeId node);
  [[nodiscard]] std::size_t size() const { return wanted_.size(); }

 private:
  std::set<std::tuple<NodeId, bool, BlockId>> wanted_;  // (node, not doubted, block)
};

// Nodes of which every block is to be looked at, bucket by bucket. One that comes and goes waits
// once, not once for each time: the others come to their turn.
class ScanQueue {
 public:
  void want(NodeId node);
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  // The next bucket of the first one; removes it. Precondition: not empty.
  [[nodiscard]] std::pair<NodeId, std::uint64_t> take();

 private:
  std::deque<NodeId> waiting_;
  std::uint64_t next_ = 0;  // bucket of the first one
};

// What nodes failed to do with a replica (delete it, give it back, read it), so that they are not
// asked again and again.
class Refusals {
 public:
  static constexpr Duration kHold = seconds(30);

  void add(BlockId block, NodeId node, Instant running);
  [[nodiscard]] bool hold(BlockId block, NodeId node) const {
    return holding_.contains({block, node});
  }
  void advance(Instant running);

 private:
  std::set<std::pair<BlockId, NodeId>> holding_;
  std::deque<std::pair<Instant, std::pair<BlockId, NodeId>>> until_;
};

// Replicas that were replaced where they are. One that asks for it again and again lies on a disk
// that takes copies and does not give them back: each time it waits twice as long.
class Renewals {
 public:
  static constexpr Duration kFirstHold = seconds(30);
  static constexpr Duration kLongestHold = days(1);

  void add(BlockId block, NodeId node, Instant running);
  [[nodiscard]] bool hold(BlockId block, NodeId node, Instant running) const;
  // Forgets those that have not been renewed for long.
  void advance(Instant running);

 private:
  struct Renewal {
    std::uint32_t times = 0;
    Instant last;  // running time
  };
  std::map<std::pair<BlockId, NodeId>, Renewal> renewals_;
  std::deque<std::pair<Instant, std::pair<BlockId, NodeId>>> by_time_;
};

// Where the walk over all blocks is.
struct Sweep {
  enum class Phase { kIdle, kStored, kReplicas };
  Phase phase = Phase::kIdle;
  bool fast = true;    // this pass
  bool again = false;  // something happened that wants another pass, fast
  Instant next_pass;   // running time
  BlockId after;       // kStored, and within a bucket
  NodeId node;         // kReplicas
  std::uint64_t bucket = 0;
};

// What a walk past all blocks finds of a node that leaves.
struct Departure {
  bool judged = false;                // by a walk that began after it was asked to leave
  std::uint64_t waiting = 0;          // blocks that it holds and that have too few copies elsewhere
  std::uint64_t being_written = 0;    // blocks given to writers while it could be chosen for them
  std::uint64_t short_of_copies = 0;  // blocks with too few copies, whoever has held them
};

// Who leaves, and how far that has come (decommission.h).
struct Departures {
  std::map<NodeId, Departure> found;     // by the last whole walk
  std::map<NodeId, Departure> counting;  // by the one that is under way
  std::uint32_t in_service = 0;          // nodes, when that began
  std::uint64_t short_of_copies = 0;
  bool valid = false;  // it has missed nothing
};

struct Soft {
  // 2^32 order numbers for each start, below 2^53 (JSON).
  Soft(const Config& configuration, Store& its_store, Random its_seed)
      : config(configuration),
        store(its_store),
        seed(its_seed),
        orders((its_seed.fork("orders").next() >> 44 << 32) + 1),
        agenda(configuration.noted_blocks) {}

  Config config;
  Store& store;
  Random seed;
  RunningClock clock;
  Instant started;  // monotonic
  NodeTable nodes;
  OrderBook orders;
  Agenda agenda;
  Ledger ledger;
  wire::HistoryMark newest;  // that a DataNode has told of

  std::deque<Claim> claims;  // by time
  VerifyQueue verify;
  Refusals refusals;
  Refusals unread;
  Renewals renewals;
  // When a node first asked to purge a replica from its quarantine (second()). Forgotten as soon as
  // that may be another one: when one is ordered there or what the node holds of the block changes.
  std::map<std::pair<BlockId, NodeId>, std::uint32_t> purge_wishes;
  std::map<BlockId, Removal> removals;
  std::map<BlockId, Trouble> troubles;
  std::set<BlockId> strangers;  // replicas beyond our history: kept, and told of (bounded)
  RepairQueue repairs;
  MassLoss mass_loss;
  Sweep sweep;
  Departures departures;
  ScanQueue scans;
  std::uint64_t placements = 0;
  std::uint64_t changes = 0;  // DataNodes that came, left or died so far

  [[nodiscard]] Instant running() const { return clock.now(); }
  // Copies of the block that have failed with the node as their target, since it had all it wants.
  [[nodiscard]] std::uint32_t failures_on(BlockId block, NodeId node) const;
  // Seconds of monotonic time, from 1: when a replica was last known to be whole.
  [[nodiscard]] std::uint32_t second(Now now) const;
  // The store's history is older than one that a DataNode has seen.
  [[nodiscard]] bool behind() const;
  [[nodiscard]] wire::HistoryMark history() const;
};

}  // namespace dfs::namenode
