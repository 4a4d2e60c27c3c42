// C1: once faults have ended, every block has as many good replicas as it should on nodes in
// service, and every node that was asked to leave may go, within the bound.
#include <algorithm>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

class Convergence final : public Oracle {
 public:
  using Oracle::Oracle;

  void answered(const wire::Request& /*request*/, const wire::Reply& reply, bool) override {
    const auto* report = std::get_if<wire::ClusterReportReply>(&reply);
    if (report != nullptr) nodes_ = report->nodes;
  }

  void at_rest() override {
    const std::map<Address, NodeId> staying = scene_.in_service();
    for (const auto& each : scene_.durable.inodes()) {
      const ModelInode& file = each.second;
      const std::uint64_t wanted = std::min<std::uint64_t>(file.replication, staying.size());
      for (const ModelBlock& block : file.blocks) {
        if (scene_.given_up.contains(block.id)) continue;
        const BlockTruth* truth = scene_.atlas.find(block.id);
        std::uint64_t good = 0;
        for (const auto& [address, node] : staying) {
          good += truth != nullptr && truth->good.contains(address) ? 1u : 0u;
        }
        scene_.verdicts.expect(good >= wanted, "C1", [&] {
          return "block " + std::to_string(block.id.value) + " of " +
                 scene_.durable.path_of(file.id) + " has " + std::to_string(good) +
                 " good replicas on nodes in service instead of " + std::to_string(wanted) +
                 (truth == nullptr ? "" : ": " + truth->describe());
        });
      }
    }
    for (const wire::NodeReport& node : nodes_) judge_departure(node);
  }

 private:
  // What is beyond repair holds those for ever that had a replica of it, and those of whom the
  // NameNode cannot tell.
  [[nodiscard]] bool held_by_what_is_gone(const wire::NodeReport& node) const {
    return std::ranges::any_of(scene_.given_up, [&](BlockId block) {
      const ModelBlockState* state = scene_.durable.block(block);
      const BlockTruth* truth = scene_.atlas.find(block);
      if (state == nullptr || !state->referenced || !scene_.gone(block)) return false;
      return !node.reported || (truth != nullptr && truth->published.contains(node.node));
    });
  }

  void judge_departure(const wire::NodeReport& node) {
    if (!scene_.durable.leaving().contains(node.node) || held_by_what_is_gone(node)) return;
    scene_.verdicts.expect(node.service == wire::ServiceState::kDecommissioned, "C1", [&] {
      return "DataNode " + std::to_string(node.node.value) + " was asked to leave and is " +
             std::string(to_string(node.service)) + ": " + node.waits_for;
    });
  }

  std::vector<wire::NodeReport> nodes_;  // as last reported
};

}  // namespace

std::unique_ptr<Oracle> make_c1(Scene& scene) { return std::make_unique<Convergence>(scene); }

}  // namespace dfs::world
