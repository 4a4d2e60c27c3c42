// Placement: distinct hosts, two racks, room, and never fewer than min(2, r) or an error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr std::uint64_t kBlockSize = std::uint64_t{128} << 20;

std::vector<std::uint64_t> numbers(const Result<std::vector<wire::NodeAddress>>& targets) {
  std::vector<std::uint64_t> found;
  for (const wire::NodeAddress& target : *targets) found.push_back(target.node.value);
  return found;
}

Result<std::vector<wire::NodeAddress>> choose(Cluster& cluster, std::uint32_t replication,
                                              const std::vector<NodeId>& exclude = {}) {
  return cluster.blocks().choose_targets(replication, kBlockSize, exclude, cluster.now());
}

void set_free(Cluster& cluster, std::uint64_t node, std::uint64_t largest, std::uint64_t all) {
  cluster.at(node).stats.largest_free = largest;
  cluster.at(node).stats.remaining = all;
}

TEST(Placement, TargetsAreOnDistinctHostsAndTwoRacksWhereverThatIsPossible) {
  EXPECT_TRUE(rc::check([](std::uint32_t seed) {
    const std::uint64_t nodes = 1 + seed % 7;
    const std::uint64_t hosts = 1 + seed / 7 % 7;
    const std::uint64_t racks = 1 + seed / 49 % 3;
    const std::uint32_t replication = 1 + seed / 147 % 4;
    Cluster cluster(nodes, {"/r"}, true);
    std::set<std::string> all_hosts;
    std::set<std::string> all_racks;
    for (std::uint64_t node = 1; node <= nodes; ++node) {
      const std::uint64_t host = mix(seed, node) % hosts;
      cluster.at(node).host = "h" + std::to_string(host);
      cluster.at(node).rack = "/" + std::to_string(host % racks);
      all_hosts.insert(cluster.at(node).host);
      all_racks.insert(cluster.at(node).rack);
    }
    cluster.run(seconds(2));
    RC_ASSERT(cluster.blocks().writable_hosts(cluster.now()) == all_hosts.size());
    const auto targets = choose(cluster, replication);
    if (all_hosts.size() < std::min<std::uint32_t>(2, replication)) {
      RC_ASSERT(targets.status().code() == Code::kNotEnoughDataNodes);
      return;
    }
    RC_ASSERT(targets.ok());
    std::set<std::string> chosen_hosts;
    std::set<std::string> chosen_racks;
    for (const std::uint64_t node : numbers(targets)) {
      chosen_hosts.insert(cluster.at(node).host);
      chosen_racks.insert(cluster.at(node).rack);
    }
    RC_ASSERT(chosen_hosts.size() == targets->size());
    RC_ASSERT(targets->size() == std::min<std::size_t>(replication, all_hosts.size()));
    RC_ASSERT(chosen_racks.size() >= std::min<std::size_t>({all_racks.size(), replication, 2}));
  }));
}

// Whoever named them knows which of them has failed the least.
TEST(Placement, OfNodesThatAreToBeLeftOutTheFirstOnesAreTakenWhereTheyAreNeeded) {
  Cluster cluster(5);
  for (int time = 0; time < 20; ++time) {
    const auto targets = numbers(choose(cluster, 3, {NodeId{4}, NodeId{2}, NodeId{1}, NodeId{3}}));
    EXPECT_EQ(targets, (std::vector<std::uint64_t>{5, 4}));
    EXPECT_EQ(numbers(choose(cluster, 2,
                             {NodeId{3}, NodeId{9}, NodeId{1}, NodeId{2}, NodeId{5}, NodeId{4}})),
              (std::vector<std::uint64_t>{3, 1}));
  }
}

TEST(Placement, SuspectNodesGetNothing) {
  Cluster cluster(3);
  cluster.cut_off(2);
  cluster.run(seconds(7));
  EXPECT_THAT(numbers(choose(cluster, 3)), UnorderedElementsAre(1, 3));
}

