#include "simulator/world/injector.h"

#include <algorithm>

#include "core/base/assert.h"

namespace dfs::world {
namespace {

constexpr std::size_t kLeastInService = 3;

}  // namespace

void Injector::schedule() {
  for (std::size_t i = 0; i < scene_.plan.faults.size(); ++i) {
    if (!scene_.plan.selection.has_fault(i)) continue;
    const PlannedFault& fault = scene_.plan.faults[i];
    scene_.queue.at(fault.at, [this, fault] {
      if (!over_) strike(fault);
    });
  }
}

void Injector::later(Duration delay, std::function<void()> what) {
  scene_.queue.after(delay, [this, what = std::move(what)] {
    if (!over_) what();
  });
}

std::map<std::string, std::uint64_t> Injector::counts() const {
  std::map<std::string, std::uint64_t> counts = counts_;
  const sim::NetworkCounts& network = targets_.network->counts();
  counts["delay"] += network.delayed;
  counts["loss"] += network.lost;
  counts["reset"] += network.resets;
  counts["slow-body"] += network.slow;
  counts["truncation"] += network.truncated;
  counts["half-open"] += network.half_open;
  counts["flipped-bits"] += network.flipped;
  return counts;
}

void Injector::strike(const PlannedFault& fault) {
  scene_.queue.trace().add(static_cast<std::uint64_t>(fault.kind));
  const Random draw(fault.pick);
  if (try_to(fault, draw)) {
    ++counts_[std::string(to_string(fault.kind))];
  } else if (clog(fault, draw)) {
    ++counts_[std::string(to_string(FaultKind::kClog))];
  }
}

bool Injector::try_to(const PlannedFault& fault, Random draw) {
  switch (fault.kind) {
    case FaultKind::kPartition:
      return partition(fault, draw, false);
    case FaultKind::kOneWayPartition:
      return partition(fault, draw, true);
    case FaultKind::kDataNodeCrash:
      return kill_datanode(fault, draw, false, false);
    case FaultKind::kDataNodePower:
      return kill_datanode(fault, draw, true, false);
    case FaultKind::kDiskWiped:
      return kill_datanode(fault, draw, true, true);
    case FaultKind::kDataNodePause: {
      sim::DataNodeNode* node = pick_datanode(draw, true);
      return node != nullptr && datanodes_away() < targets_.datanodes.size() / 2 &&
             pause(*node, fault.length);
    }
    case FaultKind::kNameNodeCrash:
      return kill_namenode(fault, false);
    case FaultKind::kNameNodePower:
      return kill_namenode(fault, true);
    case FaultKind::kNameNodePause:
      return pause(*targets_.namenode, fault.length);
    case FaultKind::kClientCrash:
      return kill_client(fault, draw);
    case FaultKind::kClientPause:
      return pause_client(fault, draw);
    case FaultKind::kPowerAll:
      power_all(fault.length / 4, draw);
      return true;
    case FaultKind::kBitRot:
    case FaultKind::kLostSidecar:
    case FaultKind::kReadError:
    case FaultKind::kMisdirectedWrite:
    case FaultKind::kLostWrite:
    case FaultKind::kReplicaVanished:
      return damage(fault, draw);
    case FaultKind::kCrashPoint:
      return lie_in_wait(fault, draw);
    case FaultKind::kDiskError:
      return fail_disk(fault, draw);
    case FaultKind::kVolumeBroken:
      return break_volume(fault, draw);
    case FaultKind::kDisksSwapped:
      return swap_disks(fault, draw);
    case FaultKind::kForeignDisk:
      return bring_foreign_disk(fault, draw);
    case FaultKind::kOlderDirectory:
      return keep_snapshot(fault, draw);
    case FaultKind::kDiskFull:
    case FaultKind::kOutOfDescriptors:
    case FaultKind::kSlowDisk:
      return trouble_disk(fault, draw);
    case FaultKind::kClockStep:
      return step_clock(draw);
    case FaultKind::kSafeMode:
      targets_.operate(wire::SafeMode{"enter"});
      scene_.queue.after(fault.length / 8, [this] { targets_.operate(wire::SafeMode{"leave"}); });
      return true;
    case FaultKind::kRestoreBackup:
      return restore_backup(fault);
    case FaultKind::kLastRot:
      return rot_last(draw);
    case FaultKind::kNameNodeIoError:
    case FaultKind::kNameNodeDiskFull:
    case FaultKind::kNameNodeGarbledPower:
    case FaultKind::kNameNodeRot:
    case FaultKind::kNameNodeLyingSync:
    case FaultKind::kNameNodeDiskLost:
      return namenode_disk_.strike(fault, draw);
    case FaultKind::kCopiesDestroyed:
      return destroy_copies(draw);
    case FaultKind::kMassWipe:
      return wipe_most(fault, draw);
    case FaultKind::kDecommission:
      return decommission(draw);
    case FaultKind::kRecommission:
      return recommission(draw);
    case FaultKind::kDelay:
    case FaultKind::kLoss:
    case FaultKind::kReset:
    case FaultKind::kSlowBody:
    case FaultKind::kTruncation:
    case FaultKind::kHalfOpen:
    case FaultKind::kFlippedBits:
    case FaultKind::kClog:
      return clog(fault, draw);
  }
  return false;
}

// Cuts one pair of nodes, or one node off from everybody.
bool Injector::partition(const PlannedFault& fault, Random draw, bool one_way) {
  std::vector<Address> all = {targets_.namenode->address()};
  for (const auto* node : targets_.datanodes) all.push_back(node->address());
  for (const auto* client : targets_.clients) all.push_back(client->address());
  const Address one = all[draw.below(all.size())];
  std::vector<std::pair<Address, Address>> links;
  const bool alone = draw.chance(1, 3);
  const Address other = all[draw.below(all.size())];
  const bool outwards = draw.chance(1, 2);
  for (const Address address : all) {
    if (address == one || (!alone && address != other)) continue;
    if (!one_way || outwards) links.push_back({one, address});
    if (!one_way || !outwards) links.push_back({address, one});
  }
  if (links.empty()) return false;
  for (const auto& [from, to] : links) targets_.network->cut(from, to);
  later(fault.length, [this, links] {
    for (const auto& [from, to] : links) targets_.network->mend(from, to);
  });
  return true;
}

bool Injector::clog(const PlannedFault& fault, Random draw) {
  const Address from = static_cast<Address>(
      draw.between(1, 1 + targets_.datanodes.size() + targets_.clients.size()));
  const Address to = static_cast<Address>(
      draw.between(1, 1 + targets_.datanodes.size() + targets_.clients.size()));
  if (from == to) return false;
  const Duration more = milliseconds(static_cast<std::int64_t>(draw.between(5, 2000)));
  targets_.network->clog(from, to, more, scene_.queue.now() + fault.length);
  return true;
}

std::size_t Injector::datanodes_away() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(targets_.datanodes, [this](const sim::DataNodeNode* node) {
        const bool no_disk = node->volumes() == 1 && node->has_failed_volumes();
        const bool foreign = own_disks_.contains(node->address());
        return !node->up() || node->paused() || no_disk || foreign;
      }));
}

