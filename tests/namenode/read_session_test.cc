// Reading: where the blocks of a version are, also of one that is no more at its path.
#include <gmock/gmock.h>

#include <optional>
#include <utility>

#include "tests/namenode/namespace_bench.h"
#include "tests/namenode/tree_check.h"

namespace dfs::namenode {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// A block, and the offset that it is said to begin at.
using Found = std::pair<BlockId, std::uint64_t>;

struct ReadSession : ::testing::Test, NamespaceBench {
  static std::vector<wire::NodeAddress> nowhere(BlockId /*block*/) { return {}; }
  wire::Reply by_inode(InodeId inode) {
    wire::Locate request;
    request.inode = inode;
    return locate(store, request, nowhere);
  }

  // Writes /f of blocks of these lengths; the block at index i gets the ids[i]-th of its ids.
  std::vector<BlockId> write_uneven(const std::vector<std::uint64_t>& of_blocks,
                                    const std::vector<std::size_t>& ids) {
    lengths = of_blocks;
    const auto count = static_cast<std::uint32_t>(lengths.size());
    const wire::CreateReply opened = open(ann, "/f", false, count);
    std::vector<wire::CommittedBlock> commits;
    std::vector<BlockId> blocks;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < count; ++i) {
      blocks.push_back(opened.blocks[ids[i]].block);
      commits.push_back(stored(blocks[i], i, lengths[i]));
      length += lengths[i];
    }
    EXPECT_EQ(message(complete(ann, opened.inode, length, commits)), "");
    uneven = opened.inode;
    return blocks;
  }
  // The block of that file at `offset`, as a reader is told and as it is; none: "was replaced".
  std::optional<Found> found_at(std::uint64_t offset) {
    const wire::Reply reply = locate(store, {"", uneven, offset, 1}, nowhere);
    if (code_of(reply) == Code::kReplaced) return std::nullopt;
    const auto& blocks = std::get<wire::LocateReply>(reply).blocks;
    EXPECT_THAT(blocks, SizeIs(1));
    return Found{blocks.at(0).block.id, blocks.at(0).offset};
  }
  [[nodiscard]] std::optional<Found> place_of(std::uint64_t offset,
                                              const std::vector<BlockId>& blocks) const {
    std::uint64_t begin = 0;
    std::size_t index = 0;
    while (begin + lengths[index] <= offset) begin += lengths[index++];
    return Found{blocks[index], begin};
  }

  std::vector<std::uint64_t> lengths;
  InodeId uneven;
};

TEST_F(ReadSession, GoesOnByInodeUntilTheGraceIsOver) {
  const InodeId old = write("/f", 3);
  write("/f", 1, true);
  for (int round = 0; round < 2; ++round) {
    const auto reply = std::get<wire::LocateReply>(by_inode(old));
    EXPECT_EQ(reply.status.length, 3000u);
    EXPECT_THAT(reply.blocks, SizeIs(3));
    reap_all();
  }
  EXPECT_EQ(find_damage(store), "");
  run(ForgetBlocksCommand{now, 7});  // one block
  EXPECT_EQ(code_of(by_inode(old)), Code::kReplaced);
  run(ForgetBlocksCommand{now, 100});
  EXPECT_EQ(code_of(by_inode(old)), Code::kReplaced);
  EXPECT_EQ(find_damage(store), "");
}

// A history that was given up may have given the directory's id to a file.
TEST_F(ReadSession, OfAVersionWhoseIdADirectoryHasIsOver) {
  EXPECT_EQ(code(mkdir("/d")), Code::kOk);
  const wire::Reply directory = stat(store, wire::Stat{"/d"});
  EXPECT_EQ(code_of(by_inode(std::get<wire::FileStatus>(directory).inode)), Code::kReplaced);
}

TEST_F(ReadSession, KeepsFreedBlocksForAsLongAsItIsTold) {
  write("/f", 1);
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  reap_all();
  const WallTime freed = store.freed_blocks(now, 1).at(0).freed;
  EXPECT_THAT(run(ForgetBlocksCommand{{freed.ms - 1}, 100}).effects.forgotten, IsEmpty());
  EXPECT_THAT(run(ForgetBlocksCommand{freed, 100}).effects.forgotten, SizeIs(1));
}

