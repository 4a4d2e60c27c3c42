// The inside of the NameNode machine: what its parts share within a step.
//
// rounds.cc carries commands through a round to their commit; plan.cc turns clients' requests into
// commands; background.cc makes the NameNode's own; operator.cc answers operators and DataNodes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/namenode/blocks.h"
#include "core/namenode/blocks/running_clock.h"
#include "core/namenode/leases.h"
#include "core/namenode/namenode.h"

namespace dfs::namenode {

struct NameNode::State {
  State(Config config_in, Store& store_in, Random seed);

  // rounds.cc
  void start(Now now);
  void step(Now now);
  // Applies a command in the round's transaction and tells leases and blocks of it.
  Outcome run(decltype(Command::body) body, Now now);
  // The commit that a reply made now must wait for; 0: none.
  [[nodiscard]] CommitToken must_wait_for() const;
  void flush(EffectList& effects);
  void committed(CommitToken token, EffectList& effects);
  [[nodiscard]] Instant lease_time() const;
  [[nodiscard]] WallTime name_node_time() const;

  // plan.cc
  template <class T>
  requires(requires(const T& request) { request.caller; }) wire::Reply
      answer(const T& request, Now now) {
    return mutate(RequestCommand::Body(request), now);
  }
  wire::Reply mutate(RequestCommand::Body body, Now now);
  // Why mutations are refused as a whole: safe mode, an older history, a full disk.
  [[nodiscard]] Status refusal(bool frees_space) const;
  // The same for data: also when too few DataNodes are there.
  [[nodiscard]] Status refusal_of_writes() const;

  // background.cc
  void background(Now now);
  [[nodiscard]] WallTime oldest_record(WallTime time);
  [[nodiscard]] bool can_forget_records(WallTime time);

  // readers.cc
  wire::Reply answer(const wire::Stat& request, Now now);
  wire::Reply answer(const wire::List& request, Now now);
  wire::Reply answer(const wire::Locate& request, Now now);
  wire::Reply answer(const wire::Summarize& request, Now now);
  wire::Reply answer(const wire::RenewLease& request, Now now);
  wire::Reply answer(const wire::ReportBad& request, Now now);

  // datanodes.cc
  wire::Reply answer(const wire::Register& request, Now now);
  wire::Reply answer(const wire::Heartbeat& request, Now now);
  wire::Reply answer(const wire::ReportDigests& request, Now now);
  wire::Reply answer(const wire::ReportPiece& request, Now now);
  void fall_behind(std::uint64_t epoch, Now now);

  // operators.cc
  wire::Reply answer(const wire::ClusterReport& request, Now now);
  wire::Reply answer(const wire::Fsck& request, Now now);
  wire::Reply answer(const wire::Scrub& request, Now now);
  wire::Reply answer(const wire::SafeMode& request, Now now);
  wire::Reply answer(const wire::Decommission& request, Now now);
  wire::Reply answer(const wire::Recommission& request, Now now);
  wire::Reply answer(const wire::AcceptHistory& request, Now now);

  [[nodiscard]] wire::HistoryMark history() const;

  const Config config;
  Store& store;
  Random random;
  Blocks blocks;
  RunningClock clock;
  Leases leases;
  bool disk_low = false;
  CommandObserver* observer = nullptr;
  Now last_step;
  WallTime time_at_start;  // NameNode time when the running clock stood at 0

  // NameNode time at which the oldest record, or freed block, may be due, as far as was seen: what
  // comes later is younger, so until then the store need not be asked.
  WallTime records_due;
  WallTime freed_due;

  // Rounds.
  CommitToken round = 1;
  bool dirty = false;         // a command was applied in this round
  CommitToken unsettled = 0;  // newest round with commands that was flushed and not committed
  Ship ship;                  // commands of this round
  std::map<CommitToken, Ship> flushed;

 private:
  Result<std::vector<std::vector<wire::NodeAddress>>> choose_targets(
      const RequestCommand::Body& body, Now now);
  void note_history(const wire::HistoryMark& seen, Now now);
  wire::Reply set_service(Result<NodeId> node, bool leave, Now now);
};

}  // namespace dfs::namenode
