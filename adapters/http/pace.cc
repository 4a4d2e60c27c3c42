#include "adapters/http/pace.h"

#include <algorithm>
#include <chrono>

namespace dfs::http {

bool Pace::take(std::uint64_t bytes) {
  std::unique_lock lock(mutex_);
  const Instant now = monotonic_now();
  const Instant turn = std::max(next_, now);
  const std::uint64_t us = bytes * 1'000'000 / std::max<std::uint64_t>(rate_, 1);
  next_ = turn + microseconds(static_cast<std::int64_t>(us));
  return !changed_.wait_for(lock, std::chrono::microseconds((turn - now).us),
                            [this] { return stopped_; });
}

void Pace::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace dfs::http
