// Time in which this NameNode itself ran: what liveness, order time-outs and waits are measured in.
//
// Advanced by ticks. A gap between two ticks that is much longer than the tick period means that
// this process did not run (a suspended machine, a stalled disk): only kLongestGap of it counts, so
// that nobody is held to have been silent while nobody listened (T1).
#pragma once

#include "core/base/mutant.h"
#include "core/base/time.h"

namespace dfs::namenode {

class RunningClock {
 public:
  static constexpr Duration kLongestGap = seconds(2);

  void start(Instant mono) { last_ = mono; }
  void advance(Instant mono) {
    if (mono <= last_) return;
    const Duration gap = mono - last_;
    const bool all = gap < kLongestGap || mutated(Mutant::kT1CountSuspension);
    running_ = running_ + (all ? gap : kLongestGap);
    last_ = mono;
  }
  [[nodiscard]] Instant now() const { return running_; }

 private:
  Instant last_;
  Instant running_;
};

}  // namespace dfs::namenode
