// Faults of DataNodes' disks: replicas that are spoilt, errors, volumes that fail, disks that are
// exchanged.
#include <algorithm>

#include "core/datanode/checksum_builder.h"
#include "simulator/world/injector.h"

namespace dfs::world {
namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::uint64_t kForeignBlocks = 3;

// A write of long ago went wrong. False: that changes nothing.
bool spoil(FaultKind kind, sim::SimDisk& disk, BlockId block, Random draw) {
  const std::uint64_t sectors = disk.data(block, sim::Folder::kCurrent)->size() / kSector + 1;
  const std::uint64_t at = draw.below(sectors) * kSector;
  switch (kind) {
    case FaultKind::kLostSidecar:
      return disk.lose_sidecar(block);
    case FaultKind::kReplicaVanished:
      return disk.vanish(block);
    case FaultKind::kLostWrite: {
      const bool cut = draw.chance(1, 2);
      return disk.lose_write(block, at, draw.between(1, 8), cut);
    }
    case FaultKind::kMisdirectedWrite: {
      const std::vector<BlockId> others = disk.list();
      if (others.empty()) return false;  // what was found here is data that has lost its sidecar
      return disk.misdirect(block, others[draw.below(others.size())], at);
    }
    default:
      return false;
  }
}

sim::Extent granules_from(std::uint64_t first, std::uint64_t count) {
  return {first * wire::kGranuleBytes, (first + count) * wire::kGranuleBytes};
}

// Everything, or some granules.
sim::Extent unreadable_part(std::uint64_t length, Random draw) {
  const std::uint64_t granules = wire::granules_of(length);
  if (granules < 2 || draw.chance(1, 2)) return {};
  const std::uint64_t first = draw.below(granules);
  return granules_from(first, draw.between(1, granules - first));
}

}  // namespace

// One replica that is not the last good one is spoilt or cannot be read.
bool Injector::damage(const PlannedFault& fault, Random draw) {
  const std::size_t index = draw.below(targets_.datanodes.size());
  sim::DataNodeNode& node = *targets_.datanodes[index];
  std::vector<BlockId> held = scene_.atlas.good_on(node.address());
  std::erase_if(held,
                [&](BlockId block) { return !scene_.atlas.expendable(node.address(), block); });
  if (held.empty()) return false;
  // The newest blocks are the most interesting ones.
  const std::size_t recent = std::min<std::size_t>(held.size(), draw.chance(1, 2) ? 8 : 1000);
  const BlockId block = held[held.size() - 1 - draw.below(recent)];
  for (std::uint32_t volume = 0; volume < node.volumes(); ++volume) {
    sim::SimDisk& disk = node.disk(volume);
    const sim::FileBytes* data = disk.data(block, sim::Folder::kCurrent);
    if (data == nullptr) continue;
    if (fault.kind == FaultKind::kReadError) {
      disk.set_unreadable(block, unreadable_part(data->size(), draw.fork("part")));
      later(fault.length, [&disk, block] { disk.set_readable(block); });
      return true;
    }
    if (fault.kind == FaultKind::kBitRot) return rot(node, block, draw);
    if (data->empty() || !spoil(fault.kind, disk, block, draw)) return false;
    scene_.atlas.destroyed(node.address(), block, scene_.now_us());
    scene_.atlas.refresh(node.address(), block);
    return true;
  }
  return false;
}

// Only of blocks without a copy too many, so that none goes that has what others cannot read.
void Injector::scatter_read_errors(Random draw) {
  if (!counts_.contains(std::string(to_string(FaultKind::kReadError)))) return;
  for (const auto& [block, truth] : scene_.atlas.blocks()) {
    const ModelBlockState* state = scene_.durable.block(block);
    const std::uint64_t granules = wire::granules_of(truth.info.length);
    // Who is ill may be the only one that has what is made unreadable elsewhere.
    const bool ill =
        std::ranges::any_of(truth.good, [this](Address node) { return scene_.ill.contains(node); });
    if (state == nullptr || granules < 2 || truth.good.size() < 2 || ill ||
        truth.good.size() > state->replication || !truth.rotten.empty()) {
      continue;
    }
    std::uint64_t bad = draw.fork(block.value).below(granules);
    for (sim::DataNodeNode* node : targets_.datanodes) {
      if (!truth.good.contains(node->address())) continue;
      for (std::uint32_t volume = 0; volume < node->volumes(); ++volume) {
        node->disk(volume).set_unreadable(block, granules_from(bad, 1));
      }
      bad = (bad + 1) % granules;
    }
    scene_.verdicts.probe("read error in each replica of a block");
  }
}

