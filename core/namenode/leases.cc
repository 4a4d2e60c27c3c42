#include "core/namenode/leases.h"

#include <algorithm>

#include "core/base/mutant.h"

namespace dfs::namenode {

void Leases::applied(const Effects& effects, Instant now) {
  for (const InodeId inode : effects.leases_begun) renew(inode, now);
  for (const InodeId inode : effects.leases_ended) renewed_.erase(inode);
}

Instant Leases::renewed(InodeId inode) const {
  const auto renewed = renewed_.find(inode);
  return renewed == renewed_.end() ? start_ : renewed->second;
}

std::vector<InodeId> Leases::next_expired(Store& store, Instant now, std::size_t limit) {
  std::vector<InodeId> expired;
  if (mutated(Mutant::kC4NeverExpireLeases) || now <= quiet_until_) return expired;
  if (cursor_ == InodeId{}) oldest_ = now;
  const std::vector<PendingRow> pending = store.scan_pending(cursor_, limit);
  for (const PendingRow& row : pending) {
    const Instant at = renewed(row.inode);
    if (now - at > limit_) expired.push_back(row.inode);
    oldest_ = std::min(oldest_, at);
  }
  const bool round_ends = pending.size() < limit;
  cursor_ = round_ends ? InodeId{} : pending.back().inode;
  if (round_ends) quiet_until_ = oldest_ + limit_;
  return expired;
}

}  // namespace dfs::namenode
