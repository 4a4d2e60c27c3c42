#include "core/datanode/holdings.h"

#include <algorithm>

#include "core/base/mutant.h"

namespace dfs::datanode {
namespace {

using wire::ReplicaEvent;

constexpr Duration kReadAgain = seconds(300);  // what could not be read
constexpr std::size_t kSpareLooks = 16;
constexpr Duration kMoveAgain = seconds(5);  // a spare that could not be moved

// When the replica is scrubbed first: at its own fixed phase of wall time, so that restarts neither
// postpone it for ever nor make all replicas due at once. The monotonic clock counts from there.
Instant first_scrub(BlockId block, Duration period, Now now) {
  if (period.us <= 0) return kNever;
  const auto length = static_cast<std::uint64_t>(period.us);
  const std::uint64_t phase = mix(key_of("scrub"), block.value) % length;
  const std::uint64_t at = static_cast<std::uint64_t>(now.wall.ms) * 1000 % length;
  return now.mono + microseconds(static_cast<std::int64_t>((phase + length - at) % length));
}

}  // namespace

void Holdings::take_in(const wire::BlockInfo& info, VolumeId volume, Instant scrub_due) {
  if (index_.find(info.id) == nullptr) {
    index_.put(info, volume, scrub_due);
  } else {
    spares_.add({info, volume, false, {}});
    suspect(info.id);
  }
}

// Volumes are merged (HDFS-13677). Of several replicas the first one counts, until reading tells
// which of them is to stay; but not one that has a name in quarantine too, which had been moved
// there before a power loss undid the unlink, while there is another.
void Holdings::load(const std::vector<FoundReplica>& found, Now now) {
  for (const FoundReplica& replica : found) {
    if (replica.quarantined) quarantine_.add(replica.info, replica.volume, now.mono - replica.age);
    if (replica.unreadable) unreadable_.add(replica.info.id, replica.volume);
  }
  for (const bool came_back : {false, true}) {
    for (const FoundReplica& replica : found) {
      if (replica.quarantined || replica.unreadable) continue;
      if (quarantine_.has(replica.info, replica.volume) != came_back) continue;
      take_in(replica.info, replica.volume, first_scrub(replica.info.id, scrub_period_, now));
    }
  }
  unreadable_.begin_round_at(now.mono + unreadable_period_);
}

void Holdings::stored(const wire::BlockInfo& info, VolumeId volume, Now now) {
  DFS_ASSERT(!failed(volume));
  if (const IndexEntry* old = index_.find(info.id)) {
    if (old->volume == volume) {
      quarantine_.add(old->info, volume, now.mono);
    } else {
      spares_.add({old->info, old->volume, old->corrupt, {}});
    }
    if (old->info != info) tell(ReplicaEvent::kRemoved, old->info);
  }
  if (const Spare* spare = spares_.find(info.id, volume)) {
    quarantine_.add(spare->info, volume, now.mono);
    spares_.erase(info.id, volume);
  }
  suspects_.erase(info.id);
  unreadable_.erase(info.id, volume);  // its names are the new one's
  index_.put(info, volume, first_scrub(info.id, scrub_period_, now));
  tell(ReplicaEvent::kStored, info);
}

void Holdings::verified(IndexEntry& entry, Now now) {
  index_.set_corrupt(entry, false);
  index_.set_doubtful(entry, false);
  index_.set_scrub_due(entry, scrub_period_.us > 0 ? now.mono + scrub_period_ : kNever);
  tell(ReplicaEvent::kVerified, entry.info);
}

void Holdings::rotten(IndexEntry& entry, Now now) {
  if (const Spare* spare = spares_.of(entry.info.id); spare != nullptr && !spare->rotten) {
    const Spare sound = *spare;
    const Spare bad{entry.info, entry.volume, true, {}};
    promote(sound, bad.info);
    spares_.add(bad);
    return;
  }
  index_.set_corrupt(entry, true);
  index_.set_doubtful(entry, false);
  index_.set_scrub_due(entry, scrub_period_.us > 0 ? now.mono + scrub_period_ : kNever);
  tell(ReplicaEvent::kCorrupt, entry.info);
}

void Holdings::unread(IndexEntry& entry, Now now) {
  if (mutated(Mutant::kV3ErrorMeansAbsent)) {
    proven_absent(entry.info.id);
    return;
  }
  index_.set_doubtful(entry, true);
  index_.set_scrub_due(entry, now.mono + kReadAgain);
  tell(ReplicaEvent::kUnread, entry.info);
}

void Holdings::read_again(const wire::BlockInfo& info, VolumeId volume, const Status& status,
                          Now now) {
  if (status.code() == Code::kNotFound) return unreadable_gone(info, volume);
  if (status.code() == Code::kCorrupt) unreadable_.look_at(info.id, volume);
  // Until the look has told, too: nobody may take it for a good one meanwhile.
  if (!status.ok()) return tell(ReplicaEvent::kUnread, info);
  unreadable_.erase(info.id, volume);
  verified(index_.put(info, volume, kNever), now);
}

void Holdings::sidecar_read(const ReadSidecar& what, const Result<wire::BlockInfo>& found) {
  if (!unreadable_.has(what.block, what.volume)) return;  // replaced, or gone with its volume
  if (!found.ok() && found.status().code() != Code::kNotFound) return;
  unreadable_.erase(what.block, what.volume);
  if (found.ok()) {
    take_in(*found, what.volume, kNever);
    suspect(what.block);
  } else {
    lost_ = true;
  }
}

void Holdings::suspect(BlockId block) {
  IndexEntry* entry = index_.find(block);
  if (entry == nullptr) return;
  index_.set_doubtful(*entry, true);
  suspects_.insert(block);
}

void Holdings::moved_to_quarantine(BlockId block, Now now) {
  const IndexEntry* entry = index_.find(block);
  DFS_ASSERT(entry != nullptr);
  quarantine_.add(entry->info, entry->volume, now.mono);
  proven_absent(block);
}

void Holdings::unreadable_moved(const wire::BlockInfo& info, VolumeId volume, Now now) {
  quarantine_.add(info, volume, now.mono);
  unreadable_gone(info, volume);
}

void Holdings::unreadable_gone(const wire::BlockInfo& info, VolumeId volume) {
  unreadable_.erase(info.id, volume);
  tell_gone(info);
}

void Holdings::proven_absent(BlockId block) {
  const IndexEntry* entry = index_.find(block);
  DFS_ASSERT(entry != nullptr);
  const wire::BlockInfo info = entry->info;
  if (const Spare* spare = spares_.of(block)) {
    promote(*spare, info);
    return;
  }
  suspects_.erase(block);
  index_.erase(block);
  tell_gone(info);
}

// What another volume has and cannot read may be the same.
void Holdings::tell_gone(const wire::BlockInfo& info) {
  const bool another = unreadable_.find(info.id).has_value();
  tell(another ? ReplicaEvent::kUnread : ReplicaEvent::kRemoved, info);
  if (another) lost_ = true;
}

void Holdings::volume_failed(VolumeId volume) {
  if (!failed_.insert(volume).second) return;
  spares_.erase_volume(volume);
  if (unreadable_.erase_volume(volume)) lost_ = true;
  for (const BlockId block : index_.on_volume(volume)) proven_absent(block);
  quarantine_.erase_volume(volume);
}

void Holdings::promote(Spare spare, const wire::BlockInfo& instead_of) {
  const BlockId block = spare.info.id;
  spares_.erase(block, spare.volume);
  index_.put(spare.info, spare.volume, kNever);
  if (spare.info != instead_of) {
    tell(ReplicaEvent::kRemoved, instead_of);
    tell(ReplicaEvent::kStored, spare.info);
  }
  suspect(block);
}

std::optional<Spare> Holdings::next_spare(Now now) {
  for (std::size_t looks = std::min(spares_.size(), kSpareLooks); looks > 0; --looks) {
    const Spare* spare = spares_.next();
    const IndexEntry* entry = index_.find(spare->info.id);
    if (entry->doubtful || (entry->corrupt && !spare->rotten)) continue;
    if (spare->not_before <= now.mono) return *spare;
  }
  return std::nullopt;
}

bool Holdings::spare_done(BlockId block, VolumeId volume, const Status& status, Now now) {
  Spare* spare = spares_.find(block, volume);
  if (spare == nullptr) return false;
  if (!status.ok() && status.code() != Code::kNotFound) {
    spare->not_before = now.mono + kMoveAgain;
    return true;
  }
  if (status.ok()) quarantine_.add(spare->info, volume, now.mono);
  spares_.erase(block, volume);
  return true;
}

BlockId Holdings::next_to_verify(Now now) const {
  if (!suspects_.empty()) return *suspects_.begin();
  const auto [due, block] = index_.next_scrub();
  return due <= now.mono ? block : BlockId{};
}

void Holdings::verification_begins(BlockId block, Now now) {
  suspects_.erase(block);
  // Should nothing come of it, it is due again.
  if (IndexEntry* entry = index_.find(block)) index_.set_scrub_due(*entry, now.mono + kReadAgain);
}

void Holdings::tell_flags_again() { flags_told_to_ = {}; }

bool Holdings::flags_told() {
  if (!changes_.empty()) return flags_told_to_.value == UINT64_MAX;
  const std::vector<BlockId> flagged = index_.flagged(flags_told_to_, flags_at_once_);
  for (const BlockId block : flagged) {
    const IndexEntry& entry = *index_.find(block);
    tell(entry.corrupt ? ReplicaEvent::kCorrupt : ReplicaEvent::kUnread, entry.info);
    flags_told_to_ = block;
  }
  if (flagged.empty()) flags_told_to_ = BlockId{UINT64_MAX};
  return flagged.empty();
}

bool Holdings::take_lost() {
  const bool lost = lost_;
  lost_ = false;
  return lost;
}

void Holdings::tell(ReplicaEvent event, const wire::BlockInfo& replica) {
  if (changes_.push(event, replica)) return;
  lost_ = true;
  tell_flags_again();
}

}  // namespace dfs::datanode