// Beyond the budget: a file that asks for one copy of its blocks loses one. That its bytes are gone
// is nobody's fault from then on; what is left of them must stay.
bool Injector::rot_last(Random draw) {
  std::vector<std::pair<BlockId, Address>> alone;
  for (const auto& [id, file] : scene_.durable.inodes()) {
    for (const ModelBlock& block : file.blocks) {
      const BlockTruth* truth = scene_.atlas.find(block.id);
      if (file.replication != 1 || truth == nullptr || truth->copies() != 1) continue;
      if (truth->good.size() == 1) alone.push_back({block.id, *truth->good.begin()});
    }
  }
  if (alone.empty()) return false;
  const auto& [block, address] = alone[draw.below(alone.size())];
  for (sim::DataNodeNode* node : targets_.datanodes) {
    if (node->address() == address && rot(*node, block, draw)) {
      scene_.given_up.insert(block);
      return true;
    }
  }
  return false;
}

bool Injector::rot(sim::DataNodeNode& node, BlockId block, Random draw) {
  for (std::uint32_t volume = 0; volume < node.volumes(); ++volume) {
    sim::SimDisk& disk = node.disk(volume);
    const sim::FileBytes* data = disk.data(block, sim::Folder::kCurrent);
    if (data == nullptr || data->empty()) continue;
    // One after the other: compilers evaluate arguments in different orders.
    const std::uint64_t at = draw.below(data->size());
    const auto mask = static_cast<std::uint8_t>(1u << draw.below(8));
    if (!disk.rot(block, at, mask)) {
      return false;
    }
    scene_.atlas.destroyed(node.address(), block, scene_.now_us());
    scene_.atlas.refresh(node.address(), block);
    return true;
  }
  return false;
}

bool Injector::trouble_disk(const PlannedFault& fault, Random draw) {
  sim::DataNodeNode& node = *targets_.datanodes[draw.below(targets_.datanodes.size())];
  if (fault.kind == FaultKind::kSlowDisk) {
    node.slow_down(static_cast<std::int64_t>(draw.between(10, 2000)));
    later(fault.length, [&node] { node.slow_down(1); });
    return true;
  }
  sim::SimDisk& disk = node.disk(static_cast<datanode::VolumeId>(draw.below(node.volumes())));
  if (fault.kind == FaultKind::kDiskFull) {
    disk.set_full(true);
    later(fault.length, [&disk] { disk.set_full(false); });
  } else {
    disk.set_out_of_descriptors(true);
    later(fault.length, [&disk] { disk.set_out_of_descriptors(false); });
  }
  return true;
}

bool Injector::keeps_last(const sim::DataNodeNode& node,
                          std::optional<datanode::VolumeId> volume) const {
  return std::ranges::any_of(scene_.atlas.blocks(), [&](const auto& each) {
    const auto& [block, truth] = each;
    if (!truth.good.empty() || truth.kept.size() != 1 || !truth.kept.contains(node.address())) {
      return false;
    }
    if (volume && node.disk(*volume).quarantined(block).empty()) return false;
    const ModelBlockState* state = scene_.durable.block(block);
    return state != nullptr && state->referenced && state->committed &&
           !scene_.given_up.contains(block);
  });
}

bool Injector::give_up_volume(sim::DataNodeNode& node, datanode::VolumeId volume) {
  std::vector<BlockId> held = scene_.atlas.good_on(node.address());
  std::erase_if(held, [&](BlockId block) {
    return node.disk(volume).data(block, sim::Folder::kCurrent) == nullptr;
  });
  const bool elsewhere = std::ranges::all_of(
      held, [&](BlockId block) { return scene_.atlas.expendable(node.address(), block); });
  if (!elsewhere || keeps_last(node, volume) ||
      (node.volumes() == 1 && datanodes_away() >= targets_.datanodes.size() / 2)) {
    return false;
  }
  taken(node, volume);
  return true;
}

void Injector::restart_datanode(sim::DataNodeNode& node) {
  if (node.up()) node.die(false);
  datanode_died(node);
  start_datanode(node);
}

// The next write, sync or rename of some kind fails, and with it the volume until the process is
// started again.
bool Injector::fail_disk(const PlannedFault& fault, Random draw) {
  sim::DataNodeNode* node = pick_datanode(draw, true);
  if (node == nullptr) return false;
  std::vector<sim::AmbushPoint> on_disk;
  std::ranges::copy_if(sim::kDataNodeAmbushes, std::back_inserter(on_disk),
                       [](const sim::AmbushPoint& p) { return p.work <= sim::Work::kPurge; });
  const sim::AmbushPoint point = on_disk[draw.below(on_disk.size())];
  node->ambushes().lay({point, sim::Blow::kDiskError, [this, node, fault](std::uint32_t volume) {
                          if (over_ || !give_up_volume(*node, volume)) return false;
                          scene_.verdicts.probe("a disk failed in the middle of a write");
                          scene_.queue.after({}, [this, node] { datanode_died(*node); });
                          later(fault.length, [this, node] { restart_datanode(*node); });
                          return true;
                        }});
  return true;
}

