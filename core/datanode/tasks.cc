#include "core/datanode/tasks.h"

#include <algorithm>

namespace dfs::datanode {
namespace {

using wire::OrderKind;

constexpr std::size_t kMaxFinished = 2000;
constexpr std::size_t kLookAhead = 64;  // for an order whose block is free

// What is said to be there went with its volume; a purge has left nothing either way.
Status on_failed_volume(OrderKind kind, BlockId block, const Status& status) {
  const bool there = status.ok() || status.code() == Code::kAlreadyExists;
  if (!there || kind == OrderKind::kPurge) return status;
  return {Code::kUnavailable,
          "block " + std::to_string(block.value) + ": its volume here has failed"};
}

}  // namespace

void Tasks::new_session() {
  ++session_;
  work_.clear();
  verifications_.clear();
  open_.clear();
  finished_.clear();
  finished_order_.clear();
  results_.clear();
  sent_ = 0;
}

void Tasks::take(const wire::Order& order) {
  if (open_.contains(order.order)) return;
  if (const auto at = finished_.find(order.order); at != finished_.end()) {
    return tell(order, at->second);
  }
  open_.insert(order.order);
  if (order.kind == OrderKind::kConfirm) {
    confirm(order);
    return;
  }
  // Asked back, it is not to be gone by the time that its turn comes.
  if (order.kind == OrderKind::kRestore) {
    const auto purge = std::ranges::find_if(work_, [&order](const wire::Order& other) {
      return other.kind == OrderKind::kPurge && other.block == order.block;
    });
    if (purge != work_.end()) {
      settle(*purge, {Code::kUnavailable, "the replica is asked back"});
      work_.erase(purge);
    }
  }
  Queue& queue = queue_of(order.kind);
  if (const auto older = waiting(order.kind, order.block); older != queue.end()) {
    settle(*older, {Code::kUnavailable, "a newer order has taken its place"});
    *older = order;
    return;
  }
  if (work_.size() + verifications_.size() >= limits_.orders) {
    settle(order, {Code::kUnavailable, "too many orders"});
    return;
  }
  queue.push_back(order);
}

Tasks::Queue::iterator Tasks::waiting(OrderKind kind, const wire::BlockInfo& replica) {
  Queue& queue = queue_of(kind);
  return std::find_if(queue.begin(), queue.end(), [&](const wire::Order& order) {
    return order.kind == kind && order.block == replica;
  });
}

Status Tasks::not_here(BlockId block) const {
  const std::string subject = "block " + std::to_string(block.value);
  if (holdings_.unreadable().find(block)) {
    return {Code::kUnavailable, subject + ": the replica here cannot be read now"};
  }
  return {Code::kNotFound, subject + ": no such replica here"};
}

void Tasks::refuse(const wire::Order& order, Status why) {
  if (open_.contains(order.order) || finished_.contains(order.order)) return;
  settle(order, std::move(why));
}

void Tasks::confirm(const wire::Order& order) {
  const IndexEntry* entry = holdings_.index().find(order.block.id);
  const std::string subject = "block " + std::to_string(order.block.id.value);
  if (entry == nullptr || entry->info != order.block) {
    settle(order, not_here(order.block.id));
  } else if (entry->corrupt) {
    settle(order, {Code::kCorrupt, subject + ": checksum mismatch"});
  } else if (entry->doubtful || busy_.contains(order.block.id)) {
    settle(order, {Code::kUnavailable, subject + ": being verified"});
  } else if (waiting(OrderKind::kQuarantine, order.block) != work_.end()) {
    settle(order, {Code::kUnavailable, subject + ": about to be quarantined"});
  } else {
    settle(order, {});
  }
}

bool Tasks::room_for(bool verification) const {
  if (verification) return verifying_ < std::max(1u, parallel_ / 2);
  return running_.size() - verifying_ < parallel_;
}

void Tasks::pump(Now now, EffectList& effects) {
  pump_spares(now, effects);
  pump_unreadable(now, effects);
  pump_queue(work_, now, effects);
  pump_queue(verifications_, now, effects);
  // Our own verifications: one at a time, when nobody else wants one.
  while (verifying_ == 0) {
    const BlockId block = holdings_.next_to_verify(now);
    if (!block || busy_.contains(block)) return;
    holdings_.verification_begins(block, now);
    const IndexEntry* entry = holdings_.index().find(block);
    DFS_ASSERT(entry != nullptr);
    wire::Order order;
    order.block = entry->info;
    start(OrderKind::kVerify, order, entry->volume, effects);
  }
}

void Tasks::pump_spares(Now now, EffectList& effects) {
  while (room_for(false)) {
    const std::optional<Spare> spare = holdings_.next_spare(now);
    if (!spare || busy_.contains(spare->info.id)) return;
    wire::Order order;
    order.block = spare->info;
    start(OrderKind::kQuarantine, order, spare->volume, effects);
  }
}

// What is being verified or moved is known by that, or looked at in the next round.
void Tasks::pump_unreadable(Now now, EffectList& effects) {
  while (!reading_sidecar_) {
    const std::optional<ReadSidecar> next = holdings_.next_unreadable(now);
    if (!next) return;
    if (!busy_.insert(next->block).second) continue;
    reading_sidecar_ = true;
    effects.emplace_back(*next);
  }
}

void Tasks::sidecar_read(const ReadSidecar& what, const Result<wire::BlockInfo>& found) {
  DFS_ASSERT(reading_sidecar_);
  reading_sidecar_ = false;
  busy_.erase(what.block);
  holdings_.sidecar_read(what, found);
}

// "Removed" is said of a block, so nothing of it may stay behind in current/ of another volume. One
// that could not be moved a moment ago is not waited for: begin() refuses the order.
bool Tasks::spare_goes_first(const wire::Order& order, Now now, EffectList& effects) {
  if (order.kind != OrderKind::kQuarantine) return false;
  const Spare* spare = holdings_.spare_in_the_way(order.block.id);
  if (spare == nullptr || spare->not_before > now.mono) return false;
  wire::Order own;
  own.block = spare->info;
  start(OrderKind::kQuarantine, own, spare->volume, effects);
  return true;
}

void Tasks::pump_queue(Queue& queue, Now now, EffectList& effects) {
  const bool verification = &queue == &verifications_;
  std::size_t skipped = 0;
  while (skipped < queue.size() && skipped < kLookAhead && room_for(verification)) {
    const auto at = queue.begin() + static_cast<std::ptrdiff_t>(skipped);
    if (busy_.contains(at->block.id) || spare_goes_first(*at, now, effects)) {
      ++skipped;
      continue;
    }
    const wire::Order order = std::move(*at);
    queue.erase(at);
    if (order.kind == OrderKind::kVerify) holdings_.verification_begins(order.block.id, now);
    begin(order, effects);
  }
}

void Tasks::begin(const wire::Order& order, EffectList& effects) {
  const BlockId block = order.block.id;
  const IndexEntry* entry = holdings_.index().find(block);
  const bool here = entry != nullptr && entry->info == order.block;
  const std::optional<VolumeId> kept = holdings_.quarantine().find(order.block);
  // One that could not be read at the start: the order says what it should be.
  const std::optional<VolumeId> unreadable =
      entry == nullptr ? holdings_.unreadable().find(block) : std::nullopt;
  switch (order.kind) {
    case OrderKind::kVerify:
      if (unreadable) return start(order.kind, order, *unreadable, effects);
      if (!here) return settle(order, not_here(block));
      return start(order.kind, order, entry->volume, effects);
    case OrderKind::kCopy:
      return begin_copy(order, effects);
    case OrderKind::kQuarantine:
      if (holdings_.spare_in_the_way(block) != nullptr) {
        return settle(
            order, {Code::kUnavailable, "block " + std::to_string(block.value) +
                                            ": the replica on another volume cannot be moved yet"});
      }
      if (unreadable) return start(order.kind, order, *unreadable, effects);
      // Other content under the same id has not been judged by this order (HDFS-3391).
      if (!here) return settle(order, kept && entry == nullptr ? Status() : not_here(block));
      return start(order.kind, order, entry->volume, effects);
    case OrderKind::kRestore:
      return begin_restore(order, effects);
    case OrderKind::kPurge:
      if (!kept) return settle(order, {});
      return start(order.kind, order, *kept, effects);
    case OrderKind::kConfirm:
      return confirm(order);
  }
}

// A whole copy in quarantine takes the place of a replica that was read and found rotten, or is of
// other content.
void Tasks::begin_restore(const wire::Order& order, EffectList& effects) {
  const BlockId block = order.block.id;
  // It may have taken the place of one from before that; what is given back now would go again.
  if (waiting(OrderKind::kQuarantine, order.block) != work_.end()) {
    return settle(order, {Code::kUnavailable, "the replica is about to be quarantined"});
  }
  const IndexEntry* entry = holdings_.index().find(block);
  const bool here = entry != nullptr && entry->info == order.block;
  const std::optional<VolumeId> kept = holdings_.quarantine().find(order.block);
  if (here && !entry->corrupt && !entry->doubtful) return settle(order, {});
  const bool doubted = here && !entry->corrupt;
  if (kept && !doubted) return start(order.kind, order, *kept, effects);
  if (here) return settle(order, {Code::kCorrupt, "the replica here is not sound"});
  if (entry == nullptr) return settle(order, not_here(block));
  settle(order, {Code::kAlreadyExists, "a replica with other content is here"});
}

void Tasks::begin_copy(const wire::Order& order, EffectList& effects) {
  const IndexEntry* entry = holdings_.index().find(order.block.id);
  const bool repair = std::any_of(order.sources.begin(), order.sources.end(),
                                  [this](const auto& source) { return source.node == self_; });
  const bool sound = entry != nullptr && entry->info == order.block && !entry->corrupt &&
                     !entry->doubtful && !repair;
  // What is here already is read rather than fetched: either it serves, or it is reported as
  // rotten.
  start(sound ? OrderKind::kVerify : OrderKind::kCopy, order, entry ? entry->volume : 0, effects);
}

void Tasks::start(OrderKind kind, const wire::Order& order, VolumeId volume, EffectList& effects) {
  const IndexEntry* entry = holdings_.index().find(order.block.id);
  const TaskId task = next_task_++;
  busy_.insert(order.block.id);
  if (kind == OrderKind::kVerify) ++verifying_;
  running_.emplace(task, Running{kind, order, entry ? entry->version : 0, session_, volume});
  effects.push_back(StartTask{task, kind, order, volume});
}

void Tasks::done(TaskId id, const Status& status, VolumeId volume, Now now) {
  const auto at = running_.find(id);
  if (at == running_.end()) return;
  const Running task = std::move(at->second);
  running_.erase(at);
  busy_.erase(task.order.block.id);
  if (task.kind == OrderKind::kVerify) --verifying_;
  const bool gone = holdings_.failed(task.kind == OrderKind::kCopy ? volume : task.volume);
  if (!gone) ended(task, status, volume, now);
  if (task.order.order == 0 || task.session != session_) return;
  settle(task.order, gone ? on_failed_volume(task.kind, task.order.block.id, status) : status);
}

void Tasks::ended(const Running& task, const Status& status, VolumeId volume, Now now) {
  switch (task.kind) {
    case OrderKind::kVerify:
      verify_done(task, status, now);
      break;
    case OrderKind::kCopy:
      copy_done(task, status, volume, now);
      break;
    case OrderKind::kQuarantine:
      quarantine_done(task, status, now);
      break;
    case OrderKind::kRestore:
      restore_done(task, status, now);
      break;
    case OrderKind::kPurge:
      if (!status.ok() && status.code() != Code::kNotFound) break;
      holdings_.quarantine().erase(task.order.block, task.volume);
      break;
    case OrderKind::kConfirm:
      break;
  }
}

void Tasks::verify_done(const Running& task, const Status& status, Now now) {
  IndexEntry* entry = holdings_.index().find(task.order.block.id);
  if (entry == nullptr && holdings_.unreadable().has(task.order.block.id, task.volume)) {
    return holdings_.read_again(task.order.block, task.volume, status, now);
  }
  if (entry == nullptr || entry->version != task.version) return;  // it was about another one
  if (status.ok()) {
    holdings_.verified(*entry, now);
  } else if (status.code() == Code::kCorrupt) {
    holdings_.rotten(*entry, now);
  } else if (status.code() == Code::kNotFound) {
    holdings_.proven_absent(task.order.block.id);
  } else {
    holdings_.unread(*entry, now);
  }
  // What is here was read: to be read again at once it would have to be another one.
  entry = holdings_.index().find(task.order.block.id);
  if (entry == nullptr || entry->version != task.version) return;
  const auto same = waiting(OrderKind::kVerify, task.order.block);
  if (same == verifications_.end()) return;
  settle(*same, status);
  verifications_.erase(same);
}

void Tasks::copy_done(const Running& task, const Status& status, VolumeId volume, Now now) {
  if (status.ok()) holdings_.stored(task.order.block, volume, now);
}

void Tasks::quarantine_done(const Running& task, const Status& status, Now now) {
  const BlockId block = task.order.block.id;
  if (holdings_.spare_done(block, task.volume, status, now)) return;
  IndexEntry* entry = holdings_.index().find(block);
  if (entry == nullptr) {
    const bool unreadable = holdings_.unreadable().has(block, task.volume);
    if (unreadable && status.ok()) {
      holdings_.unreadable_moved(task.order.block, task.volume, now);
    }
    return;
  }
  if (entry->version != task.version) {
    // Another one was published meanwhile: which of them was moved, reading tells.
    holdings_.quarantine().add(task.order.block, task.volume, now.mono);
    holdings_.suspect(block);
  } else if (status.ok()) {
    holdings_.moved_to_quarantine(block, now);
  } else {
    if (status.code() != Code::kNotFound) holdings_.unread(*entry, now);
    holdings_.suspect(block);  // how far it got, or what is there instead, reading tells
  }
}

void Tasks::restore_done(const Running& task, const Status& status, Now now) {
  const wire::BlockInfo& replica = task.order.block;
  const IndexEntry* entry = holdings_.index().find(replica.id);
  if (status.ok()) {
    // In this order: what it replaced may be a copy of the same content.
    const bool another = entry != nullptr && entry->version != task.version;
    holdings_.quarantine().take(replica, task.volume);
    holdings_.stored(replica, task.volume, now);
    if (another) holdings_.suspect(replica.id);  // which of them was last, reading tells
  } else if (status.code() == Code::kNotFound) {
    holdings_.quarantine().erase(replica, task.volume);
  } else if (status.code() == Code::kCorrupt) {
    holdings_.quarantine().rotten(replica, task.volume);
  } else if (status.code() == Code::kAlreadyExists) {
    const bool known = entry != nullptr && entry->info == replica && entry->volume == task.volume;
    if (!known) holdings_.stored(replica, task.volume, now);
    holdings_.suspect(replica.id);
  } else if (entry != nullptr) {
    // What was here may be in quarantine by now.
    if (entry->volume == task.volume) {
      holdings_.quarantine().add(entry->info, entry->volume, now.mono);
    }
    holdings_.suspect(replica.id);
  }
}

void Tasks::settle(const wire::Order& order, Status status) {
  open_.erase(order.order);
  if (finished_.emplace(order.order, status).second) finished_order_.push_back(order.order);
  if (finished_order_.size() > kMaxFinished) {
    finished_.erase(finished_order_.front());
    finished_order_.pop_front();
  }
  tell(order, std::move(status));
}

// An order without an answer is made again.
void Tasks::tell(const wire::Order& order, Status status) {
  if (results_.size() >= limits_.results) return;
  results_.push_back({{order.order, std::move(status)}, holdings_.changes().pushed()});
}

bool Tasks::verifies(BlockId block) const {
  return std::any_of(running_.begin(), running_.end(), [block](const auto& task) {
    return task.second.kind == OrderKind::kVerify && task.second.order.block.id == block;
  });
}

std::vector<wire::OrderResult> Tasks::send_results(std::size_t limit) {
  std::vector<wire::OrderResult> sent;
  for (const auto& [result, changes] : results_) {
    if (sent.size() == limit || changes > holdings_.changes().sent()) break;
    sent.push_back(result);
  }
  sent_ = sent.size();
  return sent;
}

void Tasks::results_answered() {
  results_.erase(results_.begin(), results_.begin() + static_cast<std::ptrdiff_t>(sent_));
  sent_ = 0;
}

}  // namespace dfs::datanode
