#include "adapters/sim/event_queue.h"

#include <algorithm>

namespace dfs::sim {

void EventQueue::at(Instant when, Action action) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(actions_.size()));
    actions_.emplace_back();
  }
  const std::uint32_t place = free_.back();
  free_.pop_back();
  actions_[place] = std::move(action);
  heap_.push_back({std::max(when, now_), sequence_++, place});
  std::push_heap(heap_.begin(), heap_.end(), Later{});
}

bool EventQueue::run_next() {
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), Later{});
  const Event event = heap_.back();
  heap_.pop_back();
  Action action = std::move(actions_[event.action]);
  free_.push_back(event.action);
  now_ = event.at;
  ++executed_;
  trace_.add(static_cast<std::uint64_t>(now_.us));
  trace_.add(event.sequence);
  action();
  return true;
}

Instant EventQueue::next_time() const { return heap_.empty() ? kNever : heap_.front().at; }

}  // namespace dfs::sim
