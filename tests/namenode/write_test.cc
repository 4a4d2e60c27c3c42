// Writing: create, allocate, commit, complete, abandon, expire.
#include <gmock/gmock.h>

#include "tests/namenode/namespace_bench.h"
#include "tests/namenode/tree_check.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Creating : ::testing::Test, NamespaceBench {};
struct Committing : ::testing::Test, NamespaceBench {
  wire::CreateReply file = open(ann, "/f", false, 2);
  BlockId first = file.blocks[0].block;
  BlockId second = file.blocks[1].block;

  wire::Allocate commit(std::vector<wire::CommittedBlock> blocks) {
    wire::Allocate request = allocate(ann, file.inode, 0);
    request.commit = std::move(blocks);
    return request;
  }
  // The message of a refused commit, having checked that nothing was changed.
  std::string refused(const wire::CommittedBlock& block) {
    const std::optional<BlockRow> before = store.block(block.info.id);
    const std::optional<PendingRow> pending = store.pending(file.inode);
    const std::string text = message(commit({block}));
    EXPECT_EQ(store.pending(file.inode), pending);
    EXPECT_EQ(store.block(block.info.id), before);
    return text;
  }
};
struct Completing : ::testing::Test, NamespaceBench {};
struct Lease : ::testing::Test, NamespaceBench {};

TEST_F(Creating, OfANewFileShowsItUnderConstructionAndEmpty) {
  const wire::CreateReply reply = open(ann, "/d/f", false, 3);
  EXPECT_THAT(reply.blocks, SizeIs(3));
  EXPECT_EQ(reply.block_size, kBlockSize);
  EXPECT_EQ(reply.replication, 3u);
  const wire::FileStatus shown = status("/d/f");
  EXPECT_TRUE(shown.under_construction);
  EXPECT_EQ(shown.length, 0u);
  EXPECT_EQ(shown.inode, reply.inode);
  EXPECT_THAT(names("/d"), ElementsAre("f"));
  EXPECT_EQ(status("/d").children, 1u);
  EXPECT_EQ(sums("/").files, 0u);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Creating, WithoutParentsNeedsThem) {
  wire::Create request = create(ann, "/d/e/f");
  request.parents = false;
  EXPECT_EQ(message(request), "/d: No such file or directory");
  EXPECT_THAT(names("/"), IsEmpty());
}

TEST_F(Creating, ChecksWhatIsThere) {
  write("/f");
  EXPECT_EQ(code(mkdir("/d")), Code::kOk);
  EXPECT_EQ(message(create(ann, "/f")), "/f: File exists");
  EXPECT_EQ(message(create(ann, "/d", true)), "/d: Is a directory");
  EXPECT_EQ(message(create(ann, "/", true)), "/: Is a directory");
  EXPECT_EQ(message(create(ann, "/f/g")), "/f: Not a directory");
}

TEST_F(Creating, ChecksItsNumbers) {
  wire::Create request = create(ann, "/f");
  request.replication = 513;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  request = create(ann, "/f");
  request.block_size = (std::uint64_t{1} << 40) + 1;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  EXPECT_EQ(code(create(ann, "/f", false, 9)), Code::kInvalidArgument);
  request = create(ann, "/f");
  request.mode = 07777;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  EXPECT_THAT(names("/"), IsEmpty());
  EXPECT_TRUE(store.scan_pending(InodeId{}, 1).empty());
}

TEST_F(Creating, G2_ASecondWriterIsRefusedOrFencesTheFirst) {
  const InodeId first = open(ann, "/f").inode;
  EXPECT_EQ(message(create(bob, "/f")), "/f: Is being written by another client");
  const InodeId second = open(bob, "/f", true).inode;
  EXPECT_EQ(code(complete(ann, first)), Code::kFenced);
  EXPECT_EQ(code(allocate(ann, first)), Code::kFenced);
  EXPECT_EQ(code(complete(ann, second)), Code::kFenced);
  EXPECT_EQ(code(complete(bob, second)), Code::kOk);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Creating, TheSameClientFencesItselfAtOnce) {
  const InodeId first = open(ann, "/f").inode;
  const InodeId second = open(ann, "/f").inode;
  EXPECT_NE(first, second);
  EXPECT_EQ(code(complete(ann, first)), Code::kFenced);
  EXPECT_EQ(code(complete(ann, second)), Code::kOk);
}

