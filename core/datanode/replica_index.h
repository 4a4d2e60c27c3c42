// What is in current/ on all volumes together, in the buckets of the block report.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "core/base/time.h"
#include "core/datanode/datanode.h"

namespace dfs::datanode {

struct IndexEntry {
  wire::BlockInfo info;
  VolumeId volume = 0;
  std::uint64_t version = 0;  // of this publication; a task that began before it says nothing of it
  Instant scrub_due;
  bool corrupt = false;   // read and wrong
  bool doubtful = false;  // could not be read, or somebody said so: being verified (V3)
};

class ReplicaIndex {
 public:
  [[nodiscard]] IndexEntry* find(BlockId block);
  // Adds it, or replaces what is there; it is neither corrupt nor doubtful.
  IndexEntry& put(const wire::BlockInfo& info, VolumeId volume, Instant scrub_due);
  void erase(BlockId block);
  void set_corrupt(IndexEntry& entry, bool corrupt);
  void set_doubtful(IndexEntry& entry, bool doubtful);
  void set_scrub_due(IndexEntry& entry, Instant due);

  [[nodiscard]] std::size_t size() const { return size_; }
  // Of the buckets that are not empty, ascending.
  [[nodiscard]] std::vector<wire::BucketDigest> digests() const;
  // Up to `limit` replicas of the bucket with id > after, ascending.
  [[nodiscard]] std::vector<wire::BlockInfo> page(std::uint64_t bucket, BlockId after,
                                                  std::size_t limit) const;
  [[nodiscard]] std::vector<BlockId> on_volume(VolumeId volume) const;
  // Corrupt and doubtful ones with id > after, ascending, up to `limit`.
  [[nodiscard]] std::vector<BlockId> flagged(BlockId after, std::size_t limit) const;
  // The one whose scrub is due first; kNever if there is none.
  [[nodiscard]] std::pair<Instant, BlockId> next_scrub() const;
  [[nodiscard]] std::vector<IndexEntry> all() const;  // ascending by id

 private:
  struct Bucket {
    std::map<BlockId, IndexEntry> replicas;
    std::uint64_t digest = 0;
  };
  void flag(const IndexEntry& entry);

  std::array<Bucket, wire::kReportBuckets> buckets_;
  std::set<BlockId> flagged_;
  std::set<std::pair<Instant, BlockId>> scrubs_;
  std::size_t size_ = 0;
  std::uint64_t next_version_ = 1;
};

}  // namespace dfs::datanode
