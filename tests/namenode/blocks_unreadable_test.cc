// Replicas that a DataNode found at its start and could not read: there, but not known to be good.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/namenode/cluster.h"

namespace dfs::namenode {
namespace {

using ::testing::IsEmpty;
using wire::OrderKind;

// A full report of node 1, which cannot read its replica of the block.
void report_unreadable(Cluster& cluster, BlockId block) {
  auto digests = cluster.digests_of(1);
  for (wire::BucketDigest& digest : digests.digests) {
    if (digest.bucket == wire::bucket_of(block)) digest.digest += 1;
  }
  const wire::Reply reply = cluster.send(digests);
  const auto& wanted = std::get<wire::ReportDigestsReply>(reply).wanted;
  ASSERT_FALSE(wanted.empty());
  for (wire::ReportPiece& piece : cluster.pieces_of(1, wanted)) {
    const auto erased = std::erase_if(
        piece.replicas, [block](const wire::BlockInfo& info) { return info.id == block; });
    if (erased > 0) piece.unreadable = std::vector{block};
    EXPECT_TRUE(std::holds_alternative<wire::Empty>(cluster.send(piece)));
  }
}

TEST(Unreadable, V3_IsNotForgottenByAReport) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1}, 1);
  cluster.disobey({2, 3});  // none of them makes a copy
  cluster.at(1).unreadable = true;
  report_unreadable(cluster, block);
  cluster.run(seconds(5));
  EXPECT_EQ(cluster.health(block).good, 0u);
  EXPECT_EQ(cluster.health(block).unknown, 1u) << "not missing";
  cluster.at(1).unreadable = false;
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.health(block).good, 1u) << "read again without a restart";
}

TEST(Unreadable, V3_IsKnownAlsoToANameNodeThatHasNeverHeardOfIt) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1}, 1);
  cluster.run(seconds(5));
  cluster.restart_namenode();
  cluster.disobey({2, 3});
  cluster.at(1).unreadable = true;
  cluster.join(1);
  report_unreadable(cluster, block);
  cluster.run(seconds(5));
  EXPECT_TRUE(cluster.describe().nodes.at(0).reported);
  EXPECT_EQ(cluster.health(block).good, 0u);
  EXPECT_EQ(cluster.health(block).unknown, 1u);
  cluster.at(1).unreadable = false;
  cluster.run(seconds(60));
  EXPECT_EQ(cluster.health(block).good, 1u);
}

TEST(Unreadable, IsRepairedFromTheOthersAtOnce) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2}, 2);
  cluster.at(1).unreadable = true;
  report_unreadable(cluster, block);
  cluster.run(seconds(20));
  EXPECT_EQ(cluster.health(block).good, 2u);
  EXPECT_THAT(cluster.located(block), ::testing::Contains(3u));
}

// Each copy that takes its place leaves one more replica in quarantine.
TEST(Unreadable, IsReplacedInPlaceLessAndLessOftenWhereTheDiskNeverReads) {
  Cluster cluster(3);
  const BlockId block = cluster.write({1, 2, 3});
  cluster.at(1).unreadable = true;
  for (int second = 0; second < 600; ++second) {
    cluster.doubt(block, 1);  // a reader's
    cluster.run(seconds(1));
  }
  EXPECT_THAT(cluster.orders(1, OrderKind::kCopy), ::testing::SizeIs(5)) << "30, 60, 120, 240 s";
}

TEST(Unreadable, OfABlockThatNobodyKnowsIsLeftAlone) {
  Cluster cluster(1);
  const BlockId known = cluster.write({1}, 1);
  const BlockId stranger{known.value + 1'000'000};
  wire::ReportPiece piece;
  piece.bucket = wire::bucket_of(stranger);
  piece.through = BlockId{UINT64_MAX};
  piece.unreadable = std::vector{stranger};
  piece.mark = cluster.next_mark(1);
  EXPECT_TRUE(std::holds_alternative<wire::Empty>(cluster.send(piece)));
  cluster.run(seconds(5));
  EXPECT_THAT(cluster.orders(1, OrderKind::kVerify), IsEmpty());
  EXPECT_EQ(cluster.health(known).good, 1u);
}

TEST(Unreadable, OutsideItsPiecesRangeIsMalformed) {
  Cluster cluster(1);
  const BlockId block = cluster.write({1}, 1);
  const auto refused = [&](BlockId after, BlockId through, std::vector<BlockId> unreadable) {
    wire::ReportPiece piece;
    piece.bucket = wire::bucket_of(block);
    piece.after = after;
    piece.through = through;
    piece.unreadable = std::move(unreadable);
    piece.mark = cluster.next_mark(1);
    const wire::Reply reply = cluster.send(piece);
    return std::holds_alternative<Status>(reply) ? std::get<Status>(reply).code() : Code::kOk;
  };
  const BlockId all{UINT64_MAX};
  const BlockId next{block.value + wire::kReportBuckets};
  EXPECT_EQ(refused(block, all, {block}), Code::kInvalidArgument);
  EXPECT_EQ(refused({}, block, {next}), Code::kInvalidArgument);
  EXPECT_EQ(refused({}, all, {next, block}), Code::kInvalidArgument);
  EXPECT_EQ(refused({}, all, {block, block}), Code::kInvalidArgument);
  EXPECT_EQ(refused({}, all, {BlockId{block.value + 1}}), Code::kInvalidArgument);
  EXPECT_EQ(refused({}, all, std::vector<BlockId>(1001, block)), Code::kTooLarge);
  EXPECT_EQ(cluster.health(block).good, 1u);
}

}  // namespace
}  // namespace dfs::namenode