TEST_F(Creating, OverAFileLeavesItReadableUntilComplete) {
  const InodeId old = write("/f", 2);
  const wire::CreateReply next = open(bob, "/f", true, 1);
  EXPECT_EQ(status("/f").inode, old);
  EXPECT_EQ(status("/f").length, 2000u);
  EXPECT_THAT(names("/"), ElementsAre("f"));
  EXPECT_EQ(message(create(ann, "/f")), "/f: File exists");
  EXPECT_EQ(code(complete(bob, next.inode, 500, {stored(next.blocks[0].block, 0, 500)})),
            Code::kOk);
  EXPECT_EQ(status("/f").inode, next.inode);
  EXPECT_EQ(sums("/"), (wire::ContentSummary{1, 1, 500, 1500}));
  EXPECT_THAT(reap_all(), SizeIs(2));
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Creating, HDFS_5590_IdsAreStoredBeforeTheyAreHandedOut) {
  const wire::CreateReply reply = open(ann, "/f", false, 2);
  EXPECT_GT(store.meta().next_block, reply.blocks[1].block.value);
  EXPECT_GT(store.meta().next_inode, reply.inode.value);
  EXPECT_EQ(epoch_of(reply.blocks[0].block.value), store.meta().epoch);
  run(RaiseEpochCommand{6});
  const wire::CreateReply later = open(ann, "/g", false, 1);
  EXPECT_EQ(epoch_of(later.blocks[0].block.value), 7u);
  EXPECT_EQ(epoch_of(later.inode.value), 7u);
}

TEST_F(Committing, D1_NeedsTwoDistinctHosts) {
  wire::CommittedBlock block = stored(first, 0);
  const std::string too_few = "block " + std::to_string(first.value) +
                              ": It is stored on fewer than 2 hosts, write it again";
  for (const std::vector<NodeId>& nodes : {std::vector<NodeId>{},
                                           {NodeId{1}},
                                           {NodeId{1}, NodeId{1}},
                                           {NodeId{1}, NodeId{4}},
                                           {NodeId{1}, NodeId{99}}}) {
    block.stored = nodes;
    EXPECT_EQ(refused(block), too_few);
  }
  block.stored = {NodeId{4}, NodeId{3}};
  EXPECT_EQ(message(commit({block})), "");
}

TEST_F(Committing, OfReplicationOneNeedsOneHost) {
  wire::Create request = create(ann, "/one", false, 1);
  request.replication = 1;
  const auto one = std::get<wire::CreateReply>(this->request(request).reply);
  wire::CommittedBlock block = stored(one.blocks[0].block, 0);
  block.stored = {NodeId{2}};
  EXPECT_EQ(code(complete(ann, one.inode, kBlockSize, {block})), Code::kOk);
}

TEST_F(Committing, ChecksTheLength) {
  EXPECT_EQ(refused(stored(first, 0, 0)),
            "block " + std::to_string(first.value) + ": A block must not be empty");
  EXPECT_NE(refused(stored(first, 0, kBlockSize + 1)), "");
}

TEST_F(Committing, TakesOnlyBlocksOfThisFile) {
  const wire::CreateReply other = open(bob, "/g", false, 1);
  EXPECT_NE(refused(stored(other.blocks[0].block, 0)), "");
  EXPECT_NE(refused(stored(BlockId{12345}, 0)), "");
  EXPECT_NE(refused(stored(first, std::uint64_t{1} << 20)), "");
}

TEST_F(Committing, HDFS_3031_TheSameBlockAgainIsFine) {
  EXPECT_EQ(message(commit({stored(first, 0)})), "");
  EXPECT_EQ(message(commit({stored(first, 0), stored(second, 1)})), "");
  EXPECT_EQ(message(complete(ann, file.inode, 2000, {stored(second, 1)})), "");
  EXPECT_EQ(status("/f").length, 2000u);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Committing, HDFS_8498_HDFS_9289_TheSameBlockWithOtherContentIsRefused) {
  EXPECT_EQ(message(commit({stored(first, 0)})), "");
  EXPECT_NE(refused(stored(first, 0, kBlockSize - 1)), "");
  EXPECT_NE(refused(stored(first, 1)), "");
  wire::CommittedBlock other = stored(first, 0);
  ++other.info.crc;
  EXPECT_NE(refused(other), "");
}

