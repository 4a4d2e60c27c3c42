// What put and get share: several files at once, what is reported of them, the progress bar, and an
// orderly end on Ctrl-C.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/remote.h"

namespace dfs::cli {

// A tree of small files is read and written this many at once.
inline constexpr std::size_t kFilesAtOnce = 8;

// A few threads that run tasks; add() waits while many are queued, so that a tree of any size fits.
class Crew {
 public:
  explicit Crew(std::size_t most_threads);
  // Waits for all.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void add(std::function<void()> task);
  void wait();

 private:
  void work();

  const std::size_t most_threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::size_t busy_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

// Thread-safe.
class TransferReport {
 public:
  // Shows a progress bar on standard error if that is a terminal and nobody wants quiet.
  TransferReport(const Context& context, const Session& session);
  ~TransferReport();
  TransferReport(const TransferReport&) = delete;
  TransferReport& operator=(const TransferReport&) = delete;

  // More to come.
  void expect(std::uint64_t bytes);
  void made_directory();
  void moved_file(std::uint64_t bytes);
  // One error line; the others go on. None of what ended because of Ctrl-C, unless its outcome is
  // not known: finish() says that, once.
  void failed(const Status& status);
  [[nodiscard]] http::Progress& progress() { return moved_; }

  // Takes the bar away, prints the JSON document if wanted; the exit code.
  int finish();

 private:
  void show();
  void tell(const Status& status);
  void clear_line();
  void stop_bar();

  const Context& context_;
  const Session& session_;
  http::Progress moved_ = 0;
  std::mutex mutex_;
  std::condition_variable tick_;
  std::uint64_t expected_ = 0;
  std::uint64_t files_ = 0;
  std::uint64_t directories_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<std::string> errors_;
  Instant started_;
  bool ending_ = false;
  bool shown_ = false;
  std::thread bar_;
};

// The bar's line, for a terminal of that width.
[[nodiscard]] std::string progress_line(std::uint64_t moved, std::uint64_t expected,
                                        std::uint64_t elapsed_ms, std::size_t columns);

// While it lives SIGINT and SIGTERM make the session give up what it does. Made before any thread.
class InterruptGuard {
 public:
  explicit InterruptGuard(Session& session);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  std::atomic<bool> ending_ = false;
  std::thread waiter_;
};

}  // namespace dfs::cli
