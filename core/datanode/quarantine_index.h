// What is in quarantine/ on all volumes together, oldest first: of each content on each volume, how
// many copies. It may say more than there is; an order for what is not there corrects it.
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
  // One copy more. What is there already keeps its age.
  void add(const wire::BlockInfo& replica, VolumeId volume, Instant since);
  // One copy less, or none any more; nothing where there is none.
  void take(const wire::BlockInfo& replica, VolumeId volume);
  void erase(const wire::BlockInfo& replica, VolumeId volume);
  // No copy of it on the volume is whole.
  void rotten(const wire::BlockInfo& replica, VolumeId volume);
  void erase_volume(VolumeId volume);
  [[nodiscard]] bool has(const wire::BlockInfo& replica, VolumeId volume) const {
    return kept_.contains(key_of(replica, volume));
  }
  // A volume that has this content in quarantine; one where all copies are rotten only if there is
  // no other.
  [[nodiscard]] std::optional<VolumeId> find(const wire::BlockInfo& replica) const;
  // Those that have been there since `until` or longer, oldest first, up to `limit`. After a minute
  // those behind them have their turn, and after the youngest again the oldest: some may be refused
  // for ever, and none is granted before it was named twice, with a reading of others in between.
  [[nodiscard]] std::vector<wire::BlockInfo> next_old(Instant until, std::size_t limit,
                                                      Instant now);

 private:
  using Key = std::tuple<BlockId, std::uint64_t, std::uint32_t, VolumeId>;
  static Key key_of(const wire::BlockInfo& replica, VolumeId volume) {
    return {replica.id, replica.length, replica.crc, volume};
  }

  struct Kept {
    Instant since;
    std::uint32_t copies = 0;
    bool rotten = false;
  };
  using All = std::map<Key, Kept>;
  void erase(All::iterator at);

  using Aged = std::pair<Instant, Key>;

  All kept_;
  std::set<Aged> by_age_;
  static constexpr Duration kTurn = seconds(60);
  std::optional<Aged> turn_after_;  // whose turn it is: those behind this one
  std::optional<Instant> turn_ends_;
};

}  // namespace dfs::datanode
