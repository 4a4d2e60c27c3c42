// What a rescue rebuilds from sidecars: files that the recovered history does not know, and no
// others.
#include "core/namenode/young_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/namenode/namespace_bench.h"
#include "tests/namenode/tree_check.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Young : public ::testing::Test {
 protected:
  // The history that was recovered ends here.
  void recover() {
    bench.store.commit();
    young = std::make_unique<YoungFiles>(bench.store);
    next = bench.store.meta().next_block;
  }
  // A replica of a block that was given out `ahead` blocks after that end.
  RescuedReplica replica(std::uint64_t ahead, std::uint64_t inode, std::uint64_t index,
                         std::uint64_t length = NamespaceBench::kBlockSize) const {
    return {std::string(32, 'c'),
            {BlockId{next + ahead}, length, 7},
            InodeId{inode},
            index,
            "/dir/name"};
  }
  std::vector<std::string> rebuild() {
    bench.store.begin();
    bench.run(RaiseEpochCommand{});
    bench.store.commit();
    std::vector<std::string> paths;
    for (const RebuiltFile& file : young->rebuild({5}, notes)) {
      paths.push_back(file.path + " " + std::to_string(file.length));
    }
    bench.store.begin();
    EXPECT_EQ(find_damage(bench.store), "");
    return paths;
  }

  NamespaceBench bench;
  std::unique_ptr<YoungFiles> young;
  std::uint64_t next = 0;
  std::vector<std::string> notes;
};

constexpr std::uint64_t kUnheardOf = (std::uint64_t{1} << 40) + 900;

TEST_F(Young, AFileThatNobodyRemembersComesBackUnderLostAndFound) {
  recover();
  for (int copy = 0; copy < 3; ++copy) {
    young->add(replica(1, kUnheardOf, 1, 300));
    young->add(replica(0, kUnheardOf, 0));
  }
  EXPECT_THAT(rebuild(), ElementsAre("/lost+found/" + std::to_string(kUnheardOf) + "-name 1300"));
  EXPECT_THAT(notes, IsEmpty());
  const BlockRow row = *bench.store.block(BlockId{next});
  EXPECT_EQ(row.state, BlockState::kCommitted);
  EXPECT_EQ(row.replication, 3u);
  EXPECT_EQ(bench.store.pending(row.owner), std::nullopt);
}

TEST_F(Young, AGapOrBlocksThatContradictEachOtherAreSaidAndNothingIsChanged) {
  recover();
  young->add(replica(0, kUnheardOf, 1));
  young->add(replica(1, kUnheardOf + 1, 0));
  RescuedReplica other = replica(2, kUnheardOf + 1, 0);
  other.info.crc = 8;
  young->add(other);
  young->add(replica(3, kUnheardOf + 2, 0, 500));
  young->add(replica(4, kUnheardOf + 2, 1, 600));
  EXPECT_THAT(rebuild(), IsEmpty());
  EXPECT_THAT(notes, ElementsAre(HasSubstr("block 0 of it is missing"),
                                 HasSubstr("different blocks 0"), HasSubstr("do not fit")));
  EXPECT_EQ(bench.store.block(BlockId{next + 1}), std::nullopt);
}

TEST_F(Young, FilesThatDoNotFitAreSaidUpToAHundredTimesAndThenCounted) {
  recover();
  for (std::uint64_t i = 0; i < 103; ++i) young->add(replica(i, kUnheardOf + i, 1));
  EXPECT_THAT(rebuild(), IsEmpty());
  ASSERT_EQ(notes.size(), 101u);
  EXPECT_EQ(notes.back(), "3 more files were not rebuilt");
}

TEST_F(Young, ANameThatCannotBeOneIsLeftOut) {
  recover();
  RescuedReplica odd = replica(0, kUnheardOf, 0);
  odd.path_hint = "/dir/" + std::string(300, 'n');
  young->add(odd);
  EXPECT_THAT(rebuild(), ElementsAre("/lost+found/" + std::to_string(kUnheardOf) + " 1000"));
}

TEST_F(Young, BlocksOfUnequalLengthBeforeTheLastMakeNoFileNorDoCopiesOfUnequalLength) {
  recover();
  young->add(replica(0, kUnheardOf, 0));
  young->add(replica(1, kUnheardOf, 1, 900));
  young->add(replica(2, kUnheardOf, 2, 10));
  young->add(replica(3, kUnheardOf + 1, 0, 500));
  young->add(replica(4, kUnheardOf + 1, 0, 501));
  young->add(replica(5, kUnheardOf + 2, 0, 0));
  EXPECT_THAT(rebuild(), IsEmpty());
  EXPECT_THAT(notes, ElementsAre(HasSubstr("do not fit"), HasSubstr("different blocks 0")));
}

