#include "adapters/http/client_workers.h"

#include <chrono>

#include "adapters/http/socket.h"

namespace dfs::http {

Workers::~Workers() { stop(); }

void Workers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    tasks_.clear();
    timers_.clear();
  }
  ready_.notify_all();
  tick_.notify_all();
  if (clock_.joinable()) clock_.join();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Workers::submit(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  tasks_.push_back(std::move(task));
  if (idle_ < tasks_.size() && threads_.size() < most_threads_) {
    threads_.emplace_back([this] { work(); });
  }
  ready_.notify_one();
}

void Workers::at(Instant at, std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  timers_.emplace(at, std::move(task));
  if (!clock_.joinable()) clock_ = std::thread([this] { keep_time(); });
  tick_.notify_one();
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    ready_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (stopping_) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes before the wait
    lock.lock();
  }
}

void Workers::keep_time() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (timers_.empty()) {
      tick_.wait(lock);
      continue;
    }
    const Duration left = timers_.begin()->first - monotonic_now();
    if (left > Duration{}) {
      tick_.wait_for(lock, std::chrono::microseconds(left.us));
      continue;
    }
    std::function<void()> task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    lock.unlock();
    submit(std::move(task));
    lock.lock();
  }
}

}  // namespace dfs::http
