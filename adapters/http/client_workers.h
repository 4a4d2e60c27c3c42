// Threads for the client's blocking work, started when needed, and one that keeps time.
//
// A task may block for long (a transfer): a new thread is started when none is idle, up to a limit,
// beyond which tasks wait. Tasks do not wait for each other. The destructor takes no new tasks,
// drops those not begun and joins.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/time.h"

namespace dfs::http {

class Workers {
 public:
  explicit Workers(std::size_t most_threads = 64) : most_threads_(most_threads) {}
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void submit(std::function<void()> task);
  // Submits `task` at `at`, in monotonic time.
  void at(Instant at, std::function<void()> task);
  // Drops what has not begun and joins; idempotent.
  void stop();

 private:
  void work();
  void keep_time();

  const std::size_t most_threads_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable tick_;
  std::deque<std::function<void()>> tasks_;
  std::multimap<Instant, std::function<void()>> timers_;
  std::vector<std::thread> threads_;
  std::thread clock_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace dfs::http
