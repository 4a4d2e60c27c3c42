// How long this NameNode has run: time in which it was not running counts for nothing.
//
// A machine that was suspended, or a process that was stopped, must not wake up to a cluster of dead
// nodes and expired leases. Every step tells the time; of a gap between two steps at most a second
// counts.
#pragma once

#include <algorithm>

#include "core/base/time.h"

namespace dfs::namenode {

class RunningClock {
 public:
  void step(Instant mono) {
    if (started_) run_ = run_ + std::clamp(mono - last_, Duration{0}, seconds(1));
    started_ = true;
    last_ = mono;
  }
  [[nodiscard]] Instant now() const { return run_; }

 private:
  bool started_ = false;
  Instant last_;
  Instant run_;
};

}  // namespace dfs::namenode