TEST_F(Committing, TwoBlocksAtOneIndexAreRefused) {
  EXPECT_NE(message(commit({stored(first, 0), stored(second, 0)})), "");
  EXPECT_NE(message(commit({stored(first, 0), stored(first, 0)})), "");
  EXPECT_EQ(store.pending(file.inode)->blocks, 0u);
  EXPECT_EQ(message(commit({stored(first, 0)})), "");
  EXPECT_NE(refused(stored(second, 0)), "");
}

TEST_F(Committing, HDFS_7587_ARequestThatIsPartlyWrongChangesNothing) {
  const std::uint64_t next = store.meta().next_block;
  wire::Allocate request = allocate(ann, file.inode, 3);
  request.commit = {stored(first, 0)};
  request.abandon = {second};
  request.commit.push_back(stored(second, 1, 0));
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  EXPECT_EQ(store.block(first)->state, BlockState::kAllocated);
  EXPECT_EQ(store.block(second)->state, BlockState::kAllocated);
  EXPECT_EQ(store.meta().next_block, next);
}

TEST_F(Committing, AbandonedBlocksAreForgottenAndCommittedOnesStay) {
  wire::Allocate request = allocate(ann, file.inode, 1);
  request.commit = {stored(first, 0)};
  request.abandon = {second, BlockId{777}};
  const Outcome outcome = this->request(request);
  EXPECT_THAT(outcome.effects.forgotten, ElementsAre(second));
  EXPECT_THAT(outcome.effects.committed, ElementsAre(first));
  EXPECT_FALSE(store.block(second));
  request = allocate(ann, file.inode, 0);
  request.abandon = {first};
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Committing, TooManyOpenAllocationsAreRefused) {
  for (int i = 0; i < 7; ++i) EXPECT_EQ(code(allocate(ann, file.inode, 8)), Code::kOk);
  EXPECT_EQ(code(allocate(ann, file.inode, 6)), Code::kOk);
  EXPECT_EQ(code(allocate(ann, file.inode, 1)), Code::kInvalidArgument);
  wire::Allocate request = allocate(ann, file.inode, 1);
  request.abandon = {first};
  EXPECT_EQ(code(request), Code::kOk);
}

TEST_F(Completing, NeedsEveryIndexAndTheRightLength) {
  const wire::CreateReply file = open(ann, "/f", false, 3);
  wire::Allocate request = allocate(ann, file.inode, 0);
  request.commit = {stored(file.blocks[0].block, 0), stored(file.blocks[2].block, 2)};
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(message(complete(ann, file.inode, 2000)), "/f: A block in its middle is missing");
  EXPECT_EQ(message(complete(ann, file.inode, 2999, {stored(file.blocks[1].block, 1)})),
            "/f: Its blocks hold 3000 bytes and not 2999");
  EXPECT_TRUE(status("/f").under_construction);
  EXPECT_EQ(store.block(file.blocks[1].block)->state, BlockState::kAllocated);
  const Outcome done =
      this->request(complete(ann, file.inode, 3000, {stored(file.blocks[1].block, 1)}));
  EXPECT_EQ(std::get<wire::FileStatus>(done.reply), status("/f"));
  EXPECT_THAT(done.effects.leases_ended, ElementsAre(file.inode));
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Completing, WithABlockThatIsNotItsOwnIsRefused) {
  const wire::CreateReply file = open(ann, "/f", false, 1);
  const wire::CreateReply other = open(ann, "/g", false, 1);
  EXPECT_NE(code(complete(ann, file.inode, 1000, {stored(other.blocks[0].block, 0)})), Code::kOk);
  EXPECT_TRUE(status("/f").under_construction);
}

TEST_F(Completing, GivesUpWhatWasNotCommitted) {
  const wire::CreateReply file = open(ann, "/f", false, 2);
  const Outcome done = request(complete(ann, file.inode, 1000, {stored(file.blocks[1].block, 0)}));
  EXPECT_THAT(done.effects.forgotten, ElementsAre(file.blocks[0].block));
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Completing, RecordsTheTimeThatItIsTold) {
  wire::Complete request = complete(ann, open(ann, "/f").inode);
  request.mtime = WallTime{42};
  EXPECT_EQ(code(request), Code::kOk);
  EXPECT_EQ(status("/f").mtime, WallTime{42});
}

