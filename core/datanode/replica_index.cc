#include "core/datanode/replica_index.h"

#include <algorithm>

#include "core/base/mutant.h"

namespace dfs::datanode {

IndexEntry* ReplicaIndex::find(BlockId block) {
  auto& replicas = buckets_[wire::bucket_of(block)].replicas;
  const auto at = replicas.find(block);
  return at == replicas.end() ? nullptr : &at->second;
}

IndexEntry& ReplicaIndex::put(const wire::BlockInfo& info, VolumeId volume, Instant scrub_due) {
  erase(info.id);
  Bucket& bucket = buckets_[wire::bucket_of(info.id)];
  IndexEntry& entry = bucket.replicas[info.id];
  entry.info = info;
  entry.volume = volume;
  entry.version = next_version_++;
  entry.scrub_due = scrub_due;
  bucket.digest += wire::replica_digest(info);
  scrubs_.insert({scrub_due, info.id});
  ++size_;
  return entry;
}

void ReplicaIndex::erase(BlockId block) {
  Bucket& bucket = buckets_[wire::bucket_of(block)];
  const auto at = bucket.replicas.find(block);
  if (at == bucket.replicas.end()) return;
  bucket.digest -= wire::replica_digest(at->second.info);
  scrubs_.erase({at->second.scrub_due, block});
  flagged_.erase(block);
  bucket.replicas.erase(at);
  --size_;
}

void ReplicaIndex::set_corrupt(IndexEntry& entry, bool corrupt) {
  entry.corrupt = corrupt;
  flag(entry);
}

void ReplicaIndex::set_doubtful(IndexEntry& entry, bool doubtful) {
  entry.doubtful = doubtful;
  flag(entry);
}

void ReplicaIndex::flag(const IndexEntry& entry) {
  if (entry.corrupt || entry.doubtful) {
    flagged_.insert(entry.info.id);
  } else {
    flagged_.erase(entry.info.id);
  }
}

void ReplicaIndex::set_scrub_due(IndexEntry& entry, Instant due) {
  scrubs_.erase({entry.scrub_due, entry.info.id});
  entry.scrub_due = due;
  scrubs_.insert({due, entry.info.id});
}

std::vector<wire::BucketDigest> ReplicaIndex::digests() const {
  std::vector<wire::BucketDigest> digests;
  for (std::uint64_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    if (!buckets_[bucket].replicas.empty()) digests.push_back({bucket, buckets_[bucket].digest});
  }
  return digests;
}

std::vector<wire::BlockInfo> ReplicaIndex::page(std::uint64_t bucket, BlockId after,
                                                std::size_t limit) const {
  std::vector<wire::BlockInfo> page;
  const auto& replicas = buckets_[bucket].replicas;
  for (auto at = replicas.upper_bound(after); at != replicas.end() && page.size() < limit; ++at) {
    if (at->second.doubtful && mutated(Mutant::kV3ReportLeavesOutDoubted)) continue;
    page.push_back(at->second.info);
  }
  return page;
}

std::vector<BlockId> ReplicaIndex::on_volume(VolumeId volume) const {
  std::vector<BlockId> blocks;
  for (const Bucket& bucket : buckets_) {
    for (const auto& [block, entry] : bucket.replicas) {
      if (entry.volume == volume) blocks.push_back(block);
    }
  }
  return blocks;
}

std::vector<BlockId> ReplicaIndex::flagged(BlockId after, std::size_t limit) const {
  std::vector<BlockId> blocks;
  for (auto at = flagged_.upper_bound(after); at != flagged_.end() && blocks.size() < limit; ++at) {
    blocks.push_back(*at);
  }
  return blocks;
}

std::pair<Instant, BlockId> ReplicaIndex::next_scrub() const {
  return scrubs_.empty() ? std::pair(kNever, BlockId{}) : *scrubs_.begin();
}

std::vector<IndexEntry> ReplicaIndex::all() const {
  std::vector<IndexEntry> all;
  all.reserve(size_);
  for (const Bucket& bucket : buckets_) {
    for (const auto& [block, entry] : bucket.replicas) all.push_back(entry);
  }
  std::sort(all.begin(), all.end(),
            [](const IndexEntry& a, const IndexEntry& b) { return a.info.id < b.info.id; });
  return all;
}

}  // namespace dfs::datanode
