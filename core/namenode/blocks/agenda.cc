#include "core/namenode/blocks/agenda.h"

namespace dfs::namenode {

void Agenda::note(BlockId block) {
  if (soon_.contains(block)) return;
  if (noted_.size() < most_) {
    noted_.insert(block);
  } else if (!noted_.contains(block)) {
    overflowed_ = true;
  }
}

void Agenda::note_soon(BlockId block) {
  if (soon_.size() >= most_) return note(block);
  noted_.erase(block);
  soon_.insert(block);
}

void Agenda::note_at(BlockId block, Instant at) {
  const auto known = timer_of_.find(block);
  if (known != timer_of_.end()) {
    if (known->second <= at) return;
    timers_.erase({known->second, block});
    timer_of_.erase(known);
  }
  if (timers_.size() >= most_) {
    overflowed_ = true;
    return;
  }
  timers_.insert({at, block});
  timer_of_[block] = at;
}

void Agenda::advance(Instant running) {
  while (!timers_.empty() && timers_.begin()->first <= running) {
    const BlockId block = timers_.begin()->second;
    timers_.erase(timers_.begin());
    timer_of_.erase(block);
    note(block);
  }
}

std::optional<BlockId> Agenda::take() {
  const bool soon = !soon_.empty() && (soon_next_ || noted_.empty());
  soon_next_ = !soon;
  if (soon) return take_from(soon_, taken_soon_);
  if (noted_.empty()) return std::nullopt;
  return take_from(noted_, taken_);
}

BlockId Agenda::take_from(Noted& noted, BlockId& taken) {
  auto next = noted.upper_bound(taken);
  if (next == noted.end()) next = noted.begin();
  taken = *next;
  noted.erase(next);
  return taken;
}

bool Agenda::overflowed() {
  const bool was = overflowed_;
  overflowed_ = false;
  return was;
}

}  // namespace dfs::namenode
