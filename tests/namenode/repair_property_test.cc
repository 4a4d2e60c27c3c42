// Replication planning over fleets that rapidcheck draws and shrinks: rot at several places of a
// block, found or not, replication factors that change, a node that is away for a while.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

std::vector<std::string> draw_racks() {
  if (*rc::gen::arbitrary<bool>()) return {"/a"};
  return {"/a", "/b"};
}

// Blocks on some nodes of one or two racks; one copy of each is whole.
struct TroubledFleet {
  std::uint64_t nodes = *rc::gen::inRange<std::uint64_t>(3, 7);
  Cluster cluster{nodes, draw_racks()};
  bool silent = *rc::gen::arbitrary<bool>();  // some rot is not found before scrub()
  std::map<BlockId, std::uint32_t> wanted;    // replication

  // Copies in place; where rot is silent, in quarantine too, since what went because of a rotten
  // one that passed for good comes back.
  std::uint32_t whole(BlockId block) {
    std::uint32_t count = 0;
    for (std::uint64_t node = 1; node <= nodes; ++node) {
      const PretendedNode& at = cluster.at(node);
      for (const auto* replicas : {&at.replicas, &at.quarantine}) {
        if (replicas == &at.quarantine && !silent) continue;
        const auto found = replicas->find(block);
        if (found != replicas->end() && found->second.rot.empty()) ++count;
      }
    }
    return count;
  }
  // All rot is found.
  void scrub() {
    for (const auto& [block, copies] : wanted) {
      static_cast<void>(cluster.blocks().scrub(block, cluster.now()));
    }
  }

  TroubledFleet() {
    const int blocks = *rc::gen::inRange(1, 6);
    for (int i = 0; i < blocks; ++i) {
      const auto copies = *rc::gen::inRange<std::uint64_t>(2, nodes);
      const auto first = *rc::gen::inRange<std::uint64_t>(0, nodes);
      std::vector<std::uint64_t> on;
      for (std::uint64_t k = 0; k < copies; ++k) on.push_back(1 + (first + k) % nodes);
      const BlockId block = cluster.write(on, static_cast<std::uint32_t>(copies));
      wanted[block] = static_cast<std::uint32_t>(copies);
      on.pop_back();  // that copy stays whole
      for (const std::uint64_t node : on) {
        if (*rc::gen::inRange(0, 3) != 1) continue;
        cluster.rot(block, node, *rc::gen::inRange(0, 3));
        if (!silent || *rc::gen::arbitrary<bool>()) cluster.find_rot(block, node);
      }
      if (*rc::gen::inRange(0, 3) == 1) {
        wanted[block] = *rc::gen::inRange<std::uint32_t>(1, 4);
        cluster.set_replication(block, wanted[block]);
      }
    }
  }
};

TEST(RepairProperty, D4_C1_NoWholeCopyGoesThatIsNeededAndAllAreInPlaceInTheEnd) {
  EXPECT_TRUE(rc::check([] {
    TroubledFleet fleet;
    Cluster& cluster = fleet.cluster;
    const auto away = *rc::gen::inRange<std::uint64_t>(0, 2 * fleet.nodes);
    for (int second = 0; second < 120; ++second) {
      if (second == 10 && away >= 1 && away <= fleet.nodes) cluster.cut_off(away);
      if (second == 60 && away >= 1 && away <= fleet.nodes) cluster.reconnect(away);
      if (second == 70) fleet.scrub();
      std::map<BlockId, std::uint32_t> before;
      for (const auto& [block, copies] : fleet.wanted) before[block] = fleet.whole(block);
      cluster.run(seconds(1));
      for (const auto& [block, copies] : fleet.wanted) {
        RC_ASSERT(fleet.whole(block) >= std::min(before[block], copies));
      }
    }
    for (const auto& [block, copies] : fleet.wanted) {
      RC_ASSERT(cluster.good(block) >= std::min<std::size_t>(copies, fleet.nodes));
    }
  }));
}

}  // namespace
}  // namespace dfs::namenode
