// Deletion of replicas whose block no file has any more: they go through the fence too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/namenode/past_epochs.h"
#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using wire::OrderKind;
using wire::ReplicaEvent;

TEST(Forgotten, EveryReplicaIsQuarantined) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.free(block);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));  // its readers' grace
  EXPECT_THAT(cluster.located(block), SizeIs(3));
  cluster.forget(block);
  cluster.run(seconds(3));
  EXPECT_THAT(cluster.holders(block), IsEmpty());
  EXPECT_THAT(cluster.store().hints(block), IsEmpty());
}

TEST(Forgotten, N2_AlsoOnANodeThatWasDeadMeanwhile) {
  Cluster cluster(4);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.kill(3);
  cluster.run(seconds(40));
  cluster.free(block);
  cluster.forget(block);
  cluster.restart_namenode();
  cluster.run(seconds(5));
  cluster.start(3);
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.holders(block), IsEmpty());
}

TEST(Forgotten, HDFS_17275_ALateReportOfABlockWhoseFileGoesDoesNotBringItBack) {
  Cluster cluster(3);
  const BlockId block = cluster.allocate();
  cluster.forget(block);  // its writer gave up
  cluster.run(seconds(1));
  cluster.store_on(block, 2);
  cluster.run(seconds(3));
  EXPECT_THAT(cluster.holders(block), IsEmpty());
  EXPECT_FALSE(cluster.store().block(block).has_value());
}

TEST(Forgotten, MinIO_13990_D5_NotBeforeTheNodesFullReport) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.at(1).reports = false;
  cluster.restart_namenode();
  cluster.forget(block);
  cluster.run(seconds(20));
  EXPECT_THAT(cluster.holders(block), ElementsAre(1));
  cluster.at(1).reports = true;
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.holders(block), IsEmpty());
}

TEST(Forgotten, MooseFS_151_ABlockBeyondOurHistoryIsKeptAndTold) {
  Cluster cluster(3);
  const BlockId block{first_id_of_epoch(1) + 1000};
  cluster.at(2).replicas[block] = {Cluster::info(block), {}};
  cluster.at(2).changes.push_back({ReplicaEvent::kStored, Cluster::info(block)});
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), ElementsAre(2));
  ASSERT_THAT(cluster.describe().notes, SizeIs(1));
  EXPECT_THAT(cluster.describe().notes[0], HasSubstr("1 blocks on DataNodes are of a history"));
  cluster.at(2).replicas.clear();
  cluster.at(2).changes.push_back({ReplicaEvent::kRemoved, Cluster::info(block)});
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.describe().notes, IsEmpty()) << "it is gone";
}

TEST(Forgotten, ABlockBeyondOurHistoryIsToldOfAlsoWhenItsNodeIsDead) {
  Cluster cluster(5);
  cluster.store_on(BlockId{first_id_of_epoch(1) + 1000}, 2);
  cluster.run(seconds(5));
  cluster.kill(2);
  cluster.run(seconds(120));
  EXPECT_THAT(cluster.describe().notes, ElementsAre(HasSubstr("1 blocks on DataNodes are of a")));
}

TEST(Forgotten, OfBlocksBeyondOurHistoryAThousandAreToldOf) {
  Cluster cluster(2);
  for (std::uint64_t i = 0; i < 1200; ++i) {
    cluster.store_on(BlockId{first_id_of_epoch(1) + 1000 + i}, 1 + i % 2);
  }
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.describe().notes, ElementsAre(HasSubstr("1000 blocks on DataNodes are of")));
}

TEST(Forgotten, HDFS_3605_ABlockOfALaterEpochIsKept) {
  Cluster cluster(3);
  const BlockId block{first_id_of_epoch(2)};
  cluster.store_on(block, 2);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), ElementsAre(2));
}

TEST(Forgotten, ABlockOfAnEarlierEpochGoesOnlyIfThatHistoryWasOurs) {
  Cluster cluster(3);
  const BlockId first = cluster.write({1, 2, 3});
  const BlockId second = cluster.write({1, 2, 3});
  const BlockId beyond{second.value + 1};
  cluster.store_on(beyond, 2);
  cluster.store().begin();
  MetaRow meta = cluster.store().meta();
  meta.past_epochs = with_past_epoch("", 1, beyond.value);
  meta.epoch = 3;  // 2 never was ours
  meta.next_block = first_id_of_epoch(3);
  cluster.store().put_meta(meta);
  cluster.store().commit();
  const BlockId foreign{first_id_of_epoch(2)};
  cluster.store_on(foreign, 3);
  cluster.forget(first);
  cluster.forget(second);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(first), IsEmpty());
  EXPECT_THAT(cluster.holders(second), IsEmpty());
  EXPECT_THAT(cluster.holders(beyond), ElementsAre(2));
  EXPECT_THAT(cluster.holders(foreign), ElementsAre(3));
}

TEST(Forgotten, D5_NothingWhileADataNodeHasSeenANewerHistory) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.at(3).seen = {1, 1'000'000, block.value + 500};
  cluster.run(seconds(1));
  EXPECT_EQ(cluster.blocks().newest_seen().applied, 1'000'000u);
  cluster.forget(block);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
}

// Of two DataNodes one has seen more commands, of the history that we are, and one a block of the
// history that is gone.
TEST(Forgotten, D5_NothingWhileADataNodeHasSeenABlockOfAHistoryWithFewerCommands) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.at(3).seen = {1, 1, block.value + 500};
  cluster.run(seconds(1));
  cluster.forget(block);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
}

TEST(Forgotten, NothingInSafeMode) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.store().begin();
  MetaRow meta = cluster.store().meta();
  meta.safe_mode = true;
  cluster.store().put_meta(meta);
  cluster.store().commit();
  cluster.forget(block);
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), SizeIs(3));
  meta = cluster.store().meta();
  meta.safe_mode = false;
  cluster.store().begin();
  cluster.store().put_meta(meta);
  cluster.store().commit();
  cluster.run(seconds(60));
  EXPECT_THAT(cluster.holders(block), IsEmpty());
}

// A node whose quarantine ends like that.
void expect_not_asked_all_the_time(const Status& end) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1}, 1);
  cluster.at(1).stubborn = end;
  cluster.forget(block);
  cluster.run(seconds(100));
  EXPECT_THAT(cluster.orders(1, OrderKind::kQuarantine), SizeIs(4));
  cluster.at(1).stubborn = {};
  cluster.run(seconds(35));
  EXPECT_THAT(cluster.holders(block), IsEmpty());
}

TEST(Forgotten, B3_ANodeThatFailsToDeleteIsNotAskedAllTheTime) {
  expect_not_asked_all_the_time({Code::kIo, "Input/output error"});
}

// Its files are gone, and what it reads to be sure of that ends with an error.
TEST(Forgotten, B3_ANodeThatDoesNotFindWhatItSaysThatItHasIsNotAskedAllTheTime) {
  expect_not_asked_all_the_time({Code::kNotFound, "no such replica here"});
}

}  // namespace
}  // namespace dfs::namenode
