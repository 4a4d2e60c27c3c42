// What befalls a simulated disk: power loss, rot, writes that went astray, errors.
#include <algorithm>

#include "adapters/sim/disk.h"

namespace dfs::sim {
namespace {

constexpr std::size_t kSectorBytes = 512;

}  // namespace

void SimDisk::resize(SimFile& file, std::uint64_t length) {
  if (file.seen > 0) used_ = used_ - file.data.size() + length;
  file.data.resize(length);
}

// What was not synced is on the disk, or not, or a part of it: up to a sector, or each sector by
// itself, with zeros or garbage where it is not.
void SimDisk::tear(SimFile& file, Random& draw) {
  const std::uint64_t fate = draw.below(5);
  if (fate == 0) return;  // it had been written out in time
  file.sidecar.reset();
  if (fate == 1) return resize(file, 0);
  const std::size_t sectors = file.data.size() / kSectorBytes + 1;
  if (fate == 2) {
    return resize(file, std::min(file.data.size(), draw.below(sectors) * kSectorBytes));
  }
  file.data.change([&](MutableBytes data) {
    for (std::size_t sector = 0; sector < sectors; ++sector) {
      if (draw.chance(1, 2)) continue;
      const std::size_t end = std::min(data.size(), (sector + 1) * kSectorBytes);
      for (std::size_t i = sector * kSectorBytes; i < end; ++i) {
        data[i] = fate == 3 ? 0 : static_cast<std::uint8_t>(draw.next());
      }
    }
  });
}

void SimDisk::power_loss(Random draw) {
  for (auto& [id, file] : files_) {
    if (!file.synced) tear(file, draw);
    file.synced = true;
  }
  const std::uint64_t fate = draw.below(4);
  const std::size_t prefix = draw.below(unsynced_.size() + 1);
  for (std::size_t i = 0; i < unsynced_.size(); ++i) {
    const bool kept = fate == 0   ? false
                      : fate == 1 ? true
                      : fate == 2 ? i < prefix
                                  : draw.chance(1, 2);
    if (kept) apply_durably(unsynced_[i]);
  }
  unsynced_.clear();
  const Entries seen = entries_;
  for (const auto& [name, file] : seen) unlink(entries_, name);
  for (const auto& [name, file] : durable_) link(entries_, name, file);
}

bool SimDisk::rot(BlockId block, std::uint64_t offset, std::uint8_t mask) {
  SimFile* file = find({Folder::kCurrent, false, block.value});
  if (file == nullptr || offset >= file->data.size() || mask == 0) return false;
  file->data.change([&](MutableBytes data) { data[offset] ^= mask; });
  return true;
}

bool SimDisk::lose_sidecar(BlockId block) {
  SimFile* file = find({Folder::kCurrent, true, block.value});
  if (file == nullptr) return false;
  file->sidecar.reset();
  return true;
}

bool SimDisk::misdirect(BlockId block, BlockId other, std::uint64_t offset) {
  SimFile* file = find({Folder::kCurrent, false, block.value});
  const SimFile* from = find({Folder::kCurrent, false, other.value});
  if (file == nullptr || from == nullptr || offset >= file->data.size()) return false;
  const std::size_t length = std::min(from->data.size(), file->data.size() - offset);
  const Bytes strange = from->data.view().first(length);
  const Bytes right = file->data.view().subspan(offset, length);
  if (std::equal(strange.begin(), strange.end(), right.begin())) return false;
  file->data.write(offset, strange);
  return true;
}

bool SimDisk::lose_write(BlockId block, std::uint64_t offset, std::uint64_t sectors, bool cut) {
  SimFile* file = find({Folder::kCurrent, false, block.value});
  if (file == nullptr || offset >= file->data.size()) return false;
  if (cut) {
    resize(*file, offset);
    return true;
  }
  const std::uint64_t length = std::min(sectors * kSectorBytes, file->data.size() - offset);
  const Bytes old = file->data.view().subspan(offset, length);
  const std::vector<std::uint8_t> zeros(length);
  if (std::equal(old.begin(), old.end(), zeros.begin())) return false;
  file->data.write(offset, zeros);
  return true;
}

bool SimDisk::vanish(BlockId block) {
  if (find({Folder::kCurrent, false, block.value}) == nullptr) return false;
  for (const bool sidecar : {false, true}) {
    if (find({Folder::kCurrent, sidecar, block.value}) == nullptr) continue;
    remove_entry({Folder::kCurrent, sidecar, block.value});
  }
  sync(Folder::kCurrent);
  return true;
}

SimDisk SimDisk::copy() const {
  SimDisk copy(capacity_);
  copy.next_file_ = next_file_;
  for (const auto& [name, from] : entries_) {
    const auto [to, first] = copy.files_.try_emplace(from->first, from->second);
    if (first) {
      to->second.synced = true;
      to->second.names = to->second.seen = 0;
    }
    copy.link(copy.entries_, name, to);
    copy.link(copy.durable_, name, to);
  }
  return copy;
}

void SimDisk::wipe() {
  files_.clear();
  entries_.clear();
  durable_.clear();
  unsynced_.clear();
  unreadable_.clear();
  used_ = 0;
}

void SimDisk::set_broken(bool broken) {
  broken_ = broken;
  if (broken) failed_ = true;
}

void SimDisk::repair_faults() {
  full_ = false;
  no_descriptors_ = false;
  broken_ = false;
  reads_fail_ = false;
  writes_fail_ = false;
  unreadable_.clear();
}

}  // namespace dfs::sim
