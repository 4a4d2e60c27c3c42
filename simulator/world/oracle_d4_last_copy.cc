// D4: a replica of a referenced block goes only if enough others remain: as many as asked for if it
// is one too many, one if it is rotten. A copy on a node that leaves is none of them, nor one that
// its node has not told to be whole within the scrub period, and for one too many each of them must
// have answered that it is there.
#include <algorithm>

#include "simulator/world/oracles.h"
#include "simulator/world/orders.h"

namespace dfs::world {
namespace {

class LastCopy final : public Oracle {
 public:
  using Oracle::Oracle;

  void namenode_starts(namenode::Store& /*store*/) override {
    reports_.namenode_starts();
    words_.namenode_starts();
  }
  void stepped(std::uint64_t /*rows*/) override { words_.stepped(); }
  void datanode_says(Address /*node*/, const wire::Request& request) override {
    words_.datanode_says(request);
  }
  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override {
    asked_before_.applying(outcome);
    leavers_.applying(command);
  }
  void answered(const wire::Request& request, const wire::Reply& reply, bool) override {
    reports_.answered(request, reply);
    words_.answered(request, reply);
    for (const auto& [node, order] : deletions_.in(request, reply)) check(node, order);
  }

  // Whatever was ordered: at the end of every deletion a good copy is left, if one was. Rotten ones
  // are V2's.
  void moving(Address node, BlockId block, sim::Folder from, sim::Folder /*to*/) override {
    const auto gone = copy_gone(scene_, words_, node, block, from, kForgiven);
    if (!gone) return;
    scene_.verdicts.expect(!gone->left.empty(), "D4", [&] {
      return "node " + std::to_string(node) + " gives up the only copy of block " +
             std::to_string(block.value) + ": " + gone->truth.describe();
    });
  }

 private:
  void check(NodeId node, const wire::Order& order) {
    const ModelBlockState* state = scene_.applied.block(order.block.id);
    if (state == nullptr || !state->referenced) return;
    if (!state->committed) {
      scene_.verdicts.expect(false, "D4", [&] {
        return "a replica of block " + std::to_string(order.block.id.value) +
               ", which belongs to a writer, is ordered away";
      });
      return;
    }
    if (order.block != state->info) return;  // a copy of something that never was committed
    const BlockTruth* truth = scene_.atlas.find(order.block.id);
    const Address address = scene_.address_of(node);
    const bool rotten = truth != nullptr && !truth->good.contains(address);
    const bool excess = order.kind == wire::OrderKind::kQuarantine && !rotten;
    const std::uint64_t needed = excess ? asked_before_.least(order.block.id, *state) : 1;
    // All copies taken at once may be counted on until they are read.
    const bool all_taken = scene_.given_up.contains(order.block.id);
    const Duration forgiven = all_taken ? scene_.plan.namenode.scrub_period + kForgiven : kForgiven;
    const bool must_confirm = excess && !words_.rotten(node, order.block.id);
    std::set<NodeId> survivors =
        believable_survivors(scene_, reports_, words_, node, order.block, forgiven, must_confirm);
    std::erase_if(survivors, [this](NodeId survivor) { return leavers_.left(survivor); });
    std::uint64_t left = survivors.size();
    // What a node has published survives the purge of what it has in quarantine.
    const bool own = order.kind == wire::OrderKind::kPurge && !rotten && reports_.reported(node);
    if (own && read_lately(scene_, words_, node, order.block)) ++left;
    scene_.verdicts.expect(left >= needed, "D4", [&] {
      return "node " + std::to_string(address) + " is to give up its copy of block " +
             std::to_string(order.block.id.value) + " with " + std::to_string(left) +
             " believable others instead of " + std::to_string(needed) +
             (truth == nullptr ? "" : ": " + truth->describe());
    });
  }

  Reports reports_;
  LastWords words_{scene_};
  Deletions deletions_;
  AskedBefore asked_before_{scene_};
  Leavers leavers_{scene_};
};

}  // namespace

std::unique_ptr<Oracle> make_d4(Scene& scene) { return std::make_unique<LastCopy>(scene); }

}  // namespace dfs::world
