#include "core/datanode/quarantine_index.h"

namespace dfs::datanode {

void QuarantineIndex::add(const wire::BlockInfo& replica, VolumeId volume, Instant since) {
  const Key key = key_of(replica, volume);
  const auto [at, first] = kept_.try_emplace(key, Kept{since});
  if (first) by_age_.insert({since, key});
  ++at->second.copies;
  at->second.rotten = false;
}

void QuarantineIndex::take(const wire::BlockInfo& replica, VolumeId volume) {
  const auto at = kept_.find(key_of(replica, volume));
  if (at != kept_.end() && --at->second.copies == 0) erase(at);
}

void QuarantineIndex::erase(const wire::BlockInfo& replica, VolumeId volume) {
  const auto at = kept_.find(key_of(replica, volume));
  if (at != kept_.end()) erase(at);
}

void QuarantineIndex::erase(All::iterator at) {
  by_age_.erase({at->second.since, at->first});
  kept_.erase(at);
}

void QuarantineIndex::rotten(const wire::BlockInfo& replica, VolumeId volume) {
  const auto at = kept_.find(key_of(replica, volume));
  if (at != kept_.end()) at->second.rotten = true;
}

void QuarantineIndex::erase_volume(VolumeId volume) {
  std::erase_if(by_age_,
                [volume](const auto& entry) { return std::get<3>(entry.second) == volume; });
  std::erase_if(kept_, [volume](const auto& entry) { return std::get<3>(entry.first) == volume; });
}

std::optional<VolumeId> QuarantineIndex::find(const wire::BlockInfo& replica) const {
  std::optional<VolumeId> any;
  for (auto at = kept_.lower_bound(key_of(replica, 0)); at != kept_.end(); ++at) {
    const VolumeId volume = std::get<3>(at->first);
    if (at->first != key_of(replica, volume)) break;
    if (!at->second.rotten) return volume;
    if (!any) any = volume;
  }
  return any;
}

std::vector<wire::BlockInfo> QuarantineIndex::next_old(Instant until, std::size_t limit,
                                                       Instant now) {
  std::vector<wire::BlockInfo> replicas;
  auto at = turn_after_ ? by_age_.upper_bound(*turn_after_) : by_age_.begin();
  std::optional<Aged> last;
  for (; at != by_age_.end() && at->first <= until && replicas.size() < limit; ++at) {
    const Key& key = at->second;
    replicas.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key)});
    last = *at;
  }
  if (!turn_ends_) {
    turn_ends_ = now + kTurn;
  } else if (now >= *turn_ends_) {
    turn_after_ = replicas.size() < limit ? std::nullopt : last;
    turn_ends_.reset();
  }
  return replicas;
}

}  // namespace dfs::datanode
