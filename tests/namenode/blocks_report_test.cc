// Reports: the map is what the node has, whatever is repeated, delayed or lost on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <deque>

#include "core/namenode/blocks/report.h"
#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using wire::ReplicaEvent;

std::vector<std::uint64_t> wanted_of(const wire::Reply& reply) {
  return std::get<wire::ReportDigestsReply>(reply).wanted;
}

bool reported(Cluster& cluster, std::uint64_t node) {
  return cluster.describe().nodes.at(node - 1).reported;
}

TEST(Report, OnlyDifferingBucketsAreAskedFor) {
  Cluster cluster(2);
  const BlockId first = cluster.write({1, 2}, 2);
  const BlockId second = cluster.write({1, 2}, 2);
  EXPECT_THAT(wanted_of(cluster.send(cluster.digests_of(1))), IsEmpty());
  cluster.at(1).replicas.erase(second);
  EXPECT_THAT(wanted_of(cluster.send(cluster.digests_of(1))), ElementsAre(wire::bucket_of(second)));
  EXPECT_EQ(cluster.health(first).good, 2u);
}

TEST(Report, ANodeCountsOnlyAfterItsLastPiece) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.restart_namenode();
  cluster.join(1);
  const auto pieces = cluster.pieces_of(1, wanted_of(cluster.send(cluster.digests_of(1))));
  ASSERT_THAT(pieces, SizeIs(2));
  (void)cluster.send(pieces[0]);
  EXPECT_FALSE(reported(cluster, 1));
  EXPECT_EQ(cluster.health(block).good, 0u);
  EXPECT_EQ(cluster.health(block).unknown, 3u);
  (void)cluster.send(pieces[1]);
  EXPECT_TRUE(reported(cluster, 1));
  EXPECT_EQ(cluster.health(block).good, 1u);
}

TEST(Report, ALastPieceThatLeavesAGapDoesNotCount) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.restart_namenode();
  cluster.join(1);
  auto pieces = cluster.pieces_of(1, wanted_of(cluster.send(cluster.digests_of(1))));
  pieces[1].mark.sequence -= 1;  // the first one is never sent
  (void)cluster.send(pieces[1]);
  EXPECT_FALSE(reported(cluster, 1));
  EXPECT_EQ(cluster.health(block).good, 0u);
}

TEST(Report, HDFS_10301_RepeatedAndInterleavedReportsLoseNothing) {
  Cluster cluster(1);
  const BlockId first = cluster.write({1}, 1);
  const BlockId second = cluster.write({1}, 1);
  cluster.restart_namenode();
  cluster.join(1);
  const wire::ReportDigests digests = cluster.digests_of(1);
  const auto wanted = wanted_of(cluster.send(digests));
  EXPECT_EQ(wanted_of(cluster.send(digests)), wanted);  // its answer was lost
  for (const wire::ReportPiece& piece : cluster.pieces_of(1, wanted)) {
    (void)cluster.send(piece);
    (void)cluster.send(piece);
    const wire::Reply late = cluster.send(digests);  // a delayed copy
    EXPECT_EQ(std::get<Status>(late).code(), Code::kStale);
  }
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.health(first).good, 1u);
  EXPECT_EQ(cluster.health(second).good, 1u);
}

TEST(Report, HDFS_10301_AReportThatBeginsAnewReplacesTheUnfinishedOne) {
  Cluster cluster(1);
  const BlockId first = cluster.write({1}, 1);
  const BlockId second = cluster.write({1}, 1);
  cluster.restart_namenode();
  cluster.join(1);
  const auto wanted = wanted_of(cluster.send(cluster.digests_of(1)));
  ASSERT_THAT(wanted, SizeIs(2));
  const auto begun = cluster.pieces_of(1, {wanted[0]});
  (void)cluster.send(begun[0]);
  cluster.at(1).sequence = begun[0].mark.sequence;
  cluster.report(1);
  EXPECT_TRUE(reported(cluster, 1));
  EXPECT_EQ(cluster.health(first).good, 1u);
  EXPECT_EQ(cluster.health(second).good, 1u);
}

TEST(Report, HDFS_13677_APieceReplacesExactlyItsRange) {
  Cluster cluster(1);
  const BlockId low = cluster.write({1}, 1);
  BlockId high;
  do {
    high = cluster.allocate(1);
  } while (wire::bucket_of(high) != wire::bucket_of(low));
  cluster.store_on(high, 1);
  cluster.commit(high, {1});
  cluster.run(seconds(2));
  wire::ReportPiece piece;
  piece.bucket = wire::bucket_of(low);
  piece.after = low;
  piece.through = BlockId{UINT64_MAX};
  piece.mark = cluster.next_mark(1);
  (void)cluster.send(piece);
  EXPECT_EQ(cluster.health(low).good, 1u);
  EXPECT_EQ(cluster.health(high).good, 0u);
}

