// The simulated world's agenda: actions in the order of (time, sequence number), one after the
// other.
//
// Two actions of the same instant run in the order in which they were put down, so a run is the
// same on every machine. Time is global simulated time; nodes see it through clocks of their own
// (clock.h). The rolling trace digest takes in the time of every action and whatever note() is
// told.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "adapters/sim/action.h"
#include "core/base/digest.h"
#include "core/base/time.h"

namespace dfs::sim {

class EventQueue {
 public:
  [[nodiscard]] Instant now() const { return now_; }
  // `when` before now means now.
  void at(Instant when, Action action);
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  // Runs the next action; false if there is none.
  bool run_next();
  // The time of the next action, kNever if there is none.
  [[nodiscard]] Instant next_time() const { return near_.empty() ? kNever : near_.front().at; }

  [[nodiscard]] std::uint64_t executed() const { return executed_; }
  [[nodiscard]] Digest& trace() { return trace_; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_.value(); }

 private:
  // Small and trivial, since the heap moves them about; the actions stay where they are.
  struct Event {
    Instant at;
    std::uint64_t order = 0;  // its sequence number, and below that the place of its action

    static constexpr unsigned kPlaceBits = 24;
    [[nodiscard]] std::uint64_t sequence() const { return order >> kPlaceBits; }
    [[nodiscard]] std::size_t place() const { return order & ((1u << kPlaceBits) - 1); }
    // One comparison without a branch: which of two is the earlier nobody can predict.
    [[nodiscard]] Uint128 key() const {
      return Uint128{static_cast<std::uint64_t>(at.us)} << 64 | order;
    }
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const { return a.key() > b.key(); }
  };
  // Most actions are time limits, which wait for seconds and then find nothing to do: they are not
  // sorted before their stretch of time has come, so that the heap stays small.
  static constexpr unsigned kStretchBits = 16;  // of microseconds
  void refill();

  Instant now_;
  std::uint64_t sequence_ = 0;
  std::uint64_t executed_ = 0;
  Digest trace_;
  std::vector<Event> near_;                         // a heap; empty only if all is done
  std::map<std::int64_t, std::vector<Event>> far_;  // by stretch: those after the last one in near_
  std::int64_t last_near_ = -1;                     // stretch
  std::vector<Action> actions_;
  std::vector<std::size_t> free_;  // places in actions_
};

}  // namespace dfs::sim
