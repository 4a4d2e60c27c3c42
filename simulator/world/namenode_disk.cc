#include "simulator/world/namenode_disk.h"

#include <algorithm>

namespace dfs::world {
namespace {

constexpr std::uint64_t kCommitSteps = 24;
constexpr Duration kSupervisor = seconds(1);  // until it starts a process again
constexpr Duration kOperator = seconds(5);    // until one has looked at it
constexpr int kRescueAttempts = 6;

Duration part_of(Duration whole, Random& draw) {
  return microseconds(
      static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(whole.us / 2) + 1)));
}

}  // namespace

bool NameNodeDisk::strike(const PlannedFault& fault, Random draw) {
  if (lost_) return false;  // the new one is sound
  switch (fault.kind) {
    case FaultKind::kNameNodeIoError:
      return errors(fault, draw);
    case FaultKind::kNameNodeDiskFull:
      return fill(fault, draw);
    case FaultKind::kNameNodeGarbledPower:
      return garble(fault, draw);
    case FaultKind::kNameNodeRot:
      return rot(fault, draw);
    case FaultKind::kNameNodeLyingSync:
      return lie(fault, draw);
    case FaultKind::kNameNodeDiskLost:
      return lose(draw);
    default:
      return false;
  }
}

void NameNodeDisk::set(const sim::DiskFaults& faults) {
  faults_ = faults;
  targets_.namenode_host->disk().set_faults(faults_);
}

// Reads, writes, syncs, or all of them fail now and then.
bool NameNodeDisk::errors(const PlannedFault& fault, Random draw) {
  sim::DiskFaults faults = faults_;
  const std::uint64_t which = draw.below(4);
  const auto rate = static_cast<std::uint32_t>(500u << draw.below(8));
  if (which == 0 || which == 3) faults.read_errors = rate;
  if (which == 1 || which == 3) faults.write_errors = rate;
  if (which >= 2) faults.sync_errors = rate;
  set(faults);
  later_(fault.length, [this] {
    sim::DiskFaults healthy = faults_;
    healthy.read_errors = healthy.write_errors = healthy.sync_errors = 0;
    set(healthy);
  });
  return true;
}

// Sometimes the reserve is left, sometimes next to nothing.
bool NameNodeDisk::fill(const PlannedFault& fault, Random draw) {
  sim::DiskFaults faults = faults_;
  const std::uint64_t left = std::uint64_t{16 * 1024} << draw.below(6);
  faults.capacity_bytes = targets_.namenode_host->disk().files().used_bytes() + left;
  set(faults);
  later_(fault.length, [this] {
    sim::DiskFaults roomy = faults_;
    roomy.capacity_bytes = UINT64_MAX;
    set(roomy);
  });
  return true;
}

// Sectors are as large as the store's pages, or smaller, as everywhere: what shares a sector with a
// page that is written back is in no log.
bool NameNodeDisk::garble(const PlannedFault& fault, Random draw) {
  if (!targets_.namenode->up()) return false;
  sim::SimVfs& disk = targets_.namenode_host->disk();
  const auto page_bytes = static_cast<std::uint32_t>(scene_.plan.page_bytes);
  disk.set_sectors({.bytes = draw.chance(1, 2) ? 512u : page_bytes, .garble = true});
  kill(true, draw.below(kCommitSteps));
  disk.set_sectors({});
  later_(fault.length / 4, [this] { start(); });
  return true;
}

// An operator's copy, made while nothing is wrong and nothing is under way.
bool NameNodeDisk::keep_backup() {
  if (damaged() || !targets_.namenode->up() || targets_.namenode->committing()) return false;
  targets_.namenode_host->keep_backup();
  targets_.backup_kept();
  return true;
}

// Bits flip in a running NameNode's files or in those of one that is down; it is started again.
bool NameNodeDisk::rot(const PlannedFault& fault, Random draw) {
  if (!keep_backup()) return false;
  const Duration delay = part_of(fault.length, draw);
  later_(delay, [this, draw, length = fault.length]() mutable {
    if (damaged() || !targets_.namenode->up()) return;
    if (draw.chance(1, 2)) kill(draw.chance(1, 2), draw.below(kCommitSteps));
    const std::uint64_t bits = std::uint64_t{1} << draw.below(6);
    for (std::uint64_t i = 0; i < bits; ++i) {
      static_cast<void>(targets_.namenode_host->disk().files().rot(draw.fork(i)));
    }
    scene_.namenode_damage = NameNodeDamage::kRot;
    later_(part_of(length, draw), [this] {
      kill(false, 0);
      start();
    });
  });
  return true;
}

