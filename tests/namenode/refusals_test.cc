// What the namespace refuses: every check of a request or a command that no sound client or
// NameNode fails. Nothing of what is refused is done.
#include <gmock/gmock.h>

#include "core/namenode/namespace/operations.h"
#include "core/namenode/walk.h"
#include "tests/namenode/machine_bench.h"
#include "tests/namenode/namespace_bench.h"
#include "tests/namenode/tree_check.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Refused : ::testing::Test, NamespaceBench {
  wire::CreateReply file = open(ann, "/f", false, 2);

  std::string adopt(InodeId inode, std::uint64_t index, const wire::BlockInfo& block) {
    return message_of(run(AdoptBlockCommand{inode, index, block}).reply);
  }
};

TEST_F(Refused, APathThatIsNoneByEveryRequestThatTakesOne) {
  const std::string bad = "no/slash";
  wire::Mkdir mkdir_request = mkdir(bad);
  EXPECT_EQ(code(mkdir_request), Code::kInvalidArgument);
  EXPECT_EQ(code(remove(bad)), Code::kInvalidArgument);
  EXPECT_EQ(code(rename(bad, "/b")), Code::kInvalidArgument);
  EXPECT_EQ(code(rename("/f", bad)), Code::kInvalidArgument);
  EXPECT_EQ(code(create(ann, bad)), Code::kInvalidArgument);
  EXPECT_EQ(code(wire::SetReplication{ann.next(), bad, 2}), Code::kInvalidArgument);
  EXPECT_EQ(code(wire::SetTimes{ann.next(), bad, {}, {}}), Code::kInvalidArgument);
  EXPECT_EQ(stat_code(bad), Code::kInvalidArgument);
  EXPECT_EQ(walk_page(store, bad, "", [](const WalkedBlocks&) {}).status().code(),
            Code::kInvalidArgument);
}

TEST_F(Refused, ACallerWhoseNumberOrNameCannotBe) {
  wire::Mkdir request = mkdir("/a");
  request.caller.request = std::uint64_t{1} << 63;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  for (const std::string& user : {std::string("\xff"), std::string("a\0b", 3)}) {
    request = mkdir("/a");
    request.caller.user = user;
    EXPECT_EQ(code(request), Code::kInvalidArgument);
  }
  request = mkdir("/a");
  request.caller.client = std::string(31, 'a') + "/";
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  request.caller.client = std::string(31, 'a') + ":";
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  request.caller.client = std::string(31, 'a') + "g";
  EXPECT_EQ(code(request), Code::kInvalidArgument);
}

TEST_F(Refused, ReplicationsAndTimesThatCannotBe) {
  write("/g");
  for (const std::uint32_t replication : {0u, wire::kMaxReplication + 1}) {
    EXPECT_EQ(code(wire::SetReplication{ann.next(), "/g", replication}), Code::kInvalidArgument);
  }
  EXPECT_EQ(code(wire::SetTimes{ann.next(), "/none", WallTime{1}, {}}), Code::kNotFound);
  EXPECT_EQ(code(wire::SetTimes{ann.next(), "/g", WallTime{-1}, {}}), Code::kInvalidArgument);
  EXPECT_EQ(code(wire::SetTimes{ann.next(), "/g", {}, WallTime{-1}}), Code::kInvalidArgument);
  wire::Complete done = complete(ann, file.inode);
  done.mtime = WallTime{-1};
  EXPECT_EQ(message(done), "/f: Its time is negative");
}

TEST_F(Refused, MoreBlocksThanOneRequestMayNameOrAskFor) {
  wire::Allocate many = allocate(ann, file.inode, 0);
  many.commit.assign(kMaxListed + 1, stored(file.blocks[0].block, 0));
  EXPECT_EQ(message(many), "too many blocks are committed at once");
  many = allocate(ann, file.inode, 0);
  many.commit = {stored(file.blocks[0].block, 0)};
  many.commit[0].stored.assign(2 * wire::kMaxReplication + 1, NodeId{1});
  EXPECT_EQ(message(many), "too many blocks are committed at once");
  many = allocate(ann, file.inode, 0);
  many.abandon.assign(kMaxListed + 1, file.blocks[0].block);
  EXPECT_EQ(message(many), "too many blocks are given up at once");
  EXPECT_EQ(message(allocate(ann, file.inode, kMaxBlocksAtOnce + 1)),
            "at most 8 blocks can be allocated at once");
  const Outcome outcome = run(RequestCommand{allocate(ann, file.inode, 2), {}});
  EXPECT_EQ(code_of(outcome.reply), Code::kInternal) << "two blocks and no targets";
}

