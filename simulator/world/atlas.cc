#include "simulator/world/atlas.h"

#include <array>

#include "core/base/crc32c.h"

namespace dfs::world {
namespace {

using sim::Folder;

// A polynomial of the words for each of four lanes, which do not wait for each other, and one
// digest of them all.
std::uint64_t digest_bytes(const std::vector<std::uint8_t>& data) {
  constexpr std::size_t kLanes = 4;
  constexpr std::size_t kWordBytes = 8;
  constexpr std::uint64_t kBase = 0x9e3779b97f4a7c15;  // odd: no word is ever lost
  std::array<std::uint64_t, kLanes> lanes{};
  std::size_t at = 0;
  for (; at + kLanes * kWordBytes <= data.size(); at += kLanes * kWordBytes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = lanes[lane] * kBase + get_le64(data.data() + at + lane * kWordBytes);
    }
  }
  Digest digest;
  digest.add(static_cast<std::uint64_t>(data.size()));
  for (const std::uint64_t lane : lanes) digest.add(lane);
  for (; at < data.size(); ++at) digest.add(std::uint64_t{data[at]});
  return digest.value();
}

}  // namespace

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
    if (!node.disk(volume).in_service()) continue;
    for (const Folder folder : {Folder::kCurrent, Folder::kQuarantine}) {
      const std::vector<std::uint8_t>* data = node.disk(volume).data(block, folder);
      const datanode::Sidecar* sidecar = node.disk(volume).sidecar(block, folder);
      if (data == nullptr || sidecar == nullptr) continue;
      const bool whole = sidecar->info.length == data->size() &&
                         crc32c(*data) == sidecar->info.crc &&
                         (truth.info == wire::BlockInfo{} || sidecar->info == truth.info);
      if (folder == Folder::kCurrent) {
        (whole ? truth.good : truth.rotten).insert(address);
      } else if (whole) {
        truth.kept.insert(address);
      }
    }
  }
}

void Atlas::refresh(Address node, BlockId block) { look(node, block, blocks_[block]); }

void Atlas::rescan(Address address) {
  const sim::DataNodeNode& node = *nodes_.at(address);
  for (std::uint32_t volume = 0; volume < node.volumes() && !foreign_.contains(address); ++volume) {
    for (const Folder folder : {Folder::kCurrent, Folder::kQuarantine}) {
      for (const BlockId block : node.disk(volume).list(folder)) static_cast<void>(blocks_[block]);
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
    const std::vector<std::uint8_t>* data = node.disk(volume).data(block, Folder::kCurrent);
    const datanode::Sidecar* sidecar = node.disk(volume).sidecar(block, Folder::kCurrent);
    if (data == nullptr || sidecar == nullptr) continue;
    if (crc32c(*data) != sidecar->info.crc) continue;  // rot, on another volume
    const std::uint64_t digest = digest_bytes(*data);
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