bool NameNodeDisk::lie(const PlannedFault& fault, Random draw) {
  if (!keep_backup()) return false;
  sim::DiskFaults faults = faults_;
  faults.lying_sync = faults.lies_until_checkpoint = true;
  set(faults);
  scene_.namenode_damage = NameNodeDamage::kLies;
  scene_.namenode_disk_lies = true;
  draw_ = draw.fork("power");
  later_(part_of(fault.length, draw), [this] {
    if (!scene_.namenode_disk_lies) return;  // it is over
    kill(true, 0);
    be_honest();
    start();
  });
  return true;
}

void NameNodeDisk::be_honest() {
  sim::DiskFaults honest = faults_;
  honest.lying_sync = honest.lies_until_checkpoint = false;
  set(honest);
  scene_.namenode_disk_lies = false;
}

void NameNodeDisk::kill(bool power, std::uint64_t commit_steps) {
  targets_.namenode->die(power, commit_steps);
}

void NameNodeDisk::start() {
  if (!lost_ && !targets_.namenode->up()) targets_.namenode->start();
}

bool NameNodeDisk::lose(Random draw) {
  const namenode::Shipper* shipper =
      targets_.shipping == nullptr ? nullptr : targets_.shipping->machine();
  if (shipper == nullptr || shipper->status(targets_.namenode->now()).homes == 0) return false;
  if (!keep_backup()) return false;
  kill(draw.chance(1, 2), draw.below(kCommitSteps));
  targets_.namenode_host->disk().files().wipe();
  set({});
  lost_ = true;
  scene_.queue.after(kOperator, [this, draw] { rescue(draw.fork("rescue"), kRescueAttempts); });
  return true;
}

// The operator does not think of every DataNode.
void NameNodeDisk::rescue(Random draw, int attempts) {
  std::vector<sim::DataNodeNode*> from;
  for (sim::DataNodeNode* node : targets_.datanodes) {
    if (draw.chance(3, 4)) from.push_back(node);
  }
  const Result<Rescued> rescued =
      world::rescue(*targets_.namenode_host, from, targets_.namenode->now().wall, draw);
  if (!rescued.ok() && attempts > 1) {
    scene_.queue.after(kOperator,
                       [this, draw, attempts] { rescue(draw.fork("again"), attempts - 1); });
    return;
  }
  lost_ = false;
  if (!rescued.ok()) return put_backup_back();
  targets_.rescued(*rescued);
  scene_.verdicts.probe("NameNode's metadata rescued from DataNodes");
  start();
  scene_.queue.after(kOperator, [this] { targets_.operate(wire::AcceptHistory{}); });
}

void NameNodeDisk::put_backup_back() {
  targets_.namenode_host->restore_backup();
  targets_.backup_restored();
  targets_.namenode->start();
  scene_.queue.after(kOperator, [this] { targets_.operate(wire::AcceptHistory{}); });
}

// What the process found makes no difference to what is done: it is started again, and where that
// is in vain because the disk is damaged, the copy is put back.
void NameNodeDisk::gave_up() {
  if (scene_.namenode_disk_lies) {
    targets_.namenode_host->power_loss(draw_);
    be_honest();
  }
  scene_.queue.after(kSupervisor, [this] {
    if (lost_ || targets_.namenode->up()) return;
    const bool restore = damaged();
    targets_.namenode->start();
    if (!restore || targets_.namenode->up() || operator_called_) return;
    operator_called_ = true;
    scene_.queue.after(kOperator, [this] {
      operator_called_ = false;
      if (lost_ || targets_.namenode->up()) return;
      scene_.verdicts.probe("NameNode's damaged disk replaced by an older copy");
      put_backup_back();
    });
  });
}

// What may be damaged is read whole before anybody relies on it.
void NameNodeDisk::heal() {
  const bool lying = scene_.namenode_disk_lies;
  set({});
  scene_.namenode_disk_lies = false;
  if (damaged()) kill(lying, 0);
}

}  // namespace dfs::world