TEST_F(Refused, CommitsThatContradictEachOther) {
  const BlockId one = file.blocks[0].block;
  const BlockId two = file.blocks[1].block;
  wire::Allocate both = allocate(ann, file.inode, 0);
  both.commit = {stored(one, 0), stored(one, 1)};
  EXPECT_EQ(code(both), Code::kInvalidArgument) << "one block at two places";
  both = allocate(ann, file.inode, 1);
  const Outcome third = request(allocate(ann, file.inode, 1));
  const BlockId three = std::get<wire::AllocateReply>(third.reply).blocks.at(0).block;
  both = allocate(ann, file.inode, 0);
  both.commit = {stored(one, 0), stored(two, 1), stored(three, 0)};
  EXPECT_EQ(code(both), Code::kInvalidArgument) << "two blocks at one place";
  both = allocate(ann, file.inode, 0);
  both.commit = {stored(one, 0)};
  both.abandon = {two, one};
  EXPECT_THAT(message(both), HasSubstr("It is committed and cannot be given up"));
  const InodeId other = open(bob, "/g", false, 1).inode;
  wire::Allocate foreign = allocate(bob, other, 0);
  foreign.abandon = {one};
  EXPECT_EQ(code(foreign), Code::kOk) << "a block of somebody else is not touched";
  EXPECT_TRUE(store.block(one).has_value());
}

TEST_F(Refused, TheLastOfVeryManyBlocksMayBeShortAlsoWhenItComesWithTheCompletion) {
  for (const std::uint64_t last : {std::uint64_t{1}, kBlockSize}) {
    const std::string path = "/long" + std::to_string(last);
    const wire::CreateReply longer = open(bob, path);
    std::uint64_t index = 0;
    while (index < kMaxUnevenBlocks) {
      const Outcome more = request(allocate(bob, longer.inode, 8));
      wire::Allocate commit = allocate(bob, longer.inode, 0);
      for (const auto& block : std::get<wire::AllocateReply>(more.reply).blocks) {
        commit.commit.push_back(stored(block.block, index++));
      }
      ASSERT_EQ(code(commit), Code::kOk);
    }
    const Outcome more = request(allocate(bob, longer.inode, 2));
    const auto& blocks = std::get<wire::AllocateReply>(more.reply).blocks;
    const std::vector<wire::CommittedBlock> ends = {stored(blocks[0].block, index),
                                                    stored(blocks[1].block, index + 1, last)};
    const std::uint64_t length = (index + 1) * kBlockSize + last;
    EXPECT_EQ(message(complete(bob, longer.inode, length, ends)), "");
  }
}

TEST_F(Refused, BlocksThatAreNotAFilesToAdopt) {
  run(RaiseEpochCommand{});
  const BlockId lost{first_id_of_epoch(1) + 700};  // of the epoch that is over, never given out
  const InodeId target = open(bob, "/lost").inode;
  const std::string refusal = "/lost: block " + std::to_string(lost.value) + " cannot be one of it";
  EXPECT_EQ(adopt(InodeId{12345}, 0, {lost, 10, 1}).substr(0, 5), "file ") << "nobody's file";
  EXPECT_EQ(adopt(target, 0, {lost, 0, 1}), refusal) << "empty";
  EXPECT_EQ(adopt(target, 0, {lost, kBlockSize + 1, 1}), refusal) << "too long";
  EXPECT_EQ(adopt(target, kMaxBlocksPerFile, {lost, 10, 1}), refusal) << "too far behind";
  const BlockId ours{first_id_of_epoch(2) + 700};
  EXPECT_THAT(adopt(target, 0, {ours, 10, 1}), HasSubstr("cannot be one of it"))
      << "of the present epoch";
  EXPECT_THAT(adopt(target, 0, {BlockId{file.blocks[0].block.value - 1}, 10, 1}),
              HasSubstr("cannot be one of it"))
      << "given out and forgotten";
  EXPECT_EQ(adopt(target, 0, {lost, 10, 1}), "");
  EXPECT_EQ(adopt(target, 1, {lost, 10, 1}), refusal) << "its own already";
  EXPECT_THAT(adopt(target, 0, {BlockId{lost.value + 1}, 10, 1}), HasSubstr("cannot be"))
      << "there is a block at that place";
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Refused, BlocksThatAnotherFileHasToAdopt) {
  const BlockId one = file.blocks[0].block;
  wire::Allocate commit = allocate(ann, file.inode, 0);
  commit.commit = {stored(one, 0)};
  ASSERT_EQ(code(commit), Code::kOk);
  const InodeId kept = write("/kept");
  const BlockId of_kept = store.file_block(kept, 0)->block;
  const InodeId target = open(bob, "/lost").inode;
  const auto crc = static_cast<std::uint32_t>(one.value);
  EXPECT_NE(adopt(target, 0, {one, kBlockSize - 1, crc}), "") << "another length";
  EXPECT_NE(adopt(target, 0, {one, kBlockSize, crc + 1}), "") << "another checksum";
  EXPECT_NE(adopt(target, 0, {of_kept, kBlockSize, static_cast<std::uint32_t>(of_kept.value)}), "")
      << "of a complete file";
  EXPECT_EQ(code(remove("/kept")), Code::kOk);
  reap_all();
  ASSERT_EQ(store.block(of_kept)->state, BlockState::kFreed);
  EXPECT_NE(adopt(target, 0, {of_kept, kBlockSize, static_cast<std::uint32_t>(of_kept.value)}), "")
      << "of readers";
  EXPECT_EQ(adopt(target, 0, {one, kBlockSize, crc}), "");
  EXPECT_EQ(adopt(target, 1, {file.blocks[1].block, 7, 7}), "") << "allocated is enough";
}

