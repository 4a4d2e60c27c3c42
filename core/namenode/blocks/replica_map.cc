#include "core/namenode/blocks/replica_map.h"

#include <algorithm>

namespace dfs::namenode {
namespace {

template <class B>
auto lower_bound_of(B& bucket, BlockId block) {
  return std::lower_bound(bucket.begin(), bucket.end(), block,
                          [](const Replica& replica, BlockId id) { return replica.id() < id; });
}

}  // namespace

const Replica* ReplicaMap::find(BlockId block) const {
  const Bucket& bucket = buckets_[wire::bucket_of(block)];
  const auto at = lower_bound_of(bucket, block);
  return at != bucket.end() && at->id() == block ? &*at : nullptr;
}

Replica* ReplicaMap::find(BlockId block) {
  Bucket& bucket = buckets_[wire::bucket_of(block)];
  const auto at = lower_bound_of(bucket, block);
  return at != bucket.end() && at->id() == block ? &*at : nullptr;
}

Replica& ReplicaMap::put(const wire::BlockInfo& info) {
  const std::uint64_t number = wire::bucket_of(info.id);
  Bucket& bucket = buckets_[number];
  auto at = lower_bound_of(bucket, info.id);
  if (at == bucket.end() || at->id() != info.id) {
    at = bucket.insert(at, Replica(info));
  } else {
    if (!at->is(Replica::kClaimed)) digests_[number] -= wire::replica_digest(at->info());
    if (at->info() != info) *at = Replica(info);
    at->set(Replica::kClaimed, false);
  }
  digests_[number] += wire::replica_digest(info);
  return *at;
}

bool ReplicaMap::claim(const wire::BlockInfo& info) {
  Bucket& bucket = buckets_[wire::bucket_of(info.id)];
  const auto at = lower_bound_of(bucket, info.id);
  if (at != bucket.end() && at->id() == info.id) return false;
  bucket.insert(at, Replica(info))->set(Replica::kClaimed, true);
  return true;
}

bool ReplicaMap::erase(BlockId block) {
  const std::uint64_t number = wire::bucket_of(block);
  Bucket& bucket = buckets_[number];
  const auto at = lower_bound_of(bucket, block);
  if (at == bucket.end() || at->id() != block) return false;
  if (!at->is(Replica::kClaimed)) digests_[number] -= wire::replica_digest(at->info());
  bucket.erase(at);
  return true;
}

void ReplicaMap::clear_all(Replica::Mark mark) {
  for (Bucket& bucket : buckets_) {
    for (Replica& replica : bucket) replica.set(mark, false);
  }
}

}  // namespace dfs::namenode
