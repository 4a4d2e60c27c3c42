#include "simulator/world/orders.h"

namespace dfs::world {

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

std::uint64_t believable_survivors(const Scene& scene, const Reports& reports, NodeId subject,
                                   BlockId block, Duration forgiven) {
  const BlockTruth* truth = scene.atlas.find(block);
  if (truth == nullptr) return 0;
  std::uint64_t survivors = 0;
  for (const NodeId node : reports.all_reported()) {
    if (node == subject) continue;
    const Address address = scene.address_of(node);
    const auto lost = truth->destroyed_us.find(address);
    const bool just_lost =
        lost != truth->destroyed_us.end() && scene.now_us() - lost->second <= forgiven.us;
    if (truth->present(address) || just_lost) ++survivors;
  }
  return survivors;
}

}  // namespace dfs::world
