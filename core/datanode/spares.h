// Replicas in current/ of another volume than the one that counts, until they are in quarantine.
//
// They come about when a replica is published on one volume while an older one is on another, and
// are found again by the start-up scan after a crash in between. There are few, mostly none.
#pragma once

#include <map>
#include <optional>

#include "core/base/assert.h"
#include "core/datanode/datanode.h"

namespace dfs::datanode {

struct Spare {
  wire::BlockInfo info;
  VolumeId volume = 0;
  bool rotten = false;  // read and wrong
  Instant not_before;   // moving it away failed a moment ago
};

class Spares {
 public:
  void add(const Spare& spare) { spares_.insert_or_assign({spare.info.id, spare.volume}, spare); }
  [[nodiscard]] Spare* find(BlockId block, VolumeId volume) {
    const auto at = spares_.find({block, volume});
    return at == spares_.end() ? nullptr : &at->second;
  }
  void erase(BlockId block, VolumeId volume) { spares_.erase({block, volume}); }
  void erase_volume(VolumeId volume) {
    std::erase_if(spares_, [volume](const auto& spare) { return spare.first.second == volume; });
  }
  // Any of the block; a sound one if there is one.
  [[nodiscard]] const Spare* of(BlockId block) const {
    const Spare* any = nullptr;
    for (auto at = spares_.lower_bound({block, 0}); at != spares_.end(); ++at) {
      if (at->first.first != block) break;
      if (any == nullptr || any->rotten) any = &at->second;
    }
    return any;
  }
  // The first after the last one that it returned, in a circle; there must be one.
  [[nodiscard]] const Spare* next() {
    DFS_ASSERT(!spares_.empty());
    auto at = spares_.upper_bound(looked_at_);
    if (at == spares_.end()) at = spares_.begin();
    looked_at_ = at->first;
    return &at->second;
  }
  [[nodiscard]] std::size_t size() const { return spares_.size(); }

 private:
  using Key = std::pair<BlockId, VolumeId>;
  std::map<Key, Spare> spares_;
  Key looked_at_;
};

}  // namespace dfs::datanode
