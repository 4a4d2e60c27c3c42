#include "core/datanode/quarantine_index.h"

namespace dfs::datanode {

void QuarantineIndex::add(const wire::BlockInfo& replica, VolumeId volume, Instant since) {
  const Key key = key_of(replica, volume);
  if (since_.try_emplace(key, since).second) by_age_.insert({since, key});
}

void QuarantineIndex::erase(const wire::BlockInfo& replica, VolumeId volume) {
  const auto at = since_.find(key_of(replica, volume));
  DFS_ASSERT(at != since_.end());
  by_age_.erase({at->second, at->first});
  since_.erase(at);
}

void QuarantineIndex::erase_volume(VolumeId volume) {
  std::erase_if(by_age_,
                [volume](const auto& entry) { return std::get<3>(entry.second) == volume; });
  std::erase_if(since_, [volume](const auto& entry) { return std::get<3>(entry.first) == volume; });
}

std::optional<VolumeId> QuarantineIndex::find(const wire::BlockInfo& replica) const {
  const auto at = since_.lower_bound(key_of(replica, 0));
  if (at == since_.end()) return std::nullopt;
  const VolumeId volume = std::get<3>(at->first);
  return at->first == key_of(replica, volume) ? std::optional(volume) : std::nullopt;
}

std::vector<wire::BlockInfo> QuarantineIndex::oldest(Instant until, std::size_t limit) const {
  std::vector<wire::BlockInfo> replicas;
  for (const auto& [since, key] : by_age_) {
    if (since > until || replicas.size() == limit) break;
    replicas.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key)});
  }
  return replicas;
}

}  // namespace dfs::datanode
