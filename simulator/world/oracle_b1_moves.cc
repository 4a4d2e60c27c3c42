// B1: a move never costs a block more than it gained: when an excess copy goes, the good copies and
// the racks that are left are as many as were asked for, or as many as there were.
//
// A move is a copy made for the sake of racks, of a node that came back or of a lowered replication
// factor, and then the deletion of another one. Judged twice: when the NameNode orders the
// deletion, by what it can believe, and when the DataNode carries it out, by what lies on the disks
// of all nodes, whether they are up or not.
#include <algorithm>

#include "simulator/world/oracles.h"
#include "simulator/world/orders.h"

namespace dfs::world {
namespace {

// Racks beyond two are not asked for.
constexpr std::size_t kRacksWanted = 2;

class Moves final : public Oracle {
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
  void applying(const namenode::Command& /*command*/, const namenode::Outcome& outcome) override {
    asked_before_.applying(outcome);
  }

  void answered(const wire::Request& request, const wire::Reply& reply, bool) override {
    reports_.answered(request, reply);
    words_.answered(request, reply);
    for (const auto& [node, order] : deletions_.in(request, reply)) {
      if (order.kind == wire::OrderKind::kQuarantine) judge_order(node, order);
    }
  }

  void moving(Address address, BlockId block, sim::Folder from, sim::Folder /*to*/) override {
    const auto at = ordered_.find({address, block});
    const Ordered ordered = at == ordered_.end() ? Ordered() : at->second;
    const auto gone = copy_gone(scene_, words_, address, block, from, ordered.relied_on);
    if (!gone) return;
    // It takes a spare away, and a fault the one that it keeps, which it has just read.
    if (gone->truth.lost_since(address, scene_.now_us() - kOrdersKeep.us)) return;
    const std::uint32_t asked =
        at == ordered_.end() ? asked_before_.least(block, gone->state) : ordered.asked;
    judge(block, address, gone->left, asked, "moves", gone->truth);
  }

 private:
  struct Ordered {
    std::uint32_t asked = 0;  // copies, by then
    Survivors relied_on;
  };

  void judge_order(NodeId node, const wire::Order& order) {
    const ModelBlockState* state = scene_.applied.block(order.block.id);
    const BlockTruth* truth = scene_.atlas.find(order.block.id);
    const Address address = scene_.address_of(node);
    if (state == nullptr || !state->referenced || truth == nullptr) return;
    if (order.block != state->info || !truth->good.contains(address)) return;
    Ordered& ordered = ordered_[{address, order.block.id}];
    // What its node has told to be rotten is no move, though it may have been repaired since.
    const bool rotten = words_.rotten(node, order.block.id);
    ordered.asked = rotten ? 0 : asked_before_.least(order.block.id, *state);
    ordered.relied_on = believable_survivors(scene_, reports_, words_, node, order.block, false);
    judge(order.block.id, address, machines_of(scene_, ordered.relied_on), ordered.asked,
          "is told to move", *truth);
  }

  void judge(BlockId block, Address victim, const std::set<Address>& left, std::uint32_t asked,
             const char* what, const BlockTruth& truth) {
    std::set<Address> before = left;
    before.insert(victim);
    const std::size_t copies = std::min<std::size_t>(before.size(), asked);
    // Who puts disks into a machine of another rack takes them out of theirs.
    const bool exchanged = std::ranges::any_of(
        before, [this](Address machine) { return exchanged_lately(scene_, machine); });
    const std::size_t racks =
        exchanged ? 0 : std::min({racks_of(before), kRacksWanted, std::size_t{asked}});
    scene_.verdicts.expect(left.size() >= copies && racks_of(left) >= racks, "B1", [&] {
      return "node " + std::to_string(victim) + " " + what + " its copy of block " +
             std::to_string(block.value) + " and leaves " + std::to_string(left.size()) +
             " copies in " + std::to_string(racks_of(left)) + " racks instead of " +
             std::to_string(copies) + " in " + std::to_string(racks) + ": " + truth.describe();
    });
  }

  // Where the machines stand, whether the NameNode knows them at the moment or not.
  [[nodiscard]] std::size_t racks_of(const std::set<Address>& nodes) const {
    std::set<std::string> racks;
    for (const sim::DataNodeNode* node : scene_.datanodes) {
      if (nodes.contains(node->address())) racks.insert(node->rack());
    }
    return racks.size();
  }

  Reports reports_;
  LastWords words_{scene_};
  Deletions deletions_;
  AskedBefore asked_before_{scene_};
  std::map<std::pair<Address, BlockId>, Ordered> ordered_;
};

}  // namespace

std::unique_ptr<Oracle> make_b1(Scene& scene) { return std::make_unique<Moves>(scene); }

}  // namespace dfs::world
