#include "adapters/sim/event_queue.h"

#include <algorithm>

namespace dfs::sim {

void EventQueue::at(Instant when, Action action) {
  heap_.push_back({std::max(when, now_), sequence_++, std::move(action)});
  std::push_heap(heap_.begin(), heap_.end(), Later{});
}

bool EventQueue::run_next() {
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), Later{});
  Event event = std::move(heap_.back());
  heap_.pop_back();
  now_ = event.at;
  ++executed_;
  trace_.add(static_cast<std::uint64_t>(now_.us));
  trace_.add(event.sequence);
  event.action();
  return true;
}

Instant EventQueue::next_time() const { return heap_.empty() ? kNever : heap_.front().at; }

}  // namespace dfs::sim