bool Injector::break_volume(const PlannedFault& fault, Random draw) {
  sim::DataNodeNode& node = *targets_.datanodes[draw.below(targets_.datanodes.size())];
  const auto volume = static_cast<datanode::VolumeId>(draw.below(node.volumes()));
  if (node.volumes() == 1 || node.has_failed_volumes() || !give_up_volume(node, volume)) {
    return false;
  }
  node.disk(volume).set_broken(true);
  datanode_died(node);
  later(fault.length, [this, &node, volume] {
    node.disk(volume).set_broken(false);
    restart_datanode(node);
  });
  return true;
}

// An operator puts the disks of two machines back in the wrong order.
bool Injector::swap_disks(const PlannedFault& fault, Random draw) {
  if (datanodes_away() + 2 > targets_.datanodes.size() / 2 || !own_disks_.empty()) return false;
  sim::DataNodeNode* one = pick_datanode(draw, true);
  sim::DataNodeNode* other = pick_datanode(draw, true);
  if (one == nullptr || one == other) return false;
  const bool power = draw.chance(1, 2);
  for (sim::DataNodeNode* node : {one, other}) node->die(power);
  one->swap_directories(*other);
  scene_.atlas.swapped(one->address(), other->address());
  const auto moved = [this](const sim::DataNodeNode& to, const sim::DataNodeNode& from) {
    // A disk whose registration was given up with a history may call itself what another one is.
    const NodeId node = to.identity().node;
    if (node && scene_.address_of(node) == from.address()) scene_.addresses[node] = to.address();
    scene_.exchanged_us[to.address()] = scene_.now_us();
  };
  moved(*one, *other);
  moved(*other, *one);
  for (sim::DataNodeNode* node : {one, other}) {
    datanode_died(*node);
    later(fault.length / 4, [this, node] { start_datanode(*node); });
  }
  return true;
}

// An operator puts a disk of another cluster into a machine, and the right one back later.
bool Injector::bring_foreign_disk(const PlannedFault& fault, Random draw) {
  sim::DataNodeNode* node = pick_datanode(draw, true);
  if (node == nullptr || own_disks_.contains(node->address()) ||
      datanodes_away() >= targets_.datanodes.size() / 2) {
    return false;
  }
  const std::vector<BlockId> held = scene_.atlas.good_on(node->address());
  if (!std::ranges::all_of(
          held, [&](BlockId block) { return scene_.atlas.expendable(node->address(), block); }) ||
      keeps_last(*node)) {
    return false;
  }
  node->die(true);
  taken(*node);
  sim::DataNodeDirectory foreign;
  for (std::uint32_t volume = 0; volume < node->volumes(); ++volume) {
    foreign.disks.emplace_back(scene_.plan.volume_bytes);
  }
  // Ids as ours are, so that they could be mixed up.
  for (std::uint64_t i = 0; i < kForeignBlocks; ++i) {
    const std::vector<std::uint8_t> bytes(draw.between(1, kSector), static_cast<std::uint8_t>(i));
    datanode::ChecksumBuilder checksums;
    checksums.add(bytes);
    checksums.finish();
    auto sidecar = std::make_shared<datanode::Sidecar>();
    const std::uint64_t id = scene_.applied.highest_block().value;
    sidecar->info = {BlockId{id > i ? id - i : i + 1}, bytes.size(), checksums.crc()};
    sidecar->granule_crcs = checksums.granules();
    sidecar->chunk_crcs = checksums.chunks();
    const Result<std::uint64_t> file = foreign.disks.front().create(bytes.size());
    const bool stored = file.ok() && foreign.disks.front().write(*file, 0, bytes).ok() &&
                        foreign.disks.front().publish(*file, sidecar).ok();
    DFS_ASSERT(stored);
  }
  foreign.identity.cluster = "another cluster";
  foreign.identity.node = NodeId{1};
  foreign.uuid = to_hex(draw.next(), 16) + to_hex(0, 16);
  node->swap_directory(foreign);
  own_disks_[node->address()] = std::move(foreign);
  scene_.atlas.set_foreign(node->address(), true);
  datanode_died(*node);
  start_datanode(*node);
  later(fault.length, [this, node] {
    return_own_disk(*node);
    start_datanode(*node);
  });
  return true;
}

void Injector::return_own_disk(sim::DataNodeNode& node) {
  const auto own = own_disks_.find(node.address());
  if (own == own_disks_.end()) return;
  const bool foreign = node.identity().cluster == "another cluster";
  const std::size_t left = node.disk(0).list().size();
  scene_.verdicts.expect(foreign && left == kForeignBlocks, "D4", [&] {
    return "of the replicas of another cluster on node " + std::to_string(node.address()) + ", " +
           std::to_string(left) + " are left";
  });
  if (node.up()) node.die(false);
  node.swap_directory(own->second);
  taken_out_.push_back(std::move(own->second));
  own_disks_.erase(own);
  scene_.atlas.set_foreign(node.address(), false);
  datanode_died(node);
}

void Injector::return_own_disks() {
  for (sim::DataNodeNode* node : targets_.datanodes) return_own_disk(*node);
}

}  // namespace dfs::world