TEST(Report, HDFS_2791_AReportFromBeforeTheCommitCannotCondemnTheReplica) {
  Cluster cluster(3);
  const BlockId block = cluster.allocate();
  // Made before node 1 stores the block, answered after it is committed.
  const wire::Heartbeat early = cluster.heartbeat_of(1);
  for (const std::uint64_t node : {1u, 2u, 3u}) cluster.store_on(block, node);
  cluster.commit(block, {1, 2, 3});
  (void)cluster.send(early);
  EXPECT_EQ(cluster.health(block).unknown, 3u);
  cluster.run(seconds(2));
  (void)cluster.send(early);  // a delayed copy
  EXPECT_EQ(cluster.health(block).good, 3u);
}

TEST(Report, HDFS_2791_APieceFromBeforeTheStoreDoesNotUnclaimTheReplica) {
  Cluster cluster(3);
  cluster.restart_namenode();
  cluster.join(1);
  const BlockId block = cluster.allocate(1);
  wire::ReportPiece early;
  early.mark = cluster.next_mark(1);
  early.bucket = wire::bucket_of(block);
  early.through = BlockId{UINT64_MAX};
  cluster.store_on(block, 1);
  cluster.commit(block, {1});
  (void)cluster.send(early);
  EXPECT_EQ(cluster.health(block).unknown, 1u);
  EXPECT_THAT(cluster.located(block), ElementsAre(1));
}

TEST(Report, HDFS_5438_AReplicaToldOfBeforeItsCommitIsJudgedByTheCommit) {
  Cluster cluster(3);
  const BlockId block = cluster.allocate(2);
  wire::BlockInfo other = Cluster::info(block);
  other.crc ^= 1;
  cluster.store_on(block, 1);
  cluster.at(2).replicas[block] = {other, {}};
  cluster.at(2).changes.push_back({ReplicaEvent::kStored, other});
  cluster.run(seconds(2));
  EXPECT_EQ(cluster.orders_of(wire::OrderKind::kQuarantine), 0u);
  cluster.commit(block, {1});
  EXPECT_EQ(cluster.health(block).good, 1u);
  EXPECT_EQ(cluster.health(block).corrupt, 1u);
}

TEST(Report, HDFS_3391_ADeletionNamesTheReplicaThatWasReported) {
  Cluster cluster(3);
  const BlockId block = cluster.allocate(2);
  wire::BlockInfo other = Cluster::info(block);
  other.crc ^= 1;
  cluster.store_on(block, 1);
  cluster.store_on(block, 2);
  cluster.at(3).replicas[block] = {other, {}};
  cluster.at(3).changes.push_back({ReplicaEvent::kStored, other});
  cluster.commit(block, {1, 2});
  cluster.run(seconds(4));
  const auto orders = cluster.orders(3, wire::OrderKind::kQuarantine);
  ASSERT_THAT(orders, SizeIs(1));
  EXPECT_EQ(orders[0].block, other);
}

TEST(Report, ANodeThatDeniesWhatItIsBelievedToHaveReportsInFull) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.at(2).replicas.erase(block);
  cluster.at(2).forgetful = true;
  EXPECT_EQ(cluster.health(block).good, 2u);
  cluster.doubt(block, 2);
  cluster.run(seconds(10));
  EXPECT_EQ(cluster.good(block), 2u);  // copied back
  EXPECT_EQ(cluster.health(block).good, 2u);
}

TEST(Report, AMalformedOneIsRefusedWhole) {
  Cluster cluster(1);
  const BlockId block = cluster.write({1}, 1);
  wire::ReportPiece piece;
  piece.mark = cluster.next_mark(1);
  piece.bucket = wire::bucket_of(block);
  piece.through = BlockId{UINT64_MAX};
  const auto refused = [&](std::vector<wire::BlockInfo> replicas) {
    piece.replicas = std::move(replicas);
    const Code code = code_of(cluster.send(piece));
    return code != Code::kOk && code != Code::kStale;
  };
  const BlockId next{block.value + wire::kReportBuckets};
  EXPECT_TRUE(refused({{next, 1, 1}, {block, 1, 1}}));
  EXPECT_TRUE(refused({{BlockId{block.value + 1}, 1, 1}}));
  EXPECT_TRUE(refused({{BlockId{}, 1, 1}}));
  EXPECT_TRUE(refused({{block, UINT64_MAX, 1}}));
  EXPECT_TRUE(refused(std::vector<wire::BlockInfo>(1001, {block, 1, 1})));
  piece.bucket = wire::kReportBuckets;
  EXPECT_TRUE(refused({}));
  wire::ReportDigests digests;
  digests.mark = piece.mark;
  digests.digests = {{5, 1}, {5, 2}};
  EXPECT_EQ(std::get<Status>(cluster.send(digests)).code(), Code::kInvalidArgument);
  EXPECT_EQ(cluster.health(block).good, 1u);
}

