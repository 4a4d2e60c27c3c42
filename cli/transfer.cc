#include "cli/transfer.h"

#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "adapters/http/socket.h"
#include "cli/format.h"
#include "cli/output.h"
#include "core/base/random.h"

namespace dfs::cli {
namespace {

constexpr std::size_t kMostQueued = 1000;
constexpr auto kBarInterval = std::chrono::milliseconds(100);
constexpr std::size_t kMostErrorsInJson = 10000;

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

sigset_t ending_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Crew::Crew(std::size_t most_threads) : most_threads_(most_threads) {}

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Crew::add(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return tasks_.size() < kMostQueued; });
  tasks_.push_back(std::move(task));
  if (threads_.size() < most_threads_ && busy_ + tasks_.size() > threads_.size()) {
    threads_.emplace_back([this] { work(); });
  }
  changed_.notify_all();
}

void Crew::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return tasks_.empty() && busy_ == 0; });
}

void Crew::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    ++busy_;
    lock.unlock();
    task();
    lock.lock();
    --busy_;
    changed_.notify_all();
  }
}

std::string progress_line(std::uint64_t moved, std::uint64_t expected, std::uint64_t elapsed_ms,
                          std::size_t columns) {
  moved = std::min(moved, expected);
  const std::uint64_t rate =
      elapsed_ms == 0 ? 0 : static_cast<std::uint64_t>(Uint128{moved} * 1000 / elapsed_ms);
  std::string numbers = " " + percent(moved, expected) + "  " + human_size(moved) + "/" +
                        human_size(expected) + "  " + human_size(rate) + "/s";
  if (rate > 0 && elapsed_ms > 2000) {
    numbers += "  " + duration_text((expected - moved) / rate) + " left";
  }
  if (columns < numbers.size() + 12) return numbers.substr(0, columns);
  const std::size_t width = std::min<std::size_t>(40, columns - numbers.size() - 3);
  const std::size_t full =
      expected == 0 ? 0 : static_cast<std::size_t>(Uint128{moved} * width / expected);
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]" + numbers;
}

TransferReport::TransferReport(const Context& context, const Session& session)
    : context_(context), session_(session), started_(http::monotonic_now()) {
  if (context.globals.quiet || ::isatty(STDERR_FILENO) == 0) return;
  bar_ = std::thread([this] { show(); });
}

TransferReport::~TransferReport() { stop_bar(); }

void TransferReport::stop_bar() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  tick_.notify_all();
  if (bar_.joinable()) bar_.join();
}

// Nothing is shown of what is over at once.
void TransferReport::show() {
  std::unique_lock lock(mutex_);
  while (!tick_.wait_for(lock, kBarInterval, [this] { return ending_; })) {
    const Duration elapsed = http::monotonic_now() - started_;
    if (elapsed < milliseconds(500) || expected_ == 0) continue;
    const std::string line =
        progress_line(static_cast<std::uint64_t>(std::max<std::int64_t>(moved_, 0)), expected_,
                      static_cast<std::uint64_t>(elapsed.us / 1000), terminal_columns() - 1);
    std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
    shown_ = true;
  }
  clear_line();
}

void TransferReport::clear_line() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

void TransferReport::expect(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  expected_ += bytes;
}

void TransferReport::made_directory() {
  const std::lock_guard lock(mutex_);
  ++directories_;
}

void TransferReport::moved_file(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  ++files_;
  bytes_ += bytes;
}

void TransferReport::failed(const Status& status) {
  if (!session_.interrupted() || status.code() == Code::kUnknownOutcome) tell(status);
}

void TransferReport::tell(const Status& status) {
  const std::lock_guard lock(mutex_);
  clear_line();
  context_.fail(status);
  if (errors_.size() < kMostErrorsInJson) errors_.push_back(status.message());
}

int TransferReport::finish() {
  if (session_.interrupted()) tell({Code::kUnavailable, "interrupted"});
  stop_bar();
  if (context_.globals.json) {
    boost::json::array errors;
    for (const std::string& error : errors_) errors.push_back(json_text(error));
    print_json({{"files", files_},
                {"directories", directories_},
                {"bytes", bytes_},
                {"errors", std::move(errors)}});
  }
  return flush_output() && errors_.empty() ? kDone : kFailed;
}

InterruptGuard::InterruptGuard(Session& session) {
  const sigset_t signals = ending_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  waiter_ = std::thread([this, &session, signals] {
    int signal = 0;
    while (::sigwait(&signals, &signal) == 0 && !ending_) {
      if (session.interrupted()) ::_exit(kFailed);  // asked twice
      session.interrupt();
    }
  });
}

InterruptGuard::~InterruptGuard() {
  ending_ = true;
  // Blocked everywhere, so it only wakes: NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread)
  ::pthread_kill(waiter_.native_handle(), SIGTERM);
  waiter_.join();
}

}  // namespace dfs::cli
