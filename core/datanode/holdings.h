// What the DataNode has, and the news of it that the NameNode has not been told yet.
//
// Every change of what is here goes through this class, so that the index and what is reported
// cannot disagree.
#pragma once

#include <algorithm>
#include <set>
#include <vector>

#include "core/datanode/change_queue.h"
#include "core/datanode/limits.h"
#include "core/datanode/quarantine_index.h"
#include "core/datanode/replica_index.h"
#include "core/datanode/spares.h"
#include "core/datanode/unreadable.h"

namespace dfs::datanode {

class Holdings {
 public:
  Holdings(Duration scrub_period, Duration unreadable_period, const Limits& limits)
      : scrub_period_(scrub_period),
        unreadable_period_(unreadable_period),
        flags_at_once_(std::min(limits.in_message, limits.changes)),
        changes_(limits.changes) {}

  void load(const std::vector<FoundReplica>& found, Now now);

  // Published. What it replaced on that volume is in quarantine; one on another is a spare now. A
  // copy or a restore may have replaced other content. Precondition: the volume has not failed.
  void stored(const wire::BlockInfo& info, VolumeId volume, Now now);
  void verified(IndexEntry& entry, Now now);
  void rotten(IndexEntry& entry, Now now);
  // It could not be read, which says nothing about whether it is there (V3).
  void unread(IndexEntry& entry, Now now);
  // What could not be read at the start was read again, as what the NameNode says that it is. Where
  // it is not that, it is looked at: rot or other content, its sidecar tells.
  void read_again(const wire::BlockInfo& info, VolumeId volume, const Status& status, Now now);
  // A look at one that could not be read at the start. What is known now is verified, and the
  // NameNode hears of it by that.
  void sidecar_read(const ReadSidecar& what, const Result<wire::BlockInfo>& found);
  // Somebody doubts it: it will be verified before anything else is.
  void suspect(BlockId block);
  void moved_to_quarantine(BlockId block, Now now);
  // The same of one that could not be read at the start.
  void unreadable_moved(const wire::BlockInfo& info, VolumeId volume, Now now);
  // … and a spare takes its place, if there is one.
  void proven_absent(BlockId block);
  // Nothing of it is here from now on: whoever hears later of something that was done on it says
  // nothing of that here.
  void volume_failed(VolumeId volume);
  [[nodiscard]] bool failed(VolumeId volume) const { return failed_.contains(volume); }
  [[nodiscard]] std::uint32_t failed_volumes() const {
    return static_cast<std::uint32_t>(failed_.size());
  }

  // The replica to verify next: one under suspicion, or the one whose scrub is due.
  [[nodiscard]] BlockId next_to_verify(Now now) const;
  void verification_begins(BlockId block, Now now);

  // One that could not be read at the start and is to be looked at now.
  [[nodiscard]] std::optional<ReadSidecar> next_unreadable(Now now) {
    return unreadable_.next(now.mono, unreadable_period_);
  }

  // A spare that may go to quarantine: the replica that counts is sound, or the spare is not.
  [[nodiscard]] std::optional<Spare> next_spare(Now now);
  // A spare of the block, whatever its state: the block's last replica is about to leave current/.
  [[nodiscard]] const Spare* spare_in_the_way(BlockId block) const { return spares_.of(block); }
  // A move to quarantine from that volume has ended. False if no spare was there.
  bool spare_done(BlockId block, VolumeId volume, const Status& status, Now now);

  // News.
  [[nodiscard]] ChangeQueue& changes() { return changes_; }
  [[nodiscard]] const ChangeQueue& changes() const { return changes_; }
  // After a registration, or when news was lost: says again what a full report does not carry.
  void tell_flags_again();
  // Puts more of them into an empty queue; true when all have been said.
  bool flags_told();
  // True once after something that only a full report can say: news was lost, or a replica that
  // cannot be read is the block's only one here, or is gone and nobody knows what it was.
  [[nodiscard]] bool take_lost();

  [[nodiscard]] ReplicaIndex& index() { return index_; }
  [[nodiscard]] const Unreadable& unreadable() const { return unreadable_; }
  [[nodiscard]] QuarantineIndex& quarantine() { return quarantine_; }
  [[nodiscard]] const QuarantineIndex& quarantine() const { return quarantine_; }

 private:
  void tell(wire::ReplicaEvent event, const wire::BlockInfo& replica);
  // Found in current/: it counts, unless another one does.
  void take_in(const wire::BlockInfo& info, VolumeId volume, Instant scrub_due);
  // It is gone from that volume; one that cannot be read may be left on another.
  void unreadable_gone(const wire::BlockInfo& info, VolumeId volume);
  void tell_gone(const wire::BlockInfo& info);
  // The spare counts from now on; what it replaces is not in current/ or a spare by now.
  void promote(Spare spare, const wire::BlockInfo& instead_of);

  Duration scrub_period_;
  Duration unreadable_period_;
  ReplicaIndex index_;
  QuarantineIndex quarantine_;
  Spares spares_;
  Unreadable unreadable_;
  std::size_t flags_at_once_;
  ChangeQueue changes_;
  std::set<BlockId> suspects_;
  std::set<VolumeId> failed_;
  BlockId flags_told_to_{UINT64_MAX};
  bool lost_ = false;
};

}  // namespace dfs::datanode
