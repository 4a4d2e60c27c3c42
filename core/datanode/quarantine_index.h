// What is in quarantine/ on all volumes together, oldest first.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "core/base/time.h"
#include "core/datanode/datanode.h"

namespace dfs::datanode {

class QuarantineIndex {
 public:
  // What is there already keeps its age.
  void add(const wire::BlockInfo& replica, VolumeId volume, Instant since);
  // It must be there.
  void erase(const wire::BlockInfo& replica, VolumeId volume);
  void erase_volume(VolumeId volume);
  [[nodiscard]] bool has(const wire::BlockInfo& replica, VolumeId volume) const {
    return since_.contains(key_of(replica, volume));
  }
  // A volume that has this content in quarantine.
  [[nodiscard]] std::optional<VolumeId> find(const wire::BlockInfo& replica) const;
  // Oldest first: those that have been there since `until` or longer, up to `limit`.
  [[nodiscard]] std::vector<wire::BlockInfo> oldest(Instant until, std::size_t limit) const;

 private:
  using Key = std::tuple<BlockId, std::uint64_t, std::uint32_t, VolumeId>;
  static Key key_of(const wire::BlockInfo& replica, VolumeId volume) {
    return {replica.id, replica.length, replica.crc, volume};
  }

  std::map<Key, Instant> since_;
  std::set<std::pair<Instant, Key>> by_age_;
};

}  // namespace dfs::datanode
