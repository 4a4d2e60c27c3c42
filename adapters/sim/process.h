// A simulated process: it lives, is paused, dies and comes back as another incarnation.
//
// What was scheduled by an incarnation dies with it; what becomes due while it is paused happens
// when it goes on. Node glue (namenode_node.h, datanode_node.h, client_node.h) derives from it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "adapters/sim/ambush.h"
#include "adapters/sim/clock.h"
#include "adapters/sim/event_queue.h"

namespace dfs::sim {

// Where a process is reached in the simulated network; unique in a world.
using Address = std::uint32_t;

class Process {
 public:
  Process(EventQueue& queue, Address address, ClockSkew skew)
      : queue_(queue), address_(address), clock_(skew) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  virtual ~Process() = default;

  [[nodiscard]] Address address() const { return address_; }
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] bool paused() const { return paused_; }
  // Counts starts, from 1.
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
  [[nodiscard]] Now now() const { return clock_.read(queue_.now()); }
  [[nodiscard]] SimClock& clock() { return clock_; }

  [[nodiscard]] Ambushes& ambushes() { return ambushes_; }

  void pause() { paused_ = true; }
  void resume();

  // Runs `action` now, or when the process is resumed; never if that incarnation is gone by then.
  template <class F>
  void run(std::uint64_t incarnation, F&& action) {
    if (!up_ || incarnation != incarnation_) return;
    if (paused_) {
      deferred_.emplace_back(std::forward<F>(action));
    } else {
      action();
    }
  }
  // Runs `action` after `delay` of simulated time, on the same terms.
  template <class F>
  void after(Duration delay, F&& action) {
    queue_.after(delay, guarded(std::forward<F>(action)));
  }
  // Runs `action` when the process's monotonic clock shows `mono`.
  template <class F>
  void at(Instant mono, F&& action) {
    queue_.at(clock_.when(mono), guarded(std::forward<F>(action)));
  }

 protected:
  void begin();  // a new incarnation
  void end();
  // The process is struck here and does nothing any more: true, or not, which is nearly always so.
  [[nodiscard]] bool struck_at(Work work) {
    if (!ambushes_.spring(work)) return false;
    pause();
    return true;
  }

  EventQueue& queue_;

 private:
  // `action`, for the present incarnation only.
  template <class F>
  auto guarded(F&& action) {
    return [this, incarnation = incarnation_, action = std::forward<F>(action)]() mutable {
      run(incarnation, std::move(action));
    };
  }

  Address address_;
  SimClock clock_;
  Ambushes ambushes_;
  bool up_ = false;
  bool paused_ = false;
  std::uint64_t incarnation_ = 0;
  std::vector<Action> deferred_;
};

}  // namespace dfs::sim
