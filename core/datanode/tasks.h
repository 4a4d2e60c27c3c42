// What the DataNode was told to do, and is doing.
//
// Orders wait until their block is free and there is room for their kind; what each of them needs
// is decided when it begins, from what is here then. One task a block at a time. An order that
// comes twice is carried out once and answered as often as it comes.
//
// The NameNode has one order of a kind for a replica at a time. One that takes us too long it gives
// anew, under another number: that one takes the place of the one that waits, and a verification
// answers the one that came while it was going on. So a slow disk is behind, and not ever more so.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "core/datanode/holdings.h"
#include "core/datanode/limits.h"

namespace dfs::datanode {

class Tasks {
 public:
  Tasks(Holdings& holdings, std::uint32_t parallel, const Limits& limits)
      : holdings_(holdings), parallel_(parallel), limits_(limits) {}

  // Which node this is: a copy that names it as a source repairs in place.
  void set_self(NodeId self) { self_ = self; }
  // A new registration: orders of before are not carried out any more, and answers to them are not
  // given, since their numbers may mean something else now.
  void new_session();

  void take(const wire::Order& order);
  void refuse(const wire::Order& order, Status why);
  // Starts what can be started, scrubbing included.
  void pump(Now now, EffectList& effects);
  void sidecar_read(const ReadSidecar& what, const Result<wire::BlockInfo>& found);
  void done(TaskId task, const Status& status, VolumeId volume, Now now);

  // A verification of it is going on.
  [[nodiscard]] bool verifies(BlockId block) const;

  [[nodiscard]] bool has_results() const { return !results_.empty(); }
  // The first ones, which stay until results_answered(). What was done for an order is told of
  // before its result, or the NameNode would order it again: only those of which all changes have
  // been sent.
  [[nodiscard]] std::vector<wire::OrderResult> send_results(std::size_t limit);
  void results_answered();

 private:
  struct Running {
    wire::OrderKind kind;   // what is done for it
    wire::Order order;      // order.order 0: our own idea
    std::uint64_t version;  // of the replica when it began; 0: none
    std::uint64_t session;
    VolumeId volume;
  };
  using Queue = std::deque<wire::Order>;

  void pump_spares(Now now, EffectList& effects);
  void pump_unreadable(Now now, EffectList& effects);
  bool spare_goes_first(const wire::Order& order, Now now, EffectList& effects);
  void pump_queue(Queue& queue, Now now, EffectList& effects);
  // The order of that kind for that very replica which waits, or the end of its queue.
  [[nodiscard]] Queue::iterator waiting(wire::OrderKind kind, const wire::BlockInfo& replica);
  [[nodiscard]] Queue& queue_of(wire::OrderKind kind) {
    return kind == wire::OrderKind::kVerify ? verifications_ : work_;
  }
  void begin(const wire::Order& order, EffectList& effects);
  void begin_restore(const wire::Order& order, EffectList& effects);
  void begin_copy(const wire::Order& order, EffectList& effects);
  void start(wire::OrderKind kind, const wire::Order& order, VolumeId volume, EffectList& effects);
  void settle(const wire::Order& order, Status status);
  void tell(const wire::Order& order, Status status);
  // That replica is not known here, which says nothing where one could not be read (V3).
  [[nodiscard]] Status not_here(BlockId block) const;
  void confirm(const wire::Order& order);
  [[nodiscard]] bool room_for(bool verification) const;

  // The task has ended on a volume that is in service.
  void ended(const Running& task, const Status& status, VolumeId volume, Now now);
  void verify_done(const Running& task, const Status& status, Now now);
  void copy_done(const Running& task, const Status& status, VolumeId volume, Now now);
  void quarantine_done(const Running& task, const Status& status, Now now);
  void restore_done(const Running& task, const Status& status, Now now);

  Holdings& holdings_;
  std::uint32_t parallel_;
  Limits limits_;
  NodeId self_;
  std::uint64_t session_ = 0;  // counts registrations
  TaskId next_task_ = 1;
  Queue work_;                    // copies, quarantine, restores, purges
  Queue verifications_;           // which wait for nothing else and hold nothing else up
  std::set<std::uint64_t> open_;  // orders of this session, waiting or running
  std::map<std::uint64_t, Status> finished_;  // the latest orders of this session
  std::deque<std::uint64_t> finished_order_;
  std::map<TaskId, Running> running_;
  std::set<BlockId> busy_;
  std::uint32_t verifying_ = 0;
  bool reading_sidecar_ = false;
  std::deque<std::pair<wire::OrderResult, std::uint64_t>> results_;  // and the changes before each
  std::size_t sent_ = 0;
};

}  // namespace dfs::datanode
