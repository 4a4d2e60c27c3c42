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
  for (Action& action : deferred) after({}, std::move(action));
}

}  // namespace dfs::sim
