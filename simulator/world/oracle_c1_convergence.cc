// C1: once faults have ended, every block has as many good replicas as it should on nodes in
// service, and every node that was asked to leave may go, within the bound.
#include <algorithm>

#include "simulator/world/copies.h"
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
    for (const CopyCount& count : count_copies(scene_)) {
      scene_.verdicts.expect(count.good >= count.wanted, "C1", [&] {
        const BlockTruth* truth = scene_.atlas.find(count.block);
        return "block " + std::to_string(count.block.value) + " of " +
               scene_.durable.path_of(count.file) + " has " + std::to_string(count.good) +
               " good replicas on nodes in service instead of " + std::to_string(count.wanted) +
               (truth == nullptr ? "" : ": " + truth->describe());
      });
    }
    for (const wire::NodeReport& node : nodes_) judge_departure(node);
  }

 private:
  // What is beyond repair holds those for ever that had a replica of it, and those of whom the
  // NameNode cannot tell.
  [[nodiscard]] bool held_by_what_is_gone(const wire::NodeReport& node) const {
    return std::ranges::any_of(scene_.durable.blocks(), [&](const auto& each) {
      const auto& [block, state] = each;
      const BlockTruth* truth = scene_.atlas.find(block);
      if (!state.referenced || !(scene_.gone(block) || scene_.only_ill_have(block))) return false;
      return !node.reported || (truth != nullptr && truth->published.contains(node.node));
    });
  }
  // Who is ill counts as one that will come back: until then a block may ask for more copies than
  // there are nodes to hold them.
  [[nodiscard]] bool waits_for_the_ill() const {
    const std::uint64_t core = scene_.core().size();
    return core < scene_.counted_on() &&
           std::ranges::any_of(scene_.durable.blocks(), [core](const auto& each) {
             return each.second.referenced && each.second.replication > core;
           });
  }

  void judge_departure(const wire::NodeReport& node) {
    if (!scene_.durable.leaving().contains(node.node) || held_by_what_is_gone(node)) return;
    if (scene_.ill.contains(scene_.address_of(node.node)) || waits_for_the_ill()) return;
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