sim::DataNodeNode* Injector::pick_datanode(Random& draw, bool up) const {
  std::vector<sim::DataNodeNode*> eligible;
  for (sim::DataNodeNode* node : targets_.datanodes) {
    if (node->up() == up && !node->paused()) eligible.push_back(node);
  }
  return eligible.empty() ? nullptr : eligible[draw.below(eligible.size())];
}

void Injector::datanode_died(sim::DataNodeNode& node) { targets_.disks_changed(node.address()); }

void Injector::taken(const sim::DataNodeNode& node, std::optional<datanode::VolumeId> volume) {
  for (const auto& [block, truth] : scene_.atlas.blocks()) {
    if (!truth.present(node.address())) continue;
    if (volume && node.disk(*volume).data(block, sim::Folder::kCurrent) == nullptr) continue;
    scene_.atlas.destroyed(node.address(), block, scene_.now_us());
  }
}

void Injector::start_datanode(sim::DataNodeNode& node) {
  if (node.up()) return;
  const bool failed = node.has_failed_volumes();
  node.start();
  if (failed) targets_.disks_changed(node.address());  // they may be back in service
}

void Injector::start_namenode() { namenode_disk_.start(); }

bool Injector::kill_datanode(const PlannedFault& fault, Random draw, bool power, bool wipe) {
  sim::DataNodeNode* node = pick_datanode(draw, true);
  if (node == nullptr || datanodes_away() >= targets_.datanodes.size() / 2) return false;
  const std::vector<BlockId> held = scene_.atlas.good_on(node->address());
  if (wipe && own_disks_.contains(node->address())) return false;  // it comes back
  if (wipe) {
    for (const BlockId block : held) {
      if (!scene_.atlas.expendable(node->address(), block)) return false;
    }
    if (keeps_last(*node)) return false;
  }
  node->die(power);
  if (wipe) {
    node->wipe();
    taken(*node);
  }
  datanode_died(*node);
  later(fault.length, [this, node] { start_datanode(*node); });
  return true;
}

bool Injector::pause(sim::Process& process, Duration length) {
  if (!process.up() || process.paused()) return false;
  process.pause();
  later(length, [&process] { process.resume(); });
  return true;
}

// A laptop that sleeps: its leases may end meanwhile, and its requests grow old.
bool Injector::pause_client(const PlannedFault& fault, Random draw) {
  sim::ClientNode& client = *targets_.clients[draw.below(targets_.clients.size())];
  return pause(client, fault.length * 4);
}

