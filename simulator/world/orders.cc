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

std::set<NodeId> believable_survivors(const Scene& scene, const Reports& reports, NodeId subject,
                                      BlockId block, Duration forgiven) {
  std::set<NodeId> survivors;
  const BlockTruth* truth = scene.atlas.find(block);
  if (truth == nullptr) return survivors;
  // A wiped machine has another number, and one copy at most.
  std::set<Address> seen = {scene.address_of(subject)};
  const std::set<NodeId>& reported = reports.all_reported();
  for (auto node = reported.rbegin(); node != reported.rend(); ++node) {
    const Address address = scene.address_of(*node);
    if (!seen.insert(address).second) continue;
    if (truth->present(address) || truth->lost_since(address, scene.now_us() - forgiven.us)) {
      survivors.insert(*node);
    }
  }
  return survivors;
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

std::optional<CopyGone> copy_gone(const Scene& scene, Address node, BlockId block, sim::Folder from,
                                  Duration forgiven) {
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
    const bool lost = truth->lost_since(other, scene.now_us() - forgiven.us);
    if (other != node && (lost || truth->present(other))) gone.left.insert(other);
  }
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