TEST_F(Refused, CommandsAboutTheClusterThatCannotBe) {
  EXPECT_EQ(code_of(run(FormatCommand{}).reply), Code::kAlreadyExists);
  EXPECT_EQ(code_of(run(DecommissionCommand{NodeId{99}, true}).reply), Code::kNotFound);
  EXPECT_EQ(code_of(run(RaiseEpochCommand{kMaxEpoch}).reply), Code::kInvalidArgument);
  MetaRow meta = store.meta();
  meta.next_node = 10'001;
  store.put_meta(meta);
  EXPECT_EQ(code_of(run(RegisterCommand{std::string(32, 'a'), "x:1", "x:2", "", "h"}).reply),
            Code::kTooLarge);
  const Outcome known = run(RegisterCommand{std::string(30, 'e') + "h1", "h1:1", "h1:2", "", "h1"});
  EXPECT_EQ(code_of(known.reply), Code::kOk) << "who is known may come back";
}

TEST_F(Refused, StepsThatMayTouchNoRowDoNothing) {
  const WallTime end{now.ms + 1'000'000};
  const std::uint64_t kept = store.meta().requests;
  run(ForgetRequestsCommand{end, 0});
  EXPECT_EQ(store.meta().requests, kept);
  write("/g");
  EXPECT_EQ(code(remove("/g")), Code::kOk);
  const std::vector<BlockId> freed = reap_all();
  run(ForgetBlocksCommand{end, 6});
  EXPECT_TRUE(store.block(freed.at(0)).has_value());
  run(ForgetBlocksCommand{end, 7});
  EXPECT_FALSE(store.block(freed.at(0)).has_value());
}

TEST_F(Refused, ReapingEndsWithNothingLeftWhateverOneStepMayTouch) {
  for (std::uint64_t rows = 16; rows <= 60; ++rows) {
    NamespaceBench bench;
    bench.run(RequestCommand{bench.mkdir("/d"), {}});
    for (const char* name : {"/d/a", "/d/b", "/d/c"}) bench.write(name, 2);
    for (const char* name : {"/d/x", "/d/y", "/d/z"}) bench.open(bench.bob, name, false, 2);
    const wire::CreateReply half = bench.open(bench.bob, "/half", false, 4);
    wire::Allocate commit = bench.allocate(bench.bob, half.inode, 0);
    commit.commit = {stored(half.blocks[0].block, 0), stored(half.blocks[1].block, 1)};
    ASSERT_EQ(bench.code(commit), Code::kOk);
    ASSERT_EQ(bench.code(NamespaceBench::abandon(bench.bob, half.inode)), Code::kOk);
    ASSERT_EQ(bench.code(bench.remove("/d", true)), Code::kOk);
    int steps = 0;
    while (!bench.store.scan_reap(InodeId{}, 1).empty() && ++steps < 1000) {
      bench.run(ReapCommand{rows});
      if (rows % 2 == 0) bench.run(ForgetBlocksCommand{{bench.now.ms + 1}, 1000});
      ASSERT_EQ(find_damage(bench.store), "") << rows;
    }
    EXPECT_LT(steps, 1000) << rows;
    bench.run(ForgetBlocksCommand{{bench.now.ms + 1}, 1000});
    EXPECT_TRUE(bench.store.freed_blocks({bench.now.ms + 1}, 1).empty());
    EXPECT_EQ(find_damage(bench.store), "");
  }
}