// A node whose replicas change at random and whose messages are repeated, delayed and lost, as they
// can be: each is sent until it is answered, and copies of old ones may arrive at any time.
class Gossip {
 public:
  Gossip() : cluster_(1) {
    for (int i = 0; i < 12; ++i) blocks_.push_back(cluster_.allocate(1));
    // Three buckets share the blocks.
    for (BlockId& block : blocks_) {
      block.value = first_id_of_epoch(1) + block.value % 3 + block.value % 4 * wire::kReportBuckets;
    }
  }

  void step(std::uint32_t draw) {
    switch (draw % 6) {
      case 0:
      case 1:
        change(draw / 6);
        break;
      case 2:
        deliver(cluster_.heartbeat_of(1));
        break;
      case 3:
        if (!sent_.empty()) repeat(sent_[draw / 6 % sent_.size()]);
        break;
      case 4:
        report(draw / 6 % 5);
        break;
      case 5:
        cluster_.at(1).changes.clear();  // its process dies
        cluster_.start(1);
        cluster_.join(1);
        break;
    }
  }

  // What the NameNode knows after a whole report, and what the node has.
  void settle() {
    if (!cluster_.at(1).registered) cluster_.join(1);
    deliver(cluster_.heartbeat_of(1));
    report(SIZE_MAX);
  }
  [[nodiscard]] bool equal() {
    const auto wanted = wanted_of(cluster_.send(cluster_.digests_of(1)));
    return wanted.empty() && reported(cluster_, 1);
  }

 private:
  void change(std::uint32_t draw) {
    const BlockId block = blocks_[draw % blocks_.size()];
    PretendedNode& node = cluster_.at(1);
    if (node.replicas.contains(block)) {
      node.changes.push_back({ReplicaEvent::kRemoved, node.replicas[block].info});
      node.replicas.erase(block);
      return;
    }
    wire::BlockInfo info{block, 1 + draw % 2, 9};
    node.replicas[block] = {info, {}};
    node.changes.push_back({ReplicaEvent::kStored, info});
  }
  void deliver(const wire::Heartbeat& message) {
    (void)cluster_.send(message);
    sent_.push_back(message);
    if (!cluster_.at(1).registered) cluster_.join(1);
  }
  void repeat(const wire::Heartbeat& message) {
    (void)cluster_.blocks().heartbeat(message, cluster_.now());
  }
  void report(std::size_t pieces) {
    deliver(cluster_.heartbeat_of(1));  // a report is made when all changes are told
    const auto wanted = wanted_of(cluster_.send(cluster_.digests_of(1)));
    const std::uint64_t sequence = cluster_.at(1).sequence;
    std::size_t told = 0;
    for (const wire::ReportPiece& piece : cluster_.pieces_of(1, wanted)) {
      if (told++ >= pieces) break;
      (void)cluster_.send(piece);
      (void)cluster_.send(piece);
      cluster_.at(1).sequence = piece.mark.sequence;
    }
    if (told == 0 || pieces == 0) cluster_.at(1).sequence = sequence;
  }

  Cluster cluster_;
  std::vector<BlockId> blocks_;
  std::vector<wire::Heartbeat> sent_;
};

TEST(Report, AnyInterleavingEndsWithWhatTheNodeHas) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint32_t>& draws) {
    Gossip gossip;
    for (const std::uint32_t draw : draws) gossip.step(draw);
    gossip.settle();
    RC_ASSERT(gossip.equal());
  }));
}

TEST(ReplicaMap, ItsDigestsAreThoseOfItsToldReplicas) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint32_t>& draws) {
    ReplicaMap map;
    std::map<BlockId, wire::BlockInfo> told;
    for (const std::uint32_t draw : draws) {
      const BlockId block{1 + draw % 5 * wire::kReportBuckets};
      const wire::BlockInfo info{block, draw / 5 % 3, 1};
      switch (draw / 15 % 4) {
        case 0:
        case 1:
          map.put(info);
          told[block] = info;
          break;
        case 2:
          (void)map.claim(info);
          break;
        case 3:
          map.erase(block);
          told.erase(block);
          break;
      }
    }
    std::uint64_t digest = 0;
    for (const auto& [id, info] : told) {
      digest += wire::replica_digest(info);
      RC_ASSERT(map.find(id)->info() == info);
    }
    RC_ASSERT(map.digest(1) == digest);
  }));
}

}  // namespace
}  // namespace dfs::namenode
