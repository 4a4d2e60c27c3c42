// What the oracles of a run look at: the plan, the models of what should be and the truth of what
// is.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/sim/event_queue.h"
#include "adapters/sim/store_host.h"
#include "simulator/world/atlas.h"
#include "simulator/world/contents.h"
#include "simulator/world/namespace_model.h"
#include "simulator/world/plan.h"
#include "simulator/world/verdicts.h"

namespace dfs::world {

// What a fault beyond the budget may have done to the NameNode's disk since it was last read whole.
enum class NameNodeDamage {
  kNone,
  kRot,   // the last commit in the log may be lost without a trace
  kLies,  // everything since they began may be
};

struct Scene {
  explicit Scene(const Plan& the_plan) : plan(the_plan) {
    verdicts.judge_only(the_plan.invariants);
  }

  const Plan& plan;
  sim::EventQueue queue;
  Verdicts verdicts;
  Atlas atlas;
  NamespaceModel applied;               // every command that the living NameNode has applied
  NamespaceModel durable;               // those that are committed
  std::map<InodeId, Content> contents;  // of versions, from their writers
  std::map<NodeId, Address> addresses;  // of DataNodes, as they registered
  std::vector<sim::DataNodeNode*> datanodes;
  std::map<Address, std::int64_t> exchanged_us;  // machines that got other disks, and when
  sim::NameNodeNode* namenode = nullptr;
  sim::SimStoreHost* namenode_host = nullptr;
  std::uint64_t restores = 0;  // times that the NameNode went back to an older state
  std::vector<namenode::Position> restored_to;  // which, each time
  // Block ids that a history which an operator gave up had given out, and the one restored had not:
  // nobody knows of them, so their replicas stay.
  std::vector<std::pair<BlockId, BlockId>> lost_blocks;  // from, to; both included
  [[nodiscard]] bool lost(BlockId block) const {
    return std::any_of(lost_blocks.begin(), lost_blocks.end(), [block](const auto& range) {
      return range.first <= block && block <= range.second;
    });
  }
  NameNodeDamage namenode_damage = NameNodeDamage::kNone;
  bool namenode_disk_lies = false;  // at the moment
  // Data that an operator's restore or a fault beyond the budget took: no promise holds for it.
  std::set<BlockId> given_up;

  // Given up, and no disk has a good replica of it.
  [[nodiscard]] bool gone(BlockId block) const {
    const BlockTruth* truth = atlas.find(block);
    return given_up.contains(block) && (truth == nullptr || truth->good.empty());
  }
  // DataNodes that do not recover any more.
  std::map<Address, Illness> ill;
  // No other DataNode has a good replica of it.
  [[nodiscard]] bool only_ill_have(BlockId block) const {
    const BlockTruth* truth = atlas.find(block);
    return !ill.empty() && (truth == nullptr || std::ranges::all_of(truth->good, [this](Address n) {
                              return ill.contains(n);
                            }));
  }
  // Errors that its disk has told the running NameNode of.
  [[nodiscard]] std::uint64_t namenode_errors() const { return namenode_host->disk().errors(); }
  [[nodiscard]] std::int64_t now_us() const { return queue.now().us; }
  [[nodiscard]] Address address_of(NodeId node) const {
    const auto found = addresses.find(node);
    return found == addresses.end() ? 0 : found->second;
  }
  // The DataNodes that stay, by their numbers. Whose disks were replaced has a new one, and what a
  // foreign disk calls itself is none.
  [[nodiscard]] std::map<Address, NodeId> in_service() const {
    std::map<Address, NodeId> staying;
    for (const sim::DataNodeNode* each : datanodes) {
      const NodeId node = each->identity().node;
      const bool known = node && address_of(node) == each->address();
      if (known && !durable.leaving().contains(node)) staying[each->address()] = node;
    }
    return staying;
  }
  // … and are well.
  [[nodiscard]] std::map<Address, NodeId> core() const {
    std::map<Address, NodeId> well = in_service();
    std::erase_if(well, [this](const auto& each) { return ill.contains(each.first); });
    return well;
  }
  // How many the NameNode may count on: also those that fell ill before they heard that they are
  // registered.
  [[nodiscard]] std::size_t counted_on() const {
    const auto unaware = std::ranges::count_if(datanodes, [this](const sim::DataNodeNode* each) {
      return !each->identity().node && ill.contains(each->address());
    });
    return in_service().size() + static_cast<std::size_t>(unaware);
  }
};

}  // namespace dfs::world