struct Asked : ::testing::Test, MachineBench {
  Asked() { add_nodes(); }
};

TEST_F(Asked, ForWhatIsTooLongItMakesNoCommandToRecordAndToShip) {
  const InodeId file = open("/f").inode;
  const Position applied = store.meta().applied;
  wire::Complete done{caller(), file, {}, 0, {}};
  done.commit.resize(100'000);
  EXPECT_EQ(message(done), "too many blocks are committed at once");
  wire::Allocate more{caller(), file, {}, {}, 0, {}};
  more.commit.resize(100'000);
  EXPECT_EQ(message(more), "too many blocks are committed at once");
  more.commit.clear();
  more.abandon.resize(100'000);
  EXPECT_EQ(message(more), "too many blocks are given up at once");
  wire::Create other = create("/g", kMaxBlocksAtOnce + 1);
  other.exclude.resize(100'000);
  EXPECT_EQ(message(other), "field 'exclude' names too many DataNodes");
  const std::string path = "/" + std::string(100'000, 'n');
  EXPECT_THAT(message(create(path)), HasSubstr("Path too long"));
  EXPECT_THAT(message(mkdir(path)), HasSubstr("Path too long"));
  EXPECT_THAT(message(wire::Rename{caller(), path, "/g", false}), HasSubstr("Path too long"));
  EXPECT_THAT(message(wire::Rename{caller(), "/f", path, false}), HasSubstr("Path too long"));
  EXPECT_EQ(store.meta().applied, applied);
}

TEST_F(Asked, ForMoreThanOneRequestMayNameOrWithACallerThatIsNone) {
  wire::Create many = create("/f", 1);
  many.exclude.assign(1001, NodeId{1});
  EXPECT_EQ(message(many), "field 'exclude' names too many DataNodes");
  EXPECT_EQ(message(create("/f", kMaxBlocksAtOnce + 1)),
            "at most 8 blocks can be allocated at once");
  wire::ReportBad bad;
  bad.replicas.assign(1001, {BlockId{1}, NodeId{1}});
  EXPECT_EQ(code(bad), Code::kInvalidArgument);
  wire::Mkdir nobody = mkdir("/a");
  nobody.caller.client = "me";
  EXPECT_EQ(code(nobody), Code::kInvalidArgument);
  EXPECT_EQ(code(wire::SafeMode{"doze"}), Code::kInvalidArgument);
  EXPECT_EQ(code(wire::SafeMode{"get"}), Code::kOk);
}

TEST_F(Asked, ToRegisterADataNodeWhoseIdentityIsNoneOrWhichIsOneTooMany) {
  for (const char odd : {'/', ':', '`', 'g', 'A'}) {
    wire::Register request = registration("a9");
    request.uuid = std::string(31, 'a') + odd;
    EXPECT_EQ(code(request), Code::kInvalidArgument) << odd;
    request = registration("a9");
    request.incarnation = std::string(31, 'a') + odd;
    EXPECT_EQ(code(request), Code::kInvalidArgument) << odd;
  }
  wire::Register shorter = registration("a9");
  shorter.uuid = std::string(31, 'a');
  EXPECT_EQ(code(shorter), Code::kInvalidArgument);
  store.begin();
  MetaRow meta = store.meta();
  meta.next_node = 10'001;
  store.put_meta(meta);
  store.commit();
  EXPECT_EQ(code(registration("a9")), Code::kTooLarge);
}

TEST_F(Asked, WhetherItAcceptsWritesItNeedNotSayWhyNot) {
  std::string why = "nothing";
  EXPECT_TRUE(machine->accepts_writes(nullptr));
  EXPECT_TRUE(machine->accepts_writes(&why));
  EXPECT_EQ(why, "nothing");
  ASSERT_EQ(code(wire::SafeMode{"enter"}), Code::kOk);
  EXPECT_FALSE(machine->accepts_writes(nullptr));
  EXPECT_FALSE(machine->accepts_writes(&why));
  EXPECT_THAT(why, HasSubstr("safe mode"));
}

TEST_F(Asked, ForAVersionThatIsGoneItNamesThePathOrTheFile) {
  const std::string end = ": The file was replaced or removed while it was read";
  EXPECT_EQ(message(wire::Locate{"/f", InodeId{99}, 0, 1}), "/f" + end);
  EXPECT_EQ(message(wire::Locate{"", InodeId{99}, 0, 1}), "file 99" + end);
}

TEST_F(Asked, ForNoBytesItNamesNoBlock) {
  write("/f");
  for (const std::uint64_t offset : {0u, 500u, 1000u}) {
    const wire::Reply reply = send(wire::Locate{"/f", {}, offset, 0});
    EXPECT_TRUE(std::get<wire::LocateReply>(reply).blocks.empty()) << offset;
    EXPECT_EQ(std::get<wire::LocateReply>(reply).status.length, 1000u);
  }
}

TEST_F(Asked, RoundsThatAreCommittedOneByOneShipWhatTheyHold) {
  EffectList effects;
  machine->request(1, mkdir("/a"), now, effects);
  machine->flush(effects);
  machine->request(2, mkdir("/b"), now, effects);
  machine->flush(effects);
  std::vector<CommitToken> tokens;
  for (const Effect& effect : effects) {
    if (const auto* commit = std::get_if<Commit>(&effect)) tokens.push_back(commit->token);
  }
  ASSERT_EQ(tokens.size(), 2u);
  store.commit();
  for (const CommitToken token : tokens) {
    EffectList after;
    machine->committed(token, after);
    ASSERT_EQ(after.size(), 1u);
    EXPECT_EQ(std::get<Ship>(after[0]).commands.size(), 1u);
    EffectList reading;
    machine->request(3, wire::Stat{"/a"}, now, reading);
    EXPECT_EQ(std::get<SendReply>(reading.at(0)).after, token == tokens[0] ? tokens[1] : 0);
  }
}

TEST_F(Asked, CursorsGoOnWhereverTheyPoint) {
  write("/f");
  write("/d/e/g");
  const auto files_from = [&](const std::string& path, const std::string& cursor) {
    std::vector<std::string> files;
    const Result<std::string> next = walk_page(
        store, path, cursor, [&](const WalkedBlocks& file) { files.push_back(file.path); });
    EXPECT_EQ(next.value(), "");
    return files;
  };
  EXPECT_THAT(files_from("/", ""), ElementsAre("/d/e/g", "/f"));
  EXPECT_THAT(files_from("/", "d/d"), ElementsAre("/d/e/g", "/f"));
  EXPECT_THAT(files_from("/", "a/d"), ElementsAre("/f"));
  EXPECT_THAT(files_from("/", "0/d/e/g"), ElementsAre("/d/e/g", "/f"));
  EXPECT_THAT(files_from("/", "d/d/e/g"), ElementsAre("/f")) << "a file is not entered";
  EXPECT_THAT(files_from("/", "0/d/e/g/h"), ElementsAre("/f")) << "nor is what would be in it";
  EXPECT_THAT(files_from("/f", ""), ElementsAre("/f"));
  EXPECT_THAT(files_from("/f", "a/f"), ElementsAre());
  open("/written");
  EXPECT_THAT(files_from("/written", ""), ElementsAre()) << "it has no blocks yet";
  EXPECT_EQ(walk_page(store, "/none", "", [](const WalkedBlocks&) {}).status().code(),
            Code::kNotFound);
}

TEST_F(Asked, APageThatEndsWhereADirectoryBeginsGoesOnThere) {
  for (int d = 0; d < 600; ++d) {
    ASSERT_EQ(message(mkdir("/d" + std::to_string(1000 + d) + "/e")), "");
  }
  write("/z");
  std::string cursor;
  int pages = 0;
  std::vector<std::string> files;
  bool into = false;
  do {
    const Result<std::string> next = walk_page(
        store, "/", cursor, [&](const WalkedBlocks& file) { files.push_back(file.path); });
    cursor = next.value();
    into = into || cursor.starts_with("d/");
    ++pages;
  } while (!cursor.empty() && pages < 100);
  EXPECT_THAT(files, ElementsAre("/z"));
  EXPECT_TRUE(into) << pages << " pages";
}

}  // namespace
}  // namespace dfs::namenode
