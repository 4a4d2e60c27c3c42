// What a server process needs from its system: clocks, randomness, signals, a locked directory.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "adapters/http/socket.h"
#include "core/base/status.h"
#include "core/base/time.h"

namespace dfs::http {

// Both clocks, for the machines. Monotonic time counts from the construction.
class Clock {
 public:
  Clock() : start_(monotonic_now()) {}
  [[nodiscard]] Now now() const;

 private:
  Instant start_;
};

// How often the machines of a server are told the time.
inline constexpr auto kTick = std::chrono::milliseconds(100);

// From the operating system, by way of Crypto++.
[[nodiscard]] std::string random_identity();  // 32 hexadecimal digits
[[nodiscard]] std::uint64_t random_seed();

// This machine's name, the default failure domain of a DataNode.
[[nodiscard]] std::string host_name();

// SIGINT, SIGTERM and SIGHUP, waited for instead of interrupting. Construct it before any thread is
// started; threads inherit the mask. SIGPIPE is ignored from then on.
class StopSignals {
 public:
  StopSignals();
  // True once a signal has come; false if none came within `timeout`.
  [[nodiscard]] bool wait(Duration timeout);
  void wait();
};

// Lets this process have as many descriptors as the system allows it: the default is made for
// programs that select().
void raise_descriptor_limit();

// Free for this process on the file system of `path`; none if it does not say.
[[nodiscard]] std::optional<std::uint64_t> free_bytes(const std::string& path);

// A directory that one process owns while this object lives (flock on DIR/in_use.lock). Made, with
// its parents, if it does not exist.
class OwnedDirectory {
 public:
  [[nodiscard]] static Result<OwnedDirectory> open(const std::string& path);

 private:
  explicit OwnedDirectory(Socket lock) : lock_(std::move(lock)) {}
  Socket lock_;  // a descriptor like any other
};

}  // namespace dfs::http
