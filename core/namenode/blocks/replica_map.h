// What one DataNode has, according to its own last word: replicas by report bucket, with digests.
//
// A bucket is a vector sorted by block id; ids only grow, so that insertion is nearly always at the
// end. 24 bytes a replica. To find the holders of a block every node's bucket is searched, which is
// meant for tens of DataNodes, not for thousands.
//
// The digest of a bucket covers exactly the replicas that the node has told of: a claim (a client
// said that the node stored it) is kept beside them but is not part of it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/wire/datanode_messages.h"

namespace dfs::namenode {

// No block is as long as this (1 PiB); longer ones in messages are refused.
inline constexpr std::uint64_t kBlockLengthLimit = std::uint64_t{1} << 50;

class Replica {
 public:
  enum Mark : std::uint8_t {
    kClaimed = 1,     // a client said so, the node has not yet
    kCorrupt = 2,     // the node read it and it does not match its checksum
    kSuspect = 4,     // somebody doubts it: it is being verified
    kUnreadable = 8,  // reading it failed twice in a row: unknown, not absent (V3)
    kDoomed = 16,     // a deletion was ordered and may still happen
  };

  explicit Replica(const wire::BlockInfo& info)
      : id_(info.id.value), packed_(info.length << 8), crc_(info.crc) {}

  [[nodiscard]] BlockId id() const { return BlockId{id_}; }
  [[nodiscard]] wire::BlockInfo info() const { return {BlockId{id_}, packed_ >> 8, crc_}; }
  [[nodiscard]] bool is(Mark mark) const { return (packed_ & mark) != 0; }
  void set(Mark mark, bool on) { packed_ = on ? packed_ | mark : packed_ & ~std::uint64_t{mark}; }
  // Second of monotonic time at which it was last known to be whole, or, of a corrupt one, found to
  // be so; from 1; 0: never.
  [[nodiscard]] std::uint32_t verified() const { return verified_; }
  void set_verified(std::uint32_t second) { verified_ = second; }

 private:
  std::uint64_t id_;
  std::uint64_t packed_;  // length and marks
  std::uint32_t crc_;
  std::uint32_t verified_ = 0;
};

class ReplicaMap {
 public:
  using Bucket = std::vector<Replica>;

  [[nodiscard]] const Replica* find(BlockId block) const;
  [[nodiscard]] Replica* find(BlockId block);

  // The node has it. A replica of this id with the same content keeps its marks, except that it is
  // a claim no longer; one with other content is replaced. Returns it.
  Replica& put(const wire::BlockInfo& info);
  // A client says that the node has it; nothing happens if the node has told of it itself. True if
  // the claim is new.
  bool claim(const wire::BlockInfo& info);
  // True if it was there.
  bool erase(BlockId block);

  [[nodiscard]] std::uint64_t digest(std::uint64_t bucket) const { return digests_[bucket]; }
  [[nodiscard]] const Bucket& bucket(std::uint64_t bucket) const { return buckets_[bucket]; }
  // Takes the mark off every replica.
  void clear_all(Replica::Mark mark);

 private:
  std::array<Bucket, wire::kReportBuckets> buckets_;
  std::array<std::uint64_t, wire::kReportBuckets> digests_{};
};

}  // namespace dfs::namenode
