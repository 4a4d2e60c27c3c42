#include "simulator/world/orders.h"

#include <algorithm>

namespace dfs::world {
namespace {

// A deletion holds for so long after it was judged, until its node fetches it.
constexpr Duration kOrdersKeep = seconds(12);

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
  for (const NodeId node : reports.all_reported()) {
    if (node == subject) continue;
    const Address address = scene.address_of(node);
    if (truth->present(address) || truth->lost_since(address, scene.now_us() - forgiven.us)) {
      survivors.insert(node);
    }
  }
  return survivors;
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

void AskedBefore::applying(const namenode::Outcome& outcome) {
  for (const BlockId block : outcome.effects.retargeted) {
    const ModelBlockState* state = scene_.applied.block(block);
    if (state != nullptr) lower_[block] = {scene_.now_us(), state->replication};
  }
}

std::uint32_t AskedBefore::least(BlockId block, const ModelBlockState& state) const {
  const auto lower = lower_.find(block);
  if (lower == lower_.end() || scene_.now_us() - lower->second.first > kOrdersKeep.us) {
    return state.replication;
  }
  return std::min(state.replication, lower->second.second);
}

}  // namespace dfs::world
