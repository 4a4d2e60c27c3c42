#include "core/namenode/blocks/agenda.h"

namespace dfs::namenode {

void Agenda::note(BlockId block) {
  if (noted_.size() < most_) {
    noted_.insert(block);
  } else if (!noted_.contains(block)) {
    overflowed_ = true;
  }
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
  if (noted_.empty()) return std::nullopt;
  auto next = noted_.upper_bound(taken_);
  if (next == noted_.end()) next = noted_.begin();
  taken_ = *next;
  noted_.erase(next);
  return taken_;
}

bool Agenda::overflowed() {
  const bool was = overflowed_;
  overflowed_ = false;
  return was;
}

}  // namespace dfs::namenode
