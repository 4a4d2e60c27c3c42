#include "adapters/sim/process.h"

#include "core/base/assert.h"

namespace dfs::sim {

void Process::begin() {
  DFS_ASSERT(!up_);
  up_ = true;
  paused_ = false;
  ++incarnation_;
  deferred_.clear();
  clock_.start(queue_.now());
}

void Process::end() {
  up_ = false;
  paused_ = false;
  deferred_.clear();
  ambushes_.call_off();
}

void Process::resume() {
  if (!paused_) return;
  paused_ = false;
  // Put down again rather than run here: each must still find the process up and not paused.
  std::vector<Action> deferred = std::move(deferred_);
  deferred_.clear();
  for (Action& action : deferred) {
    queue_.after({}, [this, incarnation = incarnation_, action = std::move(action)]() mutable {
      run(incarnation, std::move(action));
    });
  }
}

void Process::run(std::uint64_t incarnation, Action action) {
  if (!up_ || incarnation != incarnation_) return;
  if (paused_) {
    deferred_.push_back(std::move(action));
    return;
  }
  action();
}

void Process::after(Duration delay, Action action) {
  queue_.after(delay, [this, incarnation = incarnation_, action = std::move(action)]() mutable {
    run(incarnation, std::move(action));
  });
}

void Process::at(Instant mono, Action action) {
  queue_.at(clock_.when(mono),
            [this, incarnation = incarnation_, action = std::move(action)]() mutable {
              run(incarnation, std::move(action));
            });
}

}  // namespace dfs::sim
