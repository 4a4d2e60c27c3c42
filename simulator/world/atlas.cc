#include "simulator/world/atlas.h"

namespace dfs::world {

std::string BlockTruth::describe() const {
  const auto list = [](const char* what, const std::set<Address>& nodes) {
    std::string text = what;
    for (const Address node : nodes) text += " " + std::to_string(node);
    return text;
  };
  std::set<Address> destroyed;
  for (const auto& [node, at] : destroyed_us) destroyed.insert(node);
  return list("good on", good) + list(", rotten on", rotten) + list(", in quarantine on", kept) +
         list(", destroyed on", destroyed);
}

void Atlas::look(Address address, BlockId block, BlockTruth& truth) {
  truth.good.erase(address);
  truth.rotten.erase(address);
  truth.kept.erase(address);
  if (foreign_.contains(address)) return;
  const sim::DataNodeNode& node = *nodes_.at(address);
  for (std::uint32_t volume = 0; volume < node.volumes(); ++volume) {
    const sim::SimDisk& disk = node.disk(volume);
    if (!disk.in_service()) continue;
    const auto right = [&truth](const wire::BlockInfo& info) {
      return truth.info == wire::BlockInfo{} || info == truth.info;
    };
    const sim::ReplicaFiles files{disk.data(block), disk.sidecar(block)};
    if (files.data != nullptr && files.sidecar != nullptr) {
      const bool good = files.whole() && right(files.sidecar->info);
      (good ? truth.good : truth.rotten).insert(address);
    }
    for (const sim::Quarantined& copy : disk.quarantined(block)) {
      if (copy.whole() && right(copy.info)) truth.kept.insert(address);
    }
  }
}

void Atlas::refresh(Address node, BlockId block) { look(node, block, blocks_[block]); }

void Atlas::rescan(Address address) {
  const sim::DataNodeNode& node = *nodes_.at(address);
  for (std::uint32_t volume = 0; volume < node.volumes() && !foreign_.contains(address); ++volume) {
    const sim::SimDisk& disk = node.disk(volume);
    for (const BlockId block : disk.list()) static_cast<void>(blocks_[block]);
    for (const sim::Quarantined& copy : disk.quarantined()) {
      static_cast<void>(blocks_[copy.info.id]);
    }
  }
  for (auto& [block, truth] : blocks_) look(address, block, truth);
}

std::string Atlas::published(Address address, BlockId block) {
  const sim::DataNodeNode& node = *nodes_.at(address);
  BlockTruth& truth = blocks_[block];
  truth.published.insert(node.identity().node);
  std::string wrong;
  for (std::uint32_t volume = 0; volume < node.volumes(); ++volume) {
    const sim::FileBytes* data = node.disk(volume).data(block);
    const datanode::Sidecar* sidecar = node.disk(volume).sidecar(block);
    if (data == nullptr || sidecar == nullptr) continue;
    if (data->crc() != sidecar->info.crc) continue;  // rot, on another volume
    const std::uint64_t digest = data->digest();
    if (truth.info == wire::BlockInfo{}) truth.info = sidecar->info;
    if (truth.digest == 0 && sidecar->info == truth.info) truth.digest = digest;
    if (sidecar->info == truth.info && digest != truth.digest) {
      wrong = "two replicas of block " + std::to_string(block.value) +
              " with the same length and CRC differ";
    }
  }
  look(address, block, truth);
  return wrong;
}

void Atlas::redefine(BlockId block, const wire::BlockInfo& info) {
  BlockTruth& truth = blocks_[block];
  if (truth.info == info) return;
  truth.info = info;
  truth.digest = 0;
  for (const auto& each : nodes_) look(each.first, block, truth);
}

void Atlas::destroyed(Address node, BlockId block, std::int64_t now_us) {
  blocks_[block].destroyed_us[node] = now_us;
}

void Atlas::set_foreign(Address node, bool foreign) {
  if (foreign) {
    foreign_.insert(node);
  } else {
    foreign_.erase(node);
  }
  rescan(node);
}

void Atlas::swapped(Address a, Address b) {
  for (auto& [block, truth] : blocks_) {
    auto of_a = truth.destroyed_us.extract(a);
    auto of_b = truth.destroyed_us.extract(b);
    if (!of_a.empty()) of_a.key() = b;
    if (!of_b.empty()) of_b.key() = a;
    truth.destroyed_us.insert(std::move(of_a));
    truth.destroyed_us.insert(std::move(of_b));
  }
  rescan(a);
  rescan(b);
}

const BlockTruth* Atlas::find(BlockId block) const {
  const auto found = blocks_.find(block);
  return found == blocks_.end() ? nullptr : &found->second;
}

std::vector<BlockId> Atlas::good_on(Address node) const {
  std::vector<BlockId> blocks;
  for (const auto& [block, truth] : blocks_) {
    if (truth.good.contains(node)) blocks.push_back(block);
  }
  return blocks;
}

bool Atlas::expendable(Address node, BlockId block) const {
  const BlockTruth* truth = find(block);
  if (truth == nullptr) return true;
  return truth->good.size() > (truth->good.contains(node) ? 1u : 0u);
}

}  // namespace dfs::world
