// One node's idea of time: a monotonic clock with drift, a wall clock with an offset and steps.
//
// The monotonic clock counts from the start of the process and never steps back. All arithmetic is
// on integers.
#pragma once

#include <cstdint>

#include "core/base/random.h"
#include "core/base/time.h"

namespace dfs::sim {

// What is wrong with a node's clocks.
struct ClockSkew {
  std::int64_t drift_ppm = 0;       // both clocks run this much too fast (or slow)
  std::int64_t wall_offset_ms = 0;  // of the wall clock
};

// Wall time at the beginning of every simulation: 2030-01-01.
inline constexpr std::int64_t kWallStartMs = 1'893'456'000'000;

// How wrong a wall clock is, or how far it is set, in milliseconds: from one to those of two years,
// either way, each order of magnitude as likely as any other.
[[nodiscard]] constexpr std::int64_t wall_error(Random& draw) {
  const std::uint64_t least = std::uint64_t{1} << draw.below(36);
  const auto ms = static_cast<std::int64_t>(least + draw.below(least));
  return draw.chance(1, 2) ? ms : -ms;
}

class SimClock {
 public:
  explicit SimClock(ClockSkew skew) : skew_(skew) {}

  // The process starts (again) at `now` of simulated time.
  void start(Instant now) { born_ = now; }
  void step_wall(std::int64_t ms) { skew_.wall_offset_ms += ms; }

  [[nodiscard]] Now read(Instant now) const {
    return {Instant{drifted(now.us - born_.us)},
            WallTime{kWallStartMs + skew_.wall_offset_ms + drifted(now.us) / 1000}};
  }
  // The first simulated time at which the monotonic clock shows `mono` or more.
  [[nodiscard]] Instant when(Instant mono) const {
    if (mono == kNever) return kNever;
    // Right to a microsecond or two; the rest is rounding.
    const std::int64_t shown = kMillion + skew_.drift_ppm;  // of a million
    std::int64_t elapsed = mono.us / shown * kMillion + mono.us % shown * kMillion / shown;
    while (drifted(elapsed) > mono.us) --elapsed;
    while (drifted(elapsed) < mono.us) ++elapsed;
    return Instant{born_.us + elapsed};
  }

 private:
  static constexpr std::int64_t kMillion = 1'000'000;
  [[nodiscard]] std::int64_t drifted(std::int64_t us) const {
    return us + us / kMillion * skew_.drift_ppm + us % kMillion * skew_.drift_ppm / kMillion;
  }

  ClockSkew skew_;
  Instant born_;
};

}  // namespace dfs::sim
