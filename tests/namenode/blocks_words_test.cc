// Words of DataNodes and clients that are malformed, late, or about nobody: refused, or of no
// effect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/namenode/blocks/node_table.h"
#include "core/namenode/blocks/report.h"
#include "core/namenode/blocks/sidecar_facts.h"
#include "tests/namenode/cluster.h"
#include "tests/namenode/namespace_bench.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using wire::OrderKind;
using wire::ReplicaEvent;

TEST(Words, AHeartbeatWithMoreThanItMayCarryIsRefused) {
  wire::Heartbeat heartbeat;
  heartbeat.changes.assign(kMostInMessage, {ReplicaEvent::kStored, {BlockId{1}, 1, 1}});
  heartbeat.results.assign(kMostInMessage, {});
  heartbeat.purge_wanted.assign(kMostPurges, {BlockId{1}, 1, 1});
  EXPECT_TRUE(check(heartbeat).ok());
  wire::Heartbeat more = heartbeat;
  more.changes.push_back(more.changes.back());
  EXPECT_EQ(check(more).code(), Code::kTooLarge);
  more = heartbeat;
  more.results.push_back({});
  EXPECT_EQ(check(more).code(), Code::kTooLarge);
  more = heartbeat;
  more.purge_wanted.push_back(more.purge_wanted.back());
  EXPECT_EQ(check(more).code(), Code::kTooLarge);
}

TEST(Words, AReplicaThatCannotBeIsRefusedWhereverItIsNamed) {
  for (const wire::BlockInfo& odd :
       {wire::BlockInfo{BlockId{}, 1, 1}, wire::BlockInfo{BlockId{1}, kBlockLengthLimit, 1}}) {
    wire::Heartbeat heartbeat;
    heartbeat.changes.push_back({ReplicaEvent::kStored, odd});
    EXPECT_EQ(check(heartbeat).code(), Code::kInvalidArgument);
    heartbeat.changes.clear();
    heartbeat.purge_wanted.push_back(odd);
    EXPECT_EQ(check(heartbeat).code(), Code::kInvalidArgument);
    wire::ReportPiece piece;
    piece.through = BlockId{UINT64_MAX};
    piece.bucket = wire::bucket_of(odd.id);
    piece.replicas.push_back(odd);
    EXPECT_EQ(check(piece).code(), Code::kInvalidArgument);
  }
}

TEST(Words, AReportWhoseOrderIsWrongIsRefused) {
  wire::ReportDigests digests;
  digests.digests = {{0, 1}, {wire::kReportBuckets, 1}};
  EXPECT_EQ(check(digests).code(), Code::kInvalidArgument);
  digests.digests = {{5, 1}, {5, 1}};
  EXPECT_EQ(check(digests).code(), Code::kInvalidArgument);
  wire::ReportPiece piece;
  piece.bucket = wire::bucket_of(BlockId{7});
  piece.through = BlockId{6};
  piece.replicas = {{BlockId{7}, 1, 1}};
  EXPECT_EQ(check(piece).code(), Code::kInvalidArgument) << "beyond its range";
  piece.through = BlockId{UINT64_MAX};
  EXPECT_TRUE(check(piece).ok());
  piece.after = BlockId{7};
  EXPECT_EQ(check(piece).code(), Code::kInvalidArgument) << "before its range";
}

TEST(Words, AMessageThatNumbersItselfZeroIsStale) {
  Cluster cluster(1);
  cluster.join(1);
  wire::Heartbeat heartbeat;
  heartbeat.mark = {NodeId{1}, cluster.at(1).session, 0};
  EXPECT_EQ(code_of(cluster.blocks().heartbeat(heartbeat, cluster.now())), Code::kStale);
}

TEST(Words, ALastPieceOfAReportThatWasNeverBegunCompletesNothing) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.restart_namenode();
  cluster.join(1);
  wire::ReportPiece piece;
  piece.mark = cluster.next_mark(1);
  piece.bucket = wire::bucket_of(block);
  piece.through = BlockId{UINT64_MAX};
  piece.last = true;
  piece.replicas = {Cluster::info(block)};
  EXPECT_EQ(code_of(cluster.send(piece)), Code::kOk);
  EXPECT_FALSE(cluster.describe().nodes.at(0).reported);
}