TEST_F(Young, WithAFileInThePlaceOfLostAndFoundNothingIsRebuiltAndThatIsSaid) {
  bench.write("/lost+found");
  recover();
  young->add(replica(0, kUnheardOf, 0));
  EXPECT_THAT(rebuild(), IsEmpty());
  EXPECT_THAT(notes, ElementsAre(HasSubstr("Not a directory")));
}

TEST_F(Young, AReplicaThatIsNotWhatTheOpenFileCommittedIsLeftAlone) {
  const wire::CreateReply file = bench.open(bench.ann, "/writing", false, 2);
  wire::Allocate more = NamespaceBench::allocate(bench.ann, file.inode, 0);
  more.commit = {NamespaceBench::stored(file.blocks[0].block, 0)};
  EXPECT_EQ(bench.code(more), Code::kOk);
  recover();
  const BlockId block = file.blocks[0].block;
  const auto crc = static_cast<std::uint32_t>(block.value);
  for (const RescuedReplica& wrong :
       {RescuedReplica{std::string(32, 'c'), {block, 999, crc}, file.inode, 0, "/writing"},
        RescuedReplica{std::string(32, 'c'), {block, 1000, crc + 1}, file.inode, 0, "/writing"},
        RescuedReplica{std::string(32, 'c'), {block, 1000, crc}, file.inode, 1, "/writing"},
        RescuedReplica{std::string(32, 'c'), {block, 1000, crc}, InodeId{1}, 0, "/writing"}}) {
    young->add(wrong);
  }
  EXPECT_THAT(rebuild(), IsEmpty());
  EXPECT_THAT(notes, IsEmpty());
}

TEST_F(Young, ABlockThatWasWrittenAgainUnderANewIdIsTakenOnce) {
  recover();
  young->add(replica(0, kUnheardOf, 0));
  young->add(replica(5, kUnheardOf, 0));
  EXPECT_THAT(rebuild(), ElementsAre(HasSubstr("-name 1000")));
  EXPECT_EQ(bench.store.block(BlockId{next}), std::nullopt);
  EXPECT_TRUE(bench.store.block(BlockId{next + 5}).has_value());
}

TEST_F(Young, BlocksThatTheHistoryKnowsAreLeftAlone) {
  bench.write("/kept");
  bench.write("/deleted");
  EXPECT_EQ(bench.code(bench.remove("/deleted")), Code::kOk);
  recover();
  const std::uint64_t first = first_id_of_epoch(1);
  for (std::uint64_t id = first; id < next; ++id) {
    young->add({std::string(32, 'c'),
                {BlockId{id}, 1000, static_cast<std::uint32_t>(id)},
                InodeId{first},
                0,
                "/kept"});
  }
  young->add(replica(3, first, 1));  // of a file that was complete
  RescuedReplica foreign = replica(0, kUnheardOf, 0);
  foreign.cluster = std::string(32, 'd');
  young->add(foreign);
  EXPECT_THAT(rebuild(), IsEmpty());
  EXPECT_THAT(notes, IsEmpty());
}

TEST_F(Young, AFileThatWasBeingWrittenAtTheEndIsTakenOverAndItsWriterFenced) {
  const wire::CreateReply file = bench.open(bench.ann, "/writing", false, 2);
  wire::Allocate more = NamespaceBench::allocate(bench.ann, file.inode, 0);
  more.commit = {NamespaceBench::stored(file.blocks[0].block, 0)};
  EXPECT_EQ(bench.code(more), Code::kOk);
  recover();
  for (std::uint64_t index = 0; index < 2; ++index) {
    const BlockId block = file.blocks[index].block;
    young->add({std::string(32, 'c'),
                {block, 1000, static_cast<std::uint32_t>(block.value)},
                file.inode,
                index,
                "/writing"});
  }
  young->add(replica(0, file.inode.value, 2, 10));  // allocated after the end
  EXPECT_THAT(rebuild(), ElementsAre(HasSubstr("-writing 2010")));
  EXPECT_EQ(bench.code(NamespaceBench::complete(bench.ann, file.inode, 1000)), Code::kFenced);
  bench.run(ReapCommand{1000});
  for (const wire::AllocatedBlock& block : file.blocks) {
    EXPECT_EQ(bench.store.block(block.block)->state, BlockState::kCommitted);
  }
  EXPECT_EQ(bench.store.inode(file.inode), std::nullopt);
}

}  // namespace
}  // namespace dfs::namenode
