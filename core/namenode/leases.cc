#include "core/namenode/leases.h"

#include "core/base/mutant.h"

namespace dfs::namenode {

void Leases::applied(const Effects& effects, Instant now) {
  for (const InodeId inode : effects.leases_begun) renew(inode, now);
  for (const InodeId inode : effects.leases_ended) renewed_.erase(inode);
}

std::vector<InodeId> Leases::next_expired(Store& store, Instant now, std::size_t limit) {
  std::vector<InodeId> expired;
  if (mutated(Mutant::kC4NeverExpireLeases)) return expired;
  const std::vector<PendingRow> pending = store.scan_pending(cursor_, limit);
  for (const PendingRow& row : pending) {
    const auto renewed = renewed_.find(row.inode);
    if (now - (renewed == renewed_.end() ? start_ : renewed->second) > limit_) {
      expired.push_back(row.inode);
    }
  }
  cursor_ = pending.size() < limit ? InodeId{} : pending.back().inode;
  return expired;
}

}  // namespace dfs::namenode
