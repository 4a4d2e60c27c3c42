// The tests of the namespace can fail: each planted bug of it breaks what they check.
#include <gtest/gtest.h>

#include "core/base/mutant.h"
#include "tests/namenode/namespace_bench.h"
#include "tests/namenode/tree_check.h"

#if defined(DFS_MUTANTS)
namespace dfs::namenode {
namespace {

struct NamespaceMutants : ::testing::Test, NamespaceBench {
  ~NamespaceMutants() override { switch_on(Mutant::kNone); }
};

TEST_F(NamespaceMutants, D1CommitWithoutQuorumCompletesWithOneCopy) {
  const wire::CreateReply file = open(ann, "/f", false, 1);
  wire::CommittedBlock block = stored(file.blocks[0].block, 0);
  block.stored = {NodeId{1}};
  switch_on(Mutant::kD1CommitWithoutQuorum);
  EXPECT_EQ(code(complete(ann, file.inode, kBlockSize, {block})), Code::kOk);
}

TEST_F(NamespaceMutants, G1ReuseBlockIdsHandsAnIdOutTwice) {
  switch_on(Mutant::kG1ReuseBlockIds);
  const BlockId first = open(ann, "/f", false, 1).blocks[0].block;
  EXPECT_EQ(open(ann, "/g", false, 1).blocks[0].block, first);
}

TEST_F(NamespaceMutants, G2AcceptFencedLetsTheWriterOfARemovedFileGoOn) {
  const InodeId first = open(ann, "/f").inode;
  switch_on(Mutant::kG2AcceptFenced);
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  EXPECT_EQ(code(complete(ann, first)), Code::kOk);
}

TEST_F(NamespaceMutants, G2JoinTheWriterGivesTwoClientsOneVersion) {
  const InodeId first = open(ann, "/f").inode;
  switch_on(Mutant::kG2JoinTheWriter);
  EXPECT_EQ(open(bob, "/f", true).inode, first);
}

TEST_F(NamespaceMutants, G3PublishOnExpiryShowsHalfAFile) {
  const wire::CreateReply file = open(ann, "/f", false, 2);
  wire::Allocate commit = allocate(ann, file.inode, 0);
  commit.commit = {stored(file.blocks[0].block, 0)};
  EXPECT_EQ(code(commit), Code::kOk);
  switch_on(Mutant::kG3PublishOnExpiry);
  run(ExpireCommand{{file.inode}});
  EXPECT_EQ(status("/f").length, kBlockSize);
}

TEST_F(NamespaceMutants, N1NoRetryRecordExecutesARetry) {
  const wire::Mkdir request = mkdir("/a");
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(code(remove("/a")), Code::kOk);
  switch_on(Mutant::kN1NoRetryRecord);
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(stat_code("/a"), Code::kOk);
}

TEST_F(NamespaceMutants, N1ExecuteSettledExecutesWhatArrivesLate) {
  const wire::Mkdir request = mkdir("/a");
  EXPECT_EQ(code(request), Code::kOk);
  for (int i = 2; i < 9; ++i) EXPECT_EQ(code(mkdir("/" + std::to_string(i))), Code::kOk);
  wire::Remove settling = remove("/a");
  settling.caller.settled_below = settling.caller.request;
  EXPECT_EQ(code(settling), Code::kOk);
  switch_on(Mutant::kN1ExecuteSettled);
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(stat_code("/a"), Code::kOk);
}

TEST_F(NamespaceMutants, N1ForgetNumbersExecutesWhatHadARecord) {
  const wire::Mkdir request = mkdir("/a");
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(code(remove("/a")), Code::kOk);
  switch_on(Mutant::kN1ForgetNumbers);
  run(ForgetRequestsCommand{now, 100});
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(stat_code("/a"), Code::kOk);
}

TEST_F(NamespaceMutants, N3RenameIntoOwnSubtreeLosesIt) {
  EXPECT_EQ(code(mkdir("/a/b", true)), Code::kOk);
  switch_on(Mutant::kN3RenameIntoOwnSubtree);
  EXPECT_EQ(code(rename("/a", "/a/b/c")), Code::kOk);
  EXPECT_NE(find_damage(store), "");
}

}  // namespace
}  // namespace dfs::namenode
#endif