TEST_F(Completing, NeverReplacesADirectory) {
  write("/f");
  const InodeId next = open(bob, "/f", true).inode;
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  EXPECT_EQ(code(mkdir("/f")), Code::kOk);
  EXPECT_EQ(message(complete(bob, next)), "/f: Is a directory");
  EXPECT_EQ(code(abandon(bob, next)), Code::kOk);
  EXPECT_THAT(names("/f"), IsEmpty());
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Completing, ReplacesAFileThatCameInBetweenWhenOverwritingWasAsked) {
  write("/f");
  write("/g", 2);
  const InodeId next = open(bob, "/f", true).inode;
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  EXPECT_EQ(code(rename("/g", "/f")), Code::kOk);
  EXPECT_EQ(code(complete(bob, next)), Code::kOk);
  EXPECT_EQ(status("/f").inode, next);
  EXPECT_THAT(reap_all(), SizeIs(3));
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Completing, OfMoreThanAThousandBlocksNeedsFullOnes) {
  const wire::CreateReply file = open(ann, "/f");
  std::vector<BlockId> blocks;
  for (std::uint64_t index = 0; index < 1001; ++index) {
    const Outcome outcome = request(allocate(ann, file.inode, 1));
    const auto reply = std::get<wire::AllocateReply>(outcome.reply);
    wire::Allocate commit = allocate(ann, file.inode, 0);
    commit.commit = {stored(reply.blocks[0].block, index, index == 7 ? 999 : 1000)};
    ASSERT_EQ(code(commit), Code::kOk);
  }
  EXPECT_EQ(code(complete(ann, file.inode, 1001 * 1000 - 1)), Code::kInvalidArgument);
  write("/even", 1001);
}

TEST_F(Completing, AbandonTwiceOrAfterCompleteIsNoError) {
  const InodeId file = open(ann, "/f").inode;
  EXPECT_EQ(code(abandon(bob, file)), Code::kOk);  // it has nothing to give up
  EXPECT_TRUE(status("/f").under_construction);
  EXPECT_EQ(code(abandon(ann, file)), Code::kOk);
  EXPECT_EQ(code(abandon(ann, file)), Code::kOk);
  EXPECT_EQ(stat_code("/f"), Code::kNotFound);
  const InodeId kept = write("/f");
  EXPECT_EQ(code(abandon(ann, kept)), Code::kOk);
  EXPECT_EQ(stat_code("/f"), Code::kOk);
}

TEST_F(Lease, G3_OfAVanishedClientExpiresAndLeavesWhatWasThere) {
  const InodeId old = write("/f", 2);
  const wire::CreateReply next = open(bob, "/f", true, 2);
  wire::Allocate commit = allocate(bob, next.inode, 0);
  commit.commit = {stored(next.blocks[0].block, 0)};
  EXPECT_EQ(code(commit), Code::kOk);
  open(bob, "/new");
  const Outcome expired =
      run(ExpireCommand{{next.inode, store.pending_at(kRootInode, "new")->inode, InodeId{424242}}});
  EXPECT_THAT(expired.effects.leases_ended, SizeIs(2));
  EXPECT_EQ(status("/f").inode, old);
  EXPECT_EQ(stat_code("/new"), Code::kNotFound);
  EXPECT_EQ(code(complete(bob, next.inode, 1000)), Code::kFenced);
  EXPECT_EQ(find_damage(store), "");
  EXPECT_THAT(reap_all(), IsEmpty());
  EXPECT_THAT(store.scan_blocks(BlockId{}, 10), SizeIs(2));  // those of the old file
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Lease, HDFS_8870_OfALongFileIsReapedWithoutALeak) {
  const wire::CreateReply file = open(ann, "/f");
  for (std::uint64_t i = 0; i < 300; ++i) {
    const Outcome allocated = request(allocate(ann, file.inode, 1));
    wire::Allocate commit = allocate(ann, file.inode, 0);
    commit.commit = {stored(std::get<wire::AllocateReply>(allocated.reply).blocks[0].block, i)};
    ASSERT_EQ(code(commit), Code::kOk);
  }
  EXPECT_EQ(code(allocate(ann, file.inode, 8)), Code::kOk);
  run(ExpireCommand{{file.inode}});
  while (!store.scan_reap(InodeId{}, 1).empty()) {
    const std::uint64_t before = store.rows_touched();
    run(ReapCommand{200});
    EXPECT_LE(store.rows_touched() - before, 202u);
  }
  EXPECT_THAT(store.scan_blocks(BlockId{}, 10), IsEmpty());
  EXPECT_THAT(store.scan_inodes(InodeId{}, 10), SizeIs(1));
}

}  // namespace
}  // namespace dfs::namenode
