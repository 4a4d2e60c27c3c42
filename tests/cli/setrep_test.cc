#include <atomic>

#include "tests/cli/told_cluster.h"

namespace dfs::cli {
namespace {

wire::ClusterReportReply of_live_nodes(std::uint32_t count) {
  wire::ClusterReportReply report;
  report.cluster = "told";
  for (std::uint32_t i = 1; i <= count; ++i) {
    wire::NodeReport node;
    node.node = NodeId{i};
    node.state = wire::NodeState::kLive;
    report.nodes.push_back(node);
  }
  return report;
}

// The file has one block, with a replica on the first node.
wire::LocateReply with_one_replica(const ToldCluster& cluster, std::uint32_t asked_for) {
  wire::LocateReply page{cluster.file, {}, false};
  page.status.replication = asked_for;
  page.blocks.push_back({{BlockId{1}, 3, 0}, 0, 3, {{NodeId{1}, "", ""}}});
  return page;
}

TEST(SetRep, WaitsUntilTheReplicasAreThere) {
  ToldCluster cluster("abc", 64);
  std::atomic<int> looks = 0;
  cluster.instead = [&](const wire::Request& request) -> std::optional<wire::Reply> {
    if (std::holds_alternative<wire::ClusterReport>(request)) return of_live_nodes(2);
    if (!std::holds_alternative<wire::Locate>(request)) return std::nullopt;
    wire::LocateReply page = with_one_replica(cluster, 2);
    if (++looks > 1) page.blocks[0].locations.push_back({NodeId{2}, "", ""});
    return page;
  };
  const ToldCluster::Ran ran = cluster.run({"setrep", "-w", "2", "/f"});
  EXPECT_EQ(ran.exit_code, kDone) << ran.errors;
  EXPECT_EQ(looks, 2);
}

TEST(SetRep, DoesNotWaitForReplicasThatNobodyAsksForAnyMore) {
  ToldCluster cluster("abc", 64);
  std::atomic<int> looks = 0;
  cluster.instead = [&](const wire::Request& request) -> std::optional<wire::Reply> {
    if (std::holds_alternative<wire::ClusterReport>(request)) return of_live_nodes(2);
    if (!std::holds_alternative<wire::Locate>(request)) return std::nullopt;
    if (++looks > 2) return Status(Code::kNotFound, "it waits for ever");
    return with_one_replica(cluster, 1);
  };
  const ToldCluster::Ran ran = cluster.run({"setrep", "-w", "2", "/f"});
  EXPECT_EQ(ran.exit_code, kFailed);
  EXPECT_EQ(ran.errors,
            "dfs: setrep: /f: somebody else has replaced it or asked for 1 replica meanwhile\n");
}

}  // namespace
}  // namespace dfs::cli
