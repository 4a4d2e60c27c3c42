// Which blocks to look at next, and when.
//
// Events note the blocks that they touch; timers bring a block back later. Both are only shortcuts
// of the sweep, which comes past every block anyway: when too much is noted, the rest is left to a
// sweep (overflowed()).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace dfs::namenode {

class Agenda {
 public:
  // Notes at most so many blocks, and as many to come back.
  explicit Agenda(std::size_t most = kMost) : most_(most) {}
  static constexpr std::size_t kMost = 100'000;

  void note(BlockId block);
  // What is known of it now will soon not hold any more: it does not wait for all that is noted,
  // but every other one that is taken is such a one while there are any.
  void note_soon(BlockId block);
  // Bring it back at `at` (running time), or earlier if that was asked for before.
  void note_at(BlockId block, Instant at);
  // Moves what is due to the noted ones.
  void advance(Instant running);
  [[nodiscard]] std::optional<BlockId> take();
  [[nodiscard]] std::size_t size() const { return noted_.size() + soon_.size(); }
  [[nodiscard]] std::size_t soon() const { return soon_.size(); }
  // So little is noted that a great many more can be.
  [[nodiscard]] bool roomy() const { return noted_.size() < most_ / 10; }
  // True once after notes had to be dropped.
  [[nodiscard]] bool overflowed();

 private:
  using Noted = std::set<BlockId>;
  // The one after `taken`, in a circle, so that none is overtaken for ever.
  static BlockId take_from(Noted& noted, BlockId& taken);

  std::size_t most_;
  Noted noted_;
  BlockId taken_;  // the last one
  Noted soon_;     // of those that are not noted otherwise
  BlockId taken_soon_;
  bool soon_next_ = true;
  std::set<std::pair<Instant, BlockId>> timers_;
  std::map<BlockId, Instant> timer_of_;
  bool overflowed_ = false;
};

}  // namespace dfs::namenode
