#include "simulator/world/orders.h"

#include <algorithm>

namespace dfs::world {
namespace {

// One on another volume, as far as its names tell: rot does not show until it is read.
bool has_another(const Scene& scene, Address address, const BlockTruth& truth) {
  const sim::DataNodeNode& node =
      **std::ranges::find(scene.datanodes, address, &sim::DataNodeNode::address);
  for (std::uint32_t volume = 0; volume < node.volumes(); ++volume) {
    const sim::SimDisk& disk = node.disk(volume);
    if (!disk.in_service()) continue;
    const datanode::Sidecar* sidecar = disk.sidecar(truth.info.id);
    if (sidecar == nullptr || sidecar->info != truth.info) continue;
    // A move that was cut short leaves the sidecar behind, and no data.
    if (disk.data(truth.info.id, sim::Folder::kCurrent) != nullptr) return true;
  }
  return false;
}

// How old a reading may be that the fence believes in. The NameNode counts in whole seconds of a
// clock that drifts by less than a thousandth.
Duration longest_trust(const Scene& scene) {
  const Duration period = scene.plan.namenode.scrub_period;
  return period + period / 1000 + seconds(1);
}

// The numbers under which the NameNode knows or knew the machine: its disks say which, and who has
// last registered from there.
std::vector<NodeId> numbers_of(const Scene& scene, const sim::DataNodeNode& machine) {
  std::vector<NodeId> numbers = {machine.identity().node};
  for (const auto& [node, address] : scene.addresses) {
    if (address == machine.address()) numbers.push_back(node);
  }
  return numbers;
}

// Its disks call themselves so.
bool is_on(const Scene& scene, NodeId node, Address machine) {
  const auto at = std::ranges::find(scene.datanodes, machine, &sim::DataNodeNode::address);
  return at != scene.datanodes.end() && (*at)->identity().node == node;
}

bool has_or_lost(const Scene& scene, const BlockTruth& truth, NodeId node, std::int64_t since_us) {
  const Address machine = scene.address_of(node);
  const bool has = is_on(scene, node, machine) && truth.present(machine);
  return has || truth.lost_since(machine, since_us);
}

}  // namespace

void Reports::answered(const wire::Request& request, const wire::Reply& reply) {
  if (const auto* registration = std::get_if<wire::Register>(&request)) {
    const auto* accepted = std::get_if<wire::RegisterReply>(&reply);
    if (accepted == nullptr) return;
    reported_.erase(accepted->node);
    registered_[accepted->node] = registration->rack + "/" + registration->host;
  } else if (const auto* digests = std::get_if<wire::ReportDigests>(&request)) {
    const auto* wanted = std::get_if<wire::ReportDigestsReply>(&reply);
    if (wanted != nullptr && wanted->wanted.empty()) has_reported(digests->mark.node);
  } else if (const auto* piece = std::get_if<wire::ReportPiece>(&request)) {
    if (std::holds_alternative<wire::Empty>(reply) && piece->last) {
      has_reported(piece->mark.node);
    }
  }
}

std::optional<std::int64_t> believable_since(const Scene& scene, const Reports& reports,
                                             const LastWords& words, NodeId node,
                                             const wire::BlockInfo& replica) {
  const BlockTruth* truth = scene.atlas.find(replica.id);
  const std::optional<LastWords::Whole> whole = words.whole(node, replica);
  if (truth == nullptr || !whole || !reports.reported(node)) return std::nullopt;
  if (scene.now_us() - whole->told_us > longest_trust(scene).us) return std::nullopt;
  // What became of a copy the NameNode does not learn before it is read, but it soon misses who has
  // other disks now.
  const bool missed = !is_on(scene, node, scene.address_of(node));
  const std::int64_t heard_us = missed ? scene.now_us() - kForgiven.us : 0;
  const std::int64_t since_us = std::max(whole->read_after_us, heard_us);
  return has_or_lost(scene, *truth, node, since_us) ? std::optional(since_us) : std::nullopt;
}

Survivors believable_survivors(const Scene& scene, const Reports& reports, const LastWords& words,
                               NodeId subject, const wire::BlockInfo& replica, bool must_confirm) {
  Survivors survivors;
  for (const NodeId node : reports.all_reported()) {
    if (scene.address_of(node) == scene.address_of(subject)) continue;
    if (must_confirm && !words.confirmed(node, replica.id)) continue;
    const auto since_us = believable_since(scene, reports, words, node, replica);
    if (since_us) survivors[node] = *since_us;
  }
  return survivors;
}

std::set<Address> machines_of(const Scene& scene, const Survivors& survivors) {
  std::set<Address> machines;
  for (const auto& [node, since_us] : survivors) machines.insert(scene.address_of(node));
  return machines;
}

std::vector<Deletion> Deletions::in(const wire::Request& request, const wire::Reply& reply) {
  std::vector<Deletion> deletions;
  const auto* heartbeat = std::get_if<wire::Heartbeat>(&request);
  const auto* answer = std::get_if<wire::HeartbeatReply>(&reply);
  if (heartbeat == nullptr || answer == nullptr) return deletions;
  wire::SessionMark& last = answered_[heartbeat->mark.node];
  if (last == heartbeat->mark) return deletions;
  last = heartbeat->mark;
  for (const wire::Order& order : answer->orders) {
    const bool deletes =
        order.kind == wire::OrderKind::kQuarantine || order.kind == wire::OrderKind::kPurge;
    if (deletes) deletions.push_back({heartbeat->mark.node, order});
  }
  return deletions;
}

std::optional<CopyGone> copy_gone(const Scene& scene, const LastWords& words, Address node,
                                  BlockId block, sim::Folder from, const Survivors& relied_on) {
  if (from != sim::Folder::kCurrent || scene.given_up.contains(block)) return std::nullopt;
  const ModelBlockState* state = scene.durable.block(block);
  const BlockTruth* truth = scene.atlas.find(block);
  if (state == nullptr || !state->referenced || !state->committed || truth == nullptr) {
    return std::nullopt;
  }
  if (!truth->good.contains(node) || has_another(scene, node, *truth)) return std::nullopt;
  CopyGone gone{*state, *truth, {}};
  for (const sim::DataNodeNode* each : scene.datanodes) {
    const Address other = each->address();
    const bool rotten =
        truth->rotten.contains(other) && !words.long_bad(numbers_of(scene, *each), block);
    if (truth->good.contains(other) || rotten) gone.left.insert(other);
  }
  for (const auto& [survivor, since_us] : relied_on) {
    if (has_or_lost(scene, *truth, survivor, since_us))
      gone.left.insert(scene.address_of(survivor));
  }
  gone.left.erase(node);
  return gone;
}

bool exchanged_lately(const Scene& scene, Address machine) {
  const auto at = scene.exchanged_us.find(machine);
  return at != scene.exchanged_us.end() && scene.now_us() - at->second <= kOrdersKeep.us;
}

void Leavers::applying(const namenode::Command& command) {
  const auto* leave = std::get_if<namenode::DecommissionCommand>(&command.body);
  if (leave != nullptr && leave->on) asked_us_[leave->node] = scene_.now_us();
}

bool Leavers::left(NodeId node) const {
  const auto asked = asked_us_.find(node);
  return asked != asked_us_.end() && scene_.applied.leaving().contains(node) &&
         scene_.now_us() - asked->second > kOrdersKeep.us;
}

bool AskedBefore::counts(const Change& change) const {
  return scene_.now_us() - change.at_us <= kOrdersKeep.us;
}

void AskedBefore::applying(const namenode::Outcome& outcome) {
  for (const BlockId block : outcome.effects.retargeted) {
    const ModelBlockState* state = scene_.applied.block(block);
    if (state == nullptr) continue;
    std::vector<Change>& changes = changes_[block];
    std::erase_if(changes, [this](const Change& change) { return !counts(change); });
    changes.push_back({scene_.now_us(), state->replication});
  }
}

std::uint32_t AskedBefore::least(BlockId block, const ModelBlockState& state) const {
  std::uint32_t least = state.replication;
  const auto changes = changes_.find(block);
  if (changes == changes_.end()) return least;
  for (const Change& change : changes->second) {
    if (counts(change)) least = std::min(least, change.before);
  }
  return least;
}

}  // namespace dfs::world