TEST_F(ReadSession, Law11_APageEndsBeforeItsBlocksCopiesAreTooManyRows) {
  write("/f", 250);
  for (const BlockRow& block : store.scan_blocks(BlockId{}, 1000)) {
    for (std::uint64_t node = 1; node <= 20; ++node) store.put_hint(block.id, NodeId{node});
  }
  EXPECT_EQ(code(wire::SetReplication{ann.next(), "/f", 20}), Code::kOk);
  const auto by_hints = [&](BlockId block) {
    std::vector<wire::NodeAddress> found;
    for (const NodeId node : store.hints(block)) found.push_back({node, "", ""});
    return found;
  };
  wire::Locate request;
  request.path = "/f";
  for (bool more = true; more;) {
    const std::uint64_t before = store.rows_touched();
    const auto reply = std::get<wire::LocateReply>(locate(store, request, by_hints));
    EXPECT_LE(store.rows_touched() - before, 2000u);
    ASSERT_FALSE(reply.blocks.empty());
    EXPECT_EQ(reply.blocks[0].offset, request.offset);
    request.offset = reply.blocks.back().offset + reply.blocks.back().visible_length;
    more = reply.more;
  }
  EXPECT_EQ(request.offset, 250'000u);
}

TEST_F(ReadSession, LocatesRangesInPages) {
  write("/f", 450);
  wire::Locate request;
  request.path = "/f";
  std::uint64_t seen = 0;
  while (true) {
    request.offset = seen;
    const std::uint64_t before = store.rows_touched();
    const auto reply = std::get<wire::LocateReply>(locate(store, request, nowhere));
    EXPECT_LE(store.rows_touched() - before, 2000u);
    ASSERT_FALSE(reply.blocks.empty());
    EXPECT_EQ(reply.blocks[0].offset, seen);
    seen = reply.blocks.back().offset + reply.blocks.back().visible_length;
    if (!reply.more) break;
  }
  EXPECT_EQ(seen, 450'000u);
  request.offset = 123'456;
  request.length = 1000;
  const auto reply = std::get<wire::LocateReply>(locate(store, request, nowhere));
  ASSERT_THAT(reply.blocks, SizeIs(2));
  EXPECT_EQ(reply.blocks[0].offset, 123'000u);
  EXPECT_FALSE(reply.more);
  request.offset = 450'000;
  EXPECT_THAT(std::get<wire::LocateReply>(locate(store, request, nowhere)).blocks, IsEmpty());
  request.offset = UINT64_MAX;
  request.length = UINT64_MAX;
  EXPECT_THAT(std::get<wire::LocateReply>(locate(store, request, nowhere)).blocks, IsEmpty());
}

TEST_F(ReadSession, FindsOffsetsAmongUnevenBlocks) {
  const std::vector<BlockId> blocks = write_uneven({10, 1000, 1, 500}, {0, 1, 2, 3});
  for (std::uint64_t offset = 0; offset < 1511; offset += 7) {
    EXPECT_EQ(found_at(offset), place_of(offset, blocks)) << offset;
  }
}

TEST_F(ReadSession, FindsOffsetsWhereAnotherBlockFollowsThatWhichCouldBeTheLast) {
  const std::vector<BlockId> blocks = write_uneven({500, 700, 500}, {0, 1, 2});
  for (std::uint64_t offset = 0; offset < 1700; offset += 100) {
    EXPECT_EQ(found_at(offset), place_of(offset, blocks)) << offset;
  }
}

// What is left when the last block goes first looks like a file of full blocks.
TEST_F(ReadSession, IsToldNoWrongOffsetWhileUnevenBlocksAreForgotten) {
  const std::vector<BlockId> blocks = write_uneven({500, 700, 500}, {1, 2, 0});
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  reap_all();
  for (std::size_t forgotten = 0; forgotten < blocks.size(); ++forgotten) {
    for (std::uint64_t offset = 0; offset < 1700; offset += 100) {
      const std::optional<Found> found = found_at(offset);
      if (forgotten > 0 && !found) continue;
      EXPECT_EQ(found, place_of(offset, blocks)) << offset << ", " << forgotten << " forgotten";
    }
    EXPECT_THAT(run(ForgetBlocksCommand{now, 7}).effects.forgotten, SizeIs(1));
  }
  EXPECT_FALSE(found_at(0));
}

TEST_F(ReadSession, OfALongVersionGoesOnWhereItsBlocksAreNotForgottenYet) {
  const InodeId file = write("/f", 1100);
  const BlockId late = store.file_block(file, 1050)->block;
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  reap_all();
  EXPECT_THAT(run(ForgetBlocksCommand{now, 700}).effects.forgotten, SizeIs(100));
  const wire::Reply reply = locate(store, {"", file, 1'050'700, 1}, nowhere);
  EXPECT_EQ(std::get<wire::LocateReply>(reply).blocks.at(0).block.id, late);
  EXPECT_EQ(std::get<wire::LocateReply>(reply).blocks.at(0).offset, 1'050'000u);
}

TEST_F(ReadSession, OfAFileUnderConstructionIsEmpty) {
  open(ann, "/f", false, 2);
  wire::Locate request;
  request.path = "/f";
  const auto reply = std::get<wire::LocateReply>(locate(store, request, nowhere));
  EXPECT_TRUE(reply.status.under_construction);
  EXPECT_THAT(reply.blocks, IsEmpty());
}

}  // namespace
}  // namespace dfs::namenode