TEST(Words, TheRemovalOfAReplicaThatAnotherHasReplacedForgetsNothing) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.run(seconds(2));
  wire::BlockInfo other = Cluster::info(block);
  other.crc ^= 1;
  cluster.at(1).changes.push_back({ReplicaEvent::kRemoved, other});
  (void)cluster.heartbeat(1);
  EXPECT_EQ(cluster.health(block).good, 2u);
  cluster.at(1).changes.push_back({ReplicaEvent::kRemoved, Cluster::info(block)});
  (void)cluster.heartbeat(1);
  EXPECT_EQ(cluster.health(block).good, 1u);
}

TEST(Words, AClientsDoubtAboutNobodyOrNothingIsOfNoEffect) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.run(seconds(2));
  cluster.doubt(block, 99);
  cluster.doubt(block, 3);
  cluster.doubt(BlockId{block.value + 5}, 1);
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.orders_of(OrderKind::kVerify), 0u);
  EXPECT_EQ(cluster.health(block).good, 2u);
}

TEST(Words, AClientsDoubtBeforeTheNodesFirstReportIsLookedInto) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.at(1).reports = false;
  cluster.restart_namenode();
  cluster.run(seconds(2));
  cluster.doubt(block, 1);
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.orders(1, OrderKind::kVerify), SizeIs(1));
}

TEST(Words, AClientsDoubtAboutABlockThatIsBeingWrittenIsOfNoEffect) {
  Cluster cluster(2);
  cluster.at(1).reports = false;
  cluster.restart_namenode();
  cluster.run(seconds(2));
  cluster.doubt(cluster.allocate(2), 1);
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.orders_of(OrderKind::kVerify), 0u);
}

TEST(Words, ARemovalOfWhateverReplicaEndsWhatAClientClaimed) {
  Cluster cluster(2);
  const BlockId block = cluster.allocate(1);
  cluster.commit(block, {1});
  EXPECT_EQ(cluster.health(block).unknown, 1u);
  wire::BlockInfo other = Cluster::info(block);
  other.crc ^= 1;
  cluster.at(1).changes.push_back({ReplicaEvent::kRemoved, other});
  (void)cluster.heartbeat(1);
  EXPECT_EQ(cluster.health(block).unknown, 0u);
}

TEST(Words, AReportOfOtherContentThanIsKnownIsBelieved) {
  Cluster cluster(2);
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.at(1).replicas.at(block).info.crc ^= 1;
  cluster.report(1);
  EXPECT_EQ(cluster.health(block).good, 1u);
  EXPECT_EQ(cluster.health(block).corrupt, 1u);
}

TEST(Words, ARestoreOfWhichNothingIsToldHasTheNodeReport) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1}, 1);
  cluster.at(2).quarantine[block] = {Cluster::info(block), {}};
  cluster.kill(1);
  for (int i = 0; i < 60 && cluster.at(2).quarantine.contains(block); ++i) {
    cluster.run(seconds(1));
  }
  cluster.at(2).changes.clear();
  cluster.run(seconds(3));
  EXPECT_THAT(cluster.located(block), ElementsAre(2));
}

TEST(Words, ACopyThatIsSaidToBeDoneBeforeTheReplicaIsToldOfCounts) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.at(3).replicas.erase(block);
  cluster.at(3).changes.push_back({ReplicaEvent::kRemoved, Cluster::info(block)});
  cluster.disobey({3});
  cluster.run(seconds(5));
  const std::vector<wire::Order> copies = cluster.orders(3, OrderKind::kCopy);
  ASSERT_THAT(copies, SizeIs(1));
  cluster.at(3).results.push_back({copies[0].order, {}});
  (void)cluster.heartbeat(3);
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.orders(3, OrderKind::kCopy), SizeIs(1)) << "no second one";
  cluster.store_on(block, 3);
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.health(block).good, 3u);
}