bool Injector::kill_namenode(const PlannedFault& fault, bool power) {
  if (!targets_.namenode->up()) return false;
  if (targets_.namenode->committing()) scene_.verdicts.probe("NameNode killed during a commit");
  targets_.namenode->die(power, fault.pick % kMostCommitSteps);
  later(fault.length / 4, [this] { start_namenode(); });
  return true;
}

bool Injector::kill_client(const PlannedFault& fault, Random draw) {
  const std::size_t index = draw.below(targets_.clients.size());
  sim::ClientNode* client = targets_.clients[index];
  if (!client->up()) return false;
  client->die(draw.chance(1, 2));
  later(fault.length / 4, [this, client, index] {
    if (!client->up()) targets_.start_client(index);
  });
  return true;
}

void Injector::power_all(Duration length, Random draw) {
  const auto delay = [&] {
    return length + milliseconds(static_cast<std::int64_t>(draw.below(500)));
  };
  if (targets_.namenode->up()) {
    targets_.namenode->die(true, draw.below(kMostCommitSteps));
    later(delay(), [this] { start_namenode(); });
  }
  for (sim::DataNodeNode* node : targets_.datanodes) {
    if (!node->up()) continue;
    node->die(true);
    datanode_died(*node);
    later(delay(), [this, node] { start_datanode(*node); });
  }
  for (std::size_t i = 0; i < targets_.clients.size(); ++i) {
    sim::ClientNode* client = targets_.clients[i];
    if (!client->up()) continue;
    client->die(true);
    later(delay(), [this, client, i] {
      if (!client->up()) targets_.start_client(i);
    });
  }
}

bool Injector::step_clock(Random draw) {
  std::vector<sim::Process*> all = {targets_.namenode};
  all.insert(all.end(), targets_.datanodes.begin(), targets_.datanodes.end());
  all.insert(all.end(), targets_.clients.begin(), targets_.clients.end());
  sim::Process* who = draw.chance(1, 3) ? all.front() : all[draw.below(all.size())];
  who->clock().step_wall(sim::wall_error(draw));
  return true;
}

// An operator keeps a copy of the NameNode's files, and brings it back some time later.
bool Injector::restore_backup(const PlannedFault& fault) {
  if (!targets_.namenode->up() || targets_.namenode->committing()) return false;
  if (namenode_disk_.damaged()) return false;
  targets_.namenode_host->keep_backup();
  targets_.backup_kept();
  later(fault.length, [this] {
    if (!targets_.namenode->up() || namenode_disk_.damaged()) return;
    targets_.namenode->die(false, 0);
    targets_.namenode_host->restore_backup();
    targets_.backup_restored();
    start_namenode();
    scene_.queue.after(seconds(5), [this] { targets_.operate(wire::AcceptHistory{}); });
  });
  return true;
}

// A DataNode, dead or alive, while enough others stay. It may not come back before the end.
bool Injector::decommission(Random draw) {
  const std::map<Address, NodeId> staying = scene_.in_service();
  if (staying.size() <= kLeastInService) return false;
  const auto leaver =
      std::next(staying.begin(), static_cast<std::ptrdiff_t>(draw.below(staying.size())));
  targets_.operate(wire::Decommission{std::to_string(leaver->second.value)});
  return true;
}

bool Injector::recommission(Random draw) {
  const std::set<NodeId>& leaving = scene_.durable.leaving();
  if (leaving.empty()) return false;
  const auto node =
      std::next(leaving.begin(), static_cast<std::ptrdiff_t>(draw.below(leaving.size())));
  targets_.operate(wire::Recommission{std::to_string(node->value)});
  return true;
}

void Injector::heal() {
  over_ = true;
  namenode_disk_.heal();
  targets_.network->heal();
  call_off_ambushes();
  return_own_disks();
  for (sim::DataNodeNode* node : targets_.datanodes) {
    if (scene_.ill.contains(node->address())) continue;
    for (std::uint32_t volume = 0; volume < node->volumes(); ++volume) {
      node->disk(volume).repair_faults();
    }
    if (node->has_failed_volumes()) restart_datanode(*node);
    node->slow_down(1);
    node->resume();
    start_datanode(*node);
  }
  targets_.namenode->resume();
  start_namenode();
  for (std::size_t i = 0; i < targets_.clients.size(); ++i) {
    targets_.clients[i]->resume();
    if (!targets_.clients[i]->up()) targets_.start_client(i);
  }
  ill_rest_.begin();
  end_safe_mode();
}

void Injector::accept_history() { targets_.operate(wire::AcceptHistory{}); }
void Injector::ask_report() { targets_.operate(wire::ClusterReport{}); }

void Injector::end_safe_mode() { targets_.operate(wire::SafeMode{"leave"}); }

}  // namespace dfs::world
