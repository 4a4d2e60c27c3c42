// Bounds how many bytes a second the scrubber reads, all its threads together.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "adapters/http/socket.h"

namespace dfs::http {

class Pace {
 public:
  explicit Pace(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  // Waits for its turn to read `bytes`. False once stop() was called.
  [[nodiscard]] bool take(std::uint64_t bytes);
  void stop();

 private:
  const std::uint64_t rate_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  Instant next_;  // when the next piece may be read
};

}  // namespace dfs::http