TEST(Placement, TooFewNodesIsAnErrorThatSaysHowMany) {
  Cluster cluster(1);
  const auto targets = choose(cluster, 3);
  EXPECT_EQ(targets.status().code(), Code::kNotEnoughDataNodes);
  EXPECT_THAT(targets.status().message(), HasSubstr("only 1 of the 2 DataNodes"));
  EXPECT_THAT(numbers(choose(cluster, 1)), SizeIs(1));
}

TEST(Placement, HDFS_8863_OneVolumeMustHaveTheRoomAndNotTheirSum) {
  Cluster cluster(4);
  set_free(cluster, 2, kBlockSize / 2, 10 * kBlockSize);
  cluster.run(seconds(1));
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(numbers(choose(cluster, 3)), UnorderedElementsAre(1, 3, 4));
  }
}

TEST(Placement, WithNoRoomForAWholeBlockASmallOneMayStillFit) {
  Cluster cluster(2);
  set_free(cluster, 1, kBlockSize / 4, kBlockSize / 4);
  cluster.run(seconds(1));
  EXPECT_THAT(numbers(choose(cluster, 2)), UnorderedElementsAre(1, 2));
}

TEST(Placement, FullDisksAreNoSpace) {
  Cluster cluster(3);
  for (const std::uint64_t node : {1u, 2u}) set_free(cluster, node, 0, 0);
  cluster.run(seconds(1));
  EXPECT_EQ(choose(cluster, 3).status().code(), Code::kNoSpace);
  EXPECT_EQ(choose(cluster, 3).status().message(), "No space left on any DataNode");
  EXPECT_EQ(cluster.blocks().writable_hosts(cluster.now()), 1u);
}

TEST(Placement, WhatTheClientFoundFailingIsAvoidedWhileOthersAreLeft) {
  Cluster cluster(4);
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(numbers(choose(cluster, 2, {NodeId{2}, NodeId{3}})), UnorderedElementsAre(1, 4));
  }
  EXPECT_THAT(numbers(choose(cluster, 3, {NodeId{1}, NodeId{2}, NodeId{3}})), SizeIs(2));
  EXPECT_THAT(numbers(choose(cluster, 3, {NodeId{1}})), UnorderedElementsAre(2, 3, 4));
}

TEST(Placement, BlocksAreSpreadEvenly) {
  Cluster cluster(6);
  std::map<std::uint64_t, int> chosen;
  for (int i = 0; i < 600; ++i) {
    for (const std::uint64_t node : numbers(choose(cluster, 3))) ++chosen[node];
    if (i % 50 == 0) cluster.run(seconds(1));
  }
  ASSERT_THAT(chosen, SizeIs(6));
  for (const auto& [node, count] : chosen) {
    EXPECT_GT(count, 240) << node;
    EXPECT_LT(count, 360) << node;
  }
}

TEST(Placement, S1_HostsAreWritableOnceTheirNodesAreRegistered) {
  Cluster cluster(3, {"/r"}, true);
  EXPECT_EQ(cluster.blocks().writable_hosts(cluster.now()), 0u);
  EXPECT_EQ(choose(cluster, 1).status().code(), Code::kNotEnoughDataNodes);
  cluster.join(1);
  EXPECT_EQ(cluster.blocks().writable_hosts(cluster.now()), 1u);
  cluster.join(2);
  EXPECT_THAT(numbers(choose(cluster, 3)), UnorderedElementsAre(1, 2));
}

TEST(Placement, EqualSeedsChooseEqually) {
  Cluster one(8);
  Cluster two(8);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(numbers(choose(one, 3)), numbers(choose(two, 3)));
}

// Its draws and its ties must not come from the standard library of one compiler.
TEST(Placement, DeepSeek_3FS_IsTheSameByEveryCompiler) {
  Cluster cluster(8);
  std::vector<std::vector<std::uint64_t>> chosen;
  for (int i = 0; i < 4; ++i) chosen.push_back(numbers(choose(cluster, 3)));
  EXPECT_THAT(chosen, ElementsAre(ElementsAre(8, 7, 5), ElementsAre(1, 4, 3), ElementsAre(3, 8, 6),
                                  ElementsAre(1, 3, 5)));
}

}  // namespace
}  // namespace dfs::namenode
