// When the leases of pending files run out. Soft: who holds a lease is durable (the pending file's
// row), when it was last renewed is not, and after a start every lease has a full period again.
//
// Times are of the running clock. Memory is bounded by the leases begun or renewed since the start.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/namenode/command.h"
#include "core/namenode/store.h"

namespace dfs::namenode {

class Leases {
 public:
  explicit Leases(Duration limit) : limit_(limit) {}

  void start(Instant now) { start_ = now; }
  void applied(const Effects& effects, Instant now);
  void renew(InodeId inode, Instant now) { renewed_[inode] = now; }

  // Looks at the next `limit` pending files of the store, in a circle: those whose lease is over.
  // While none can be, it does not ask the store.
  [[nodiscard]] std::vector<InodeId> next_expired(Store& store, Instant now, std::size_t limit);

 private:
  [[nodiscard]] Instant renewed(InodeId inode) const;

  Duration limit_;
  Instant start_;
  std::map<InodeId, Instant> renewed_;  // those that are not in it: since the start
  InodeId cursor_;
  Instant oldest_;       // renewal seen in this round, not after the round's beginning
  Instant quiet_until_;  // no lease that was looked at or begun since is over before
};

}  // namespace dfs::namenode
