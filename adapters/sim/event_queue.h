// The simulated world's agenda: actions in the order of (time, sequence number), one after the
// other.
//
// Two actions of the same instant run in the order in which they were put down, so a run is the
// same on every machine. Time is global simulated time; nodes see it through clocks of their own
// (clock.h). The rolling trace digest takes in the time of every action and whatever note() is
// told.
#pragma once

#include <cstdint>
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
  [[nodiscard]] Instant next_time() const;

  [[nodiscard]] std::uint64_t executed() const { return executed_; }
  [[nodiscard]] Digest& trace() { return trace_; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_.value(); }

 private:
  // Small and trivial, since the heap moves them about; the actions stay where they are.
  struct Event {
    Instant at;
    std::uint64_t sequence = 0;
    std::uint32_t action = 0;  // index in actions_
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }
  };

  Instant now_;
  std::uint64_t sequence_ = 0;
  std::uint64_t executed_ = 0;
  Digest trace_;
  std::vector<Event> heap_;
  std::vector<Action> actions_;
  std::vector<std::uint32_t> free_;  // places in actions_
};

}  // namespace dfs::sim
