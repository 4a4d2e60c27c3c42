#include "adapters/sim/event_queue.h"

#include <algorithm>

#include "core/base/assert.h"

namespace dfs::sim {

void EventQueue::at(Instant when, Action action) {
  if (free_.empty()) {
    DFS_ASSERT(actions_.size() < std::size_t{1} << Event::kPlaceBits);
    free_.push_back(actions_.size());
    actions_.emplace_back();
  }
  const std::size_t place = free_.back();
  free_.pop_back();
  actions_[place] = std::move(action);
  const Event event{std::max(when, now_), sequence_++ << Event::kPlaceBits | place};
  const std::int64_t stretch = event.at.us >> kStretchBits;
  if (stretch > last_near_) {
    far_[stretch].push_back(event);
    if (near_.empty()) refill();
    return;
  }
  near_.push_back(event);
  std::push_heap(near_.begin(), near_.end(), Later{});
}

void EventQueue::refill() {
  if (far_.empty()) return;
  last_near_ = far_.begin()->first;
  near_.swap(far_.begin()->second);
  far_.erase(far_.begin());
  std::make_heap(near_.begin(), near_.end(), Later{});
}

bool EventQueue::run_next() {
  if (near_.empty()) return false;
  std::pop_heap(near_.begin(), near_.end(), Later{});
  const Event event = near_.back();
  near_.pop_back();
  if (near_.empty()) refill();
  Action action = std::move(actions_[event.place()]);
  free_.push_back(event.place());
  now_ = event.at;
  ++executed_;
  trace_.add(static_cast<std::uint64_t>(now_.us));
  trace_.add(event.sequence());
  action();
  return true;
}

}  // namespace dfs::sim