TEST(Words, ASurvivorThatDeniesItsCopySavesTheOthers) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.disobey({1, 2, 3, 4});
  cluster.set_replication(block, 3);
  cluster.run(seconds(3));
  std::size_t denied = 0;
  for (const std::uint64_t node : {1u, 2u, 3u, 4u}) {
    for (const wire::Order& order : cluster.orders(node, OrderKind::kConfirm)) {
      const bool denies = denied++ == 0;
      cluster.at(node).results.push_back(
          {order.order, denies ? Status(Code::kNotFound, "no such replica") : Status()});
      (void)cluster.heartbeat(node);
    }
  }
  EXPECT_EQ(denied, 3u);
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 0u);
}

TEST(Words, ADenialOfACopyThatIsToldToBeGoneChangesNothingMore) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3, 4}, 4);
  cluster.disobey({1, 2, 3, 4});
  cluster.set_replication(block, 3);
  cluster.run(seconds(3));
  for (const std::uint64_t node : {1u, 2u, 3u, 4u}) {
    for (const wire::Order& order : cluster.orders(node, OrderKind::kConfirm)) {
      cluster.at(node).replicas.erase(block);
      cluster.at(node).changes.push_back({ReplicaEvent::kRemoved, Cluster::info(block)});
      cluster.at(node).results.push_back({order.order, {Code::kNotFound, "no such replica"}});
    }
  }
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.health(block).good, 1u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kQuarantine), 0u);
  EXPECT_EQ(cluster.orders_of(OrderKind::kVerify), 0u);
}

TEST(Words, APlaceBelowManyDirectoriesGivesNoHint) {
  NamespaceBench bench;
  std::string path;
  for (int i = 0; i < 40; ++i) path += "/d";
  const InodeId deep = bench.write(path + "/f");
  const std::string longest = path.substr(0, 2 * 31) + "/f";
  const InodeId flat = bench.write("/d/f");
  const InodeId deepest = bench.write(longest);
  const wire::CreateReply open = bench.open(bench.ann, "/d/open", false, 1);
  const auto hint_of = [&](InodeId inode) {
    return sidecar_facts(bench.store, *bench.store.block(bench.store.file_block(inode, 0)->block))
        .path_hint;
  };
  EXPECT_EQ(hint_of(deep), "");
  EXPECT_EQ(hint_of(flat), "/d/f");
  EXPECT_EQ(hint_of(deepest), longest);
  EXPECT_EQ(sidecar_facts(bench.store, *bench.store.block(open.blocks[0].block)).path_hint, "")
      << "it is at no place yet";
  EXPECT_EQ(bench.code(bench.remove("/d", true)), Code::kOk);
  EXPECT_EQ(hint_of(flat), "") << "in no directory any more";
}

TEST(Room, IsAVolumesAndUnknownUntilItIsTold) {
  Node node;
  EXPECT_TRUE(node.has_room(1));
  node.measured = true;
  EXPECT_TRUE(node.has_room(1)) << "a DataNode that measures nothing";
  node.stats.failed_volumes = 1;
  EXPECT_FALSE(node.has_room(1)) << "all its volumes have failed";
  node.stats.capacity = 100;
  EXPECT_FALSE(node.has_room(0)) << "full";
  node.stats.remaining = 100;
  node.stats.largest_free = 60;
  EXPECT_TRUE(node.has_room(60));
  EXPECT_FALSE(node.has_room(61));
}

TEST(Room, OfMoreNodesThanAPageHasIsLoadedWhole) {
  Cluster cluster(1);
  cluster.store().begin();
  for (std::uint64_t i = 2; i <= 1003; ++i) {
    DataNodeRow row;
    row.id = NodeId{i};
    row.uuid = "more" + std::to_string(i);
    cluster.store().put_datanode(row);
  }
  cluster.store().commit();
  NodeTable table;
  table.load(cluster.store());
  EXPECT_EQ(table.all().size(), 1003u);
}

}  // namespace
}  // namespace dfs::namenode
