// The NameNode's soft state of DataNodes and replicas: who is alive, who holds what, what to
// repair.
//
// Rebuilt from reports after a start, never durable except for the hints in the store. NameNode
// (namenode.h) owns it, applies commands and tells it of their effects; it changes no durable state
// but hints (it opens the round's transaction for them if none is open).
//
// Repair is reconciliation: evaluate(block) compares what a block should have with what it has and
// orders the difference. Events evaluate the blocks that they touch; a background sweep over all
// blocks, a bounded slice a tick, evaluates everything again, so that nothing that was missed or
// lost stays lost (C1).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/namenode/command.h"
#include "core/namenode/namenode.h"
#include "core/wire/requests.h"

namespace dfs::namenode {

class Ledger;  // core/namenode/blocks/ledger.h

struct BlockHealth {
  std::uint32_t wanted = 0;   // replication of the block
  std::uint32_t good = 0;     // matching replicas on nodes that are not dead, leaving or not
  std::uint32_t corrupt = 0;  // known to be rotten, on nodes that are not dead
  std::uint32_t unknown = 0;  // hinted or claimed by a client, not reported yet
};

class Blocks {
 public:
  Blocks(const Config& config, Store& store, Random random);
  ~Blocks();

  // Loads the registry; every node is silent and unreported.
  void start(Now now);

  // kUnavailable where another process of this DataNode is at work elsewhere: to be asked before
  // anything is done for the registration.
  [[nodiscard]] Status may_register(const wire::Register& request);
  // DataNode messages. Register goes through a command first, which numbers the session.
  void registered(const wire::Register& request, const wire::RegisterReply& reply, Now now);
  [[nodiscard]] wire::Reply heartbeat(const wire::Heartbeat& request, Now now);
  [[nodiscard]] wire::Reply report_digests(const wire::ReportDigests& request, Now now);
  [[nodiscard]] wire::Reply report_piece(const wire::ReportPiece& request, Now now);
  // A client's suspicion: has the replicas verified.
  void report_bad(const wire::ReportBad& request, Now now);

  // What an applied command did. For commits the command says who stored (a claim until reported).
  void applied(const Command& command, const Effects& effects, Now now);
  // Liveness, order time-outs, a slice of the sweep.
  void tick(Now now);

  // Targets for a new block, in pipeline order, at most `replication`, on distinct hosts, over
  // several racks where there are several, with room for `block_size` or, when too few have that,
  // for a smaller block; none of `exclude` unless fewer than min(2, replication) are left without
  // it, and then the first ones in it. kNotEnoughDataNodes if fewer than that can be had, kNoSpace
  // if only for want of space.
  [[nodiscard]] Result<std::vector<wire::NodeAddress>> choose_targets(
      std::uint32_t replication, std::uint64_t block_size, const std::vector<NodeId>& exclude,
      Now now);
  // Where to read a block, best first: live and good, then hinted, then suspect; never one known to
  // be corrupt while another is left.
  [[nodiscard]] std::vector<wire::NodeAddress> locations(BlockId block, Now now) const;
  [[nodiscard]] BlockHealth health(const BlockRow& block, Now now) const;
  // Has every replica of the block verified; returns how many were asked for.
  std::uint64_t scrub(BlockId block, Now now);
  [[nodiscard]] std::uint64_t scrubs_waiting() const;

  // Distinct hosts of DataNodes able to take new blocks: for the start-up gate (S1).
  [[nodiscard]] std::uint32_t writable_hosts(Now now) const;
  // The newest history that a DataNode has told of; beyond the store's own, the NameNode is
  // read-only.
  [[nodiscard]] wire::HistoryMark newest_seen() const;
  // The last deletions that were ordered, with their reasons.
  [[nodiscard]] const Ledger& ledger() const;
  // Fills in nodes, repairs_waiting, repairs_running and notes.
  void describe(wire::ClusterReportReply& report, Now now) const;
  [[nodiscard]] wire::NodeReport describe_node(NodeId node, Now now) const;
  // The DataNode that an operator means: by its number, host:port or host.
  [[nodiscard]] Result<NodeId> find_node(const std::string& name) const;
  // … if it can be taken out of service: another one must stay.
  [[nodiscard]] Result<NodeId> may_leave(const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfs::namenode
