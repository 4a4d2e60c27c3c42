// The truth about replicas: what lies on which disk, and whether it is what was written.
//
// Follows every change of the simulated disks. It knows what the NameNode cannot: rot that nobody
// has read yet, copies on nodes that are down. Oracles compare the cluster's doings with it, and
// the fault injector keeps its budget by it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/sim/datanode_node.h"

namespace dfs::world {

using sim::Address;

// A block's copies, by node.
struct BlockTruth {
  wire::BlockInfo info;                          // as first published
  std::uint64_t digest = 0;                      // of its bytes
  std::set<Address> good;                        // in current/, whole
  std::set<Address> rotten;                      // in current/, damaged
  std::set<Address> kept;                        // in quarantine/, whole
  std::set<NodeId> published;                    // who has ever made it durable, wherever it stands
  std::map<Address, std::int64_t> destroyed_us;  // by a fault, and when

  // Copies that a NameNode may believe in: rot does not show until it is read.
  [[nodiscard]] bool present(Address node) const {
    return good.contains(node) || rotten.contains(node);
  }
  // A fault took the node's copy at `since_us` or later.
  [[nodiscard]] bool lost_since(Address node, std::int64_t since_us) const {
    const auto at = destroyed_us.find(node);
    return at != destroyed_us.end() && at->second >= since_us;
  }
  [[nodiscard]] std::size_t copies() const { return good.size() + rotten.size() + kept.size(); }
  // For the details of violations: "good on 2 3, rotten on 4, in quarantine on 5, destroyed on 6".
  [[nodiscard]] std::string describe() const;
};

class Atlas {
 public:
  void add(sim::DataNodeNode& node) { nodes_[node.address()] = &node; }

  // The disks of `node` changed: looks at one block, or at everything.
  void refresh(Address node, BlockId block);
  void rescan(Address node);
  // A replica became durable. Returns what is wrong with it, "" if nothing (G1).
  std::string published(Address node, BlockId block);
  // The block is of another history than its first copies were.
  void redefine(BlockId block, const wire::BlockInfo& info);
  // A fault of the injector destroyed or damaged the copy.
  void destroyed(Address node, BlockId block, std::int64_t now_us);

  // The node has disks of another cluster, or its own again: what lies there is none of ours.
  void set_foreign(Address node, bool foreign);
  // Two nodes have exchanged their disks.
  void swapped(Address a, Address b);

  [[nodiscard]] const BlockTruth* find(BlockId block) const;
  [[nodiscard]] const std::map<BlockId, BlockTruth>& blocks() const { return blocks_; }
  [[nodiscard]] std::vector<BlockId> good_on(Address node) const;
  // Whether the copy on `node` can go and another good one, in current/, remains.
  [[nodiscard]] bool expendable(Address node, BlockId block) const;

 private:
  void look(Address node, BlockId block, BlockTruth& truth);

  std::map<Address, sim::DataNodeNode*> nodes_;
  std::set<Address> foreign_;
  std::map<BlockId, BlockTruth> blocks_;
};

}  // namespace dfs::world
