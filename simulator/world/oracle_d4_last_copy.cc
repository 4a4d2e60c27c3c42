// D4: a replica of a referenced block goes only if enough others remain: as many as asked for if it
// is one too many, one if its node has told that it is rotten. A copy on a node that leaves is none
// of them, nor one that its node has not told to be whole within the scrub period, and for one too
// many each of them must have answered that it is there.
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
    const auto gone = copy_gone(scene_, words_, node, block, from, relied_on_[{node, block}]);
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
    const bool purge = order.kind == wire::OrderKind::kPurge;
    const bool excess = !purge && !words_.rotten(node, order.block.id);
    const std::uint64_t needed = excess ? asked_before_.least(order.block.id, *state) : 1;
    Survivors survivors = believable_survivors(scene_, reports_, words_, node, order.block, excess);
    std::erase_if(survivors, [this](const auto& each) { return leavers_.left(each.first); });
    if (!purge) relied_on_[{address, order.block.id}] = survivors;
    std::uint64_t left = machines_of(scene_, survivors).size();
    // What a node has published survives the purge of what it has in quarantine.
    if (purge && believable_since(scene_, reports_, words_, node, order.block)) ++left;
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
  std::map<std::pair<Address, BlockId>, Survivors> relied_on_;  // by the last order
};

}  // namespace

std::unique_ptr<Oracle> make_d4(Scene& scene) { return std::make_unique<LastCopy>(scene); }

}  // namespace dfs::world
