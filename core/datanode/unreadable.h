// Replicas in current/ that the start-up scan could not read: they are there (V3), but what they
// contain nobody here knows. The NameNode is told of them in full reports and, where it knows the
// block, has them verified; they are also looked at again in rounds, since of a block that is
// forgotten nobody could say what they should be.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "core/base/time.h"
#include "core/datanode/datanode.h"

namespace dfs::datanode {

class Unreadable {
 public:
  void add(BlockId block, VolumeId volume) { found_.insert(key_of(block, volume)); }
  void erase(BlockId block, VolumeId volume) { found_.erase(key_of(block, volume)); }
  // True if there were any.
  bool erase_volume(VolumeId volume) {
    return std::erase_if(found_, [volume](const Key& key) { return std::get<2>(key) == volume; }) >
           0;
  }
  [[nodiscard]] bool has(BlockId block, VolumeId volume) const {
    return found_.contains(key_of(block, volume));
  }
  // A volume that has one of the block.
  [[nodiscard]] std::optional<VolumeId> find(BlockId block) const {
    const auto at = found_.lower_bound(key_of(block, 0));
    if (at == found_.end() || std::get<1>(*at) != block) return std::nullopt;
    return std::get<2>(*at);
  }

  // It can be read by now, and is not what somebody took it for: it is looked at before the others.
  void look_at(BlockId block, VolumeId volume) { first_.insert(key_of(block, volume)); }
  // The next one to look at; each is once in a round. nullopt: none now.
  [[nodiscard]] std::optional<ReadSidecar> next(Instant now, Duration between_rounds) {
    while (!first_.empty()) {
      const Key key = first_.extract(first_.begin()).value();
      if (found_.contains(key)) return ReadSidecar{std::get<1>(key), std::get<2>(key)};
    }
    if (found_.empty() || now < next_round_) return std::nullopt;
    const auto at = found_.upper_bound(looked_at_);
    if (at == found_.end()) {
      looked_at_ = {};
      next_round_ = now + between_rounds;
      return std::nullopt;
    }
    looked_at_ = *at;
    return ReadSidecar{std::get<1>(*at), std::get<2>(*at)};
  }
  void begin_round_at(Instant time) { next_round_ = time; }

  // Makes the digests of their buckets differ from those of all replicas that can be read.
  void mark(std::vector<wire::BucketDigest>& digests) const {
    for (const auto& [bucket, block, volume] : found_) {
      auto at = std::lower_bound(
          digests.begin(), digests.end(), bucket,
          [](const wire::BucketDigest& digest, std::uint64_t b) { return digest.bucket < b; });
      if (at == digests.end() || at->bucket != bucket) at = digests.insert(at, {bucket, 0});
      at->digest += wire::replica_digest({block, 0, 0});
    }
  }
  // Adds to the piece those in its range that it does not have otherwise; where they are more than
  // `limit`, the piece becomes shorter.
  void add_to(wire::ReportPiece& piece, std::size_t limit) const {
    std::vector<BlockId> unreadable;
    const auto has = [](const std::vector<wire::BlockInfo>& replicas, BlockId block) {
      const auto at =
          std::lower_bound(replicas.begin(), replicas.end(), block,
                           [](const wire::BlockInfo& info, BlockId id) { return info.id < id; });
      return at != replicas.end() && at->id == block;
    };
    for (auto at = found_.upper_bound({piece.bucket, piece.after, UINT32_MAX});
         at != found_.end() && std::get<0>(*at) == piece.bucket; ++at) {
      const BlockId block = std::get<1>(*at);
      if (block > piece.through) break;
      if (has(piece.replicas, block)) continue;
      if (!unreadable.empty() && unreadable.back() == block) continue;
      if (unreadable.size() == limit) {
        piece.through = unreadable.back();
        std::erase_if(piece.replicas,
                      [&piece](const wire::BlockInfo& info) { return info.id > piece.through; });
        break;
      }
      unreadable.push_back(block);
    }
    if (!unreadable.empty()) piece.unreadable = std::move(unreadable);
  }

 private:
  using Key = std::tuple<std::uint64_t, BlockId, VolumeId>;  // by bucket
  static Key key_of(BlockId block, VolumeId volume) {
    return {wire::bucket_of(block), block, volume};
  }

  std::set<Key> found_;
  std::set<Key> first_;  // to look at before the next round
  Key looked_at_;        // the last in this round; one before all others: none yet
  Instant next_round_;
};

}  // namespace dfs::datanode
