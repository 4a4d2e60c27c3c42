// Directories and names: mkdir, remove, rename, list, sums.
#include <gmock/gmock.h>

#include <set>

#include "tests/namenode/namespace_bench.h"
#include "tests/namenode/tree_check.h"

namespace dfs::namenode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Mkdir : ::testing::Test, NamespaceBench {};
struct Removal : ::testing::Test, NamespaceBench {};
struct Renaming : ::testing::Test, NamespaceBench {};
struct Listing : ::testing::Test, NamespaceBench {};
struct Attributes : ::testing::Test, NamespaceBench {};

TEST_F(Mkdir, MakesOneDirectoryOrAllThatAreMissing) {
  EXPECT_EQ(message(mkdir("/a/b")), "/a: No such file or directory");
  EXPECT_EQ(code(mkdir("/a/b/c", true)), Code::kOk);
  EXPECT_EQ(code(mkdir("/a/b/c", true)), Code::kOk);
  EXPECT_EQ(message(mkdir("/a/b/c")), "/a/b/c: File exists");
  EXPECT_EQ(code(mkdir("/a/b/d")), Code::kOk);
  EXPECT_THAT(names("/a/b"), ElementsAre("c", "d"));
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Mkdir, RefusesAFileInTheWay) {
  write("/f");
  EXPECT_EQ(message(mkdir("/f")), "/f: File exists");
  EXPECT_EQ(message(mkdir("/f", true)), "/f: File exists");
  EXPECT_EQ(message(mkdir("/f/d", true)), "/f: Not a directory");
  EXPECT_EQ(message(mkdir("/f/d")), "/f: Not a directory");
}

TEST_F(Mkdir, RefusesTheNameOfAFileUnderConstruction) {
  open(bob, "/f");
  EXPECT_EQ(message(mkdir("/f")), "/f: File exists");
  EXPECT_EQ(message(mkdir("/f/d", true)), "/f: Not a directory");
}

TEST_F(Mkdir, OfTheRootIsFineOnlyWithParents) {
  EXPECT_EQ(code(mkdir("/", true)), Code::kOk);
  EXPECT_EQ(message(mkdir("/")), "/: File exists");
}

TEST_F(Mkdir, GivesTheCallerTheDirectoryAndTheParentsGroup) {
  run(RequestCommand{mkdir("/a"), {}});
  EXPECT_EQ(status("/a").owner, "ann");
  EXPECT_EQ(status("/a").group, "staff");
  EXPECT_EQ(status("/a").mode, 0755u);
  wire::Mkdir nobody = mkdir("/b");
  nobody.caller.user = "";
  run(RequestCommand{nobody, {}});
  EXPECT_EQ(status("/b").owner, "root");
}

TEST_F(Mkdir, RefusesModesBeyondPermissions) {
  wire::Mkdir request = mkdir("/a");
  request.mode = 02000;
  EXPECT_EQ(code(request), Code::kInvalidArgument);
  EXPECT_THAT(names("/"), IsEmpty());
}

TEST_F(Mkdir, HDFS_3626_UsesOnlyTheCanonicalPath) {
  EXPECT_EQ(code(mkdir("//a///b//", true)), Code::kOk);
  EXPECT_THAT(names("/a/"), ElementsAre("b"));
  for (const char* path : {"/a/../c", "/a/./c", "a", "", "/a/\xff"}) {
    EXPECT_EQ(code(mkdir(path, true)), Code::kInvalidArgument) << path;
  }
  EXPECT_THAT(names("/"), ElementsAre("a"));
}

TEST_F(Removal, OfADirectoryWithEntriesNeedsRecursion) {
  write("/a/b/f");
  EXPECT_EQ(message(remove("/a")), "/a: Directory not empty");
  EXPECT_EQ(code(remove("/a", true)), Code::kOk);
  EXPECT_EQ(message(remove("/a", true)), "/a: No such file or directory");
  EXPECT_EQ(sums("/"), (wire::ContentSummary{0, 1, 0, 0}));
  EXPECT_EQ(find_damage(store), "");
  EXPECT_EQ(reap_all().size(), 1u);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Removal, OfTheRootIsRefused) { EXPECT_EQ(code(remove("/", true)), Code::kInvalidArgument); }

TEST_F(Removal, OfAFileUnderConstructionEndsItsWriter) {
  const InodeId file = open(bob, "/f").inode;
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  EXPECT_EQ(stat_code("/f"), Code::kNotFound);
  EXPECT_EQ(code(complete(bob, file)), Code::kFenced);
  EXPECT_EQ(stat_code("/f"), Code::kNotFound);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Removal, OfTheOldFileLeavesItsOverwriterAtWorkAndUnseen) {
  write("/f");
  const InodeId next = open(bob, "/f", true).inode;
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  EXPECT_EQ(stat_code("/f"), Code::kNotFound);
  EXPECT_THAT(names("/"), IsEmpty());
  EXPECT_EQ(message(remove("/f")), "/f: No such file or directory");
  EXPECT_EQ(code(complete(bob, next)), Code::kOk);
  EXPECT_THAT(names("/"), ElementsAre("f"));
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Removal, HDFS_6527_HDFS_6825_OfTheParentFencesTheWriterBeforeAndAfterReaping) {
  write("/d/e/old");
  const wire::CreateReply file = open(bob, "/d/e/f", false, 1);
  EXPECT_EQ(code(remove("/d", true)), Code::kOk);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(code(allocate(bob, file.inode)), Code::kFenced);
    EXPECT_EQ(code(complete(bob, file.inode, kBlockSize, {stored(file.blocks[0].block, 0)})),
              Code::kFenced);
    EXPECT_EQ(find_damage(store), "");
    reap_all();
  }
  EXPECT_TRUE(store.scan_pending(InodeId{}, 1).empty());
  EXPECT_FALSE(store.block(file.blocks[0].block));
}

TEST_F(Removal, HDFS_7707_ANewFileOfTheNameIsNotTakenForTheOldOne) {
  const InodeId old = open(bob, "/f").inode;
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  const InodeId fresh = open(ann, "/f").inode;
  EXPECT_NE(old, fresh);
  EXPECT_EQ(code(complete(bob, old)), Code::kFenced);
  EXPECT_TRUE(status("/f").under_construction);
  EXPECT_EQ(code(complete(ann, fresh)), Code::kOk);
}

TEST_F(Removal, HDFS_6647_AReplacedBlockAfterItChangesNothing) {
  const wire::CreateReply file = open(bob, "/f", false, 1);
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  wire::Allocate instead = allocate(bob, file.inode);
  instead.abandon = {file.blocks[0].block};
  for (int round = 0; round < 2; ++round) {
    const std::size_t blocks = store.scan_blocks(BlockId{}, 10).size();
    EXPECT_EQ(code(instead), Code::kFenced);
    EXPECT_EQ(store.scan_blocks(BlockId{}, 10).size(), blocks);
    EXPECT_EQ(find_damage(store), "");
    reap_all();
    instead.caller = bob.next();
  }
}

TEST_F(Removal, HDFS_12369_ALeaseThatExpiresAfterItChangesNothing) {
  const InodeId old = open(bob, "/f", false, 1).inode;
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  const InodeId fresh = open(ann, "/f", false, 1).inode;
  for (int round = 0; round < 2; ++round) {
    static_cast<void>(run(ExpireCommand{{old}}));
    EXPECT_EQ(find_damage(store), "");
    EXPECT_TRUE(status("/f").under_construction);
    reap_all();
  }
  EXPECT_EQ(code(complete(ann, fresh)), Code::kOk);
}

TEST_F(Removal, Law11_OfThousandsOfFilesDetachesAtOnceAndIsReapedInShortSteps) {
  for (int i = 0; i < 3000; ++i) {
    const InodeId file = open(ann, "/big/" + std::to_string(i % 3) + "/" + std::to_string(i)).inode;
    ASSERT_EQ(code(complete(ann, file)), Code::kOk);
  }
  write("/big/long", 700);
  std::uint64_t before = store.rows_touched();
  EXPECT_EQ(code(remove("/big", true)), Code::kOk);
  EXPECT_LE(store.rows_touched() - before, 40u);
  EXPECT_THAT(names("/"), IsEmpty());
  int steps = 0;
  while (!store.scan_reap(InodeId{}, 1).empty()) {
    before = store.rows_touched();
    static_cast<void>(run(ReapCommand{500}));
    EXPECT_LE(store.rows_touched() - before, 502u);  // two for the scalars
    ASSERT_LT(++steps, 200);
    if (steps % 10 == 0) {
      EXPECT_EQ(find_damage(store), "");
    }
  }
  EXPECT_EQ(store.freed_blocks(now, 1000).size(), 700u);
  EXPECT_EQ(store.scan_inodes(InodeId{}, 10).size(), 2u);  // the root, and the long file's readers'
  run(ForgetBlocksCommand{now, 100'000});
  EXPECT_EQ(store.scan_inodes(InodeId{}, 10).size(), 1u);
  EXPECT_TRUE(store.scan_blocks(BlockId{}, 1).empty());
}

// Each replica has a row, which goes with its block.
TEST_F(Removal, Law11_BlocksOfVeryManyCopiesAreForgottenInShortStepsToo) {
  const auto give_hints = [&] {
    for (const BlockRow& block : store.scan_blocks(BlockId{}, 1000)) {
      for (std::uint64_t node = 1; node <= 100; ++node) store.put_hint(block.id, NodeId{node});
    }
  };
  const auto work_off = [&](const decltype(Command::body)& step, const auto& done) {
    for (int steps = 0; !done(); ++steps) {
      ASSERT_LT(steps, 100);
      const std::uint64_t before = store.rows_touched();
      static_cast<void>(run(step));
      EXPECT_LE(store.rows_touched() - before, 502u);
    }
  };
  const auto reaped = [&] { return store.scan_reap(InodeId{}, 1).empty(); };
  wire::Create wide = create(ann, "/given-up", false, 8);
  wide.replication = 100;
  const Outcome opened = request(wide);
  const auto& file = std::get<wire::CreateReply>(opened.reply);
  wire::Allocate commit = allocate(ann, file.inode, 0);
  for (std::size_t i = 0; i < 8; ++i) commit.commit.push_back(stored(file.blocks[i].block, i));
  EXPECT_EQ(code(commit), Code::kOk);
  give_hints();
  EXPECT_EQ(code(abandon(ann, file.inode)), Code::kOk);
  work_off(ReapCommand{500}, reaped);
  EXPECT_TRUE(store.scan_blocks(BlockId{}, 1).empty());

  write("/f", 8);
  EXPECT_EQ(code(wire::SetReplication{ann.next(), "/f", 100}), Code::kOk);
  work_off(ReapCommand{500}, reaped);
  give_hints();
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  work_off(ReapCommand{500}, reaped);
  const ForgetBlocksCommand forget{now, 500};
  work_off(forget, [&] { return store.scan_blocks(BlockId{}, 1).empty(); });
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Removal, ABlockOfMoreCopiesThanAStepMayTouchGoesAllTheSame) {
  wire::Create wide = create(ann, "/given-up", false, 1);
  wide.replication = 512;
  const Outcome opened = request(wide);
  const auto& file = std::get<wire::CreateReply>(opened.reply);
  EXPECT_EQ(code(abandon(ann, file.inode)), Code::kOk);
  static_cast<void>(run(ReapCommand{20}));
  EXPECT_TRUE(store.scan_blocks(BlockId{}, 1).empty());
}

TEST_F(Removal, ReapingDoesNothingWithTooFewRowsAndNeverMoreThanItMay) {
  write("/d/f", 20);
  EXPECT_EQ(code(remove("/d", true)), Code::kOk);
  for (std::uint64_t rows = 0; rows < 60; ++rows) {
    const std::uint64_t before = store.rows_touched();
    static_cast<void>(run(ReapCommand{rows}));
    EXPECT_LE(store.rows_touched() - before, rows + 2);
  }
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Renaming, MovesAFileWithItsContent) {
  const InodeId file = write("/a/f", 2);
  EXPECT_EQ(code(mkdir("/b")), Code::kOk);
  EXPECT_EQ(code(rename("/a/f", "/b/g")), Code::kOk);
  EXPECT_EQ(stat_code("/a/f"), Code::kNotFound);
  EXPECT_EQ(status("/b/g").inode, file);
  EXPECT_EQ(sums("/a"), (wire::ContentSummary{0, 1, 0, 0}));
  EXPECT_EQ(sums("/b"), (wire::ContentSummary{1, 1, 2000, 6000}));
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Renaming, NeedsTheSourceAndTheTargetsParent) {
  write("/f");
  EXPECT_EQ(message(rename("/x", "/y")), "/x: No such file or directory");
  EXPECT_EQ(message(rename("/f", "/d/f")), "/d: No such file or directory");
  EXPECT_EQ(message(rename("/f", "/f/g")), "/f: Cannot be moved into itself, /f/g");
  EXPECT_EQ(message(rename("/", "/d")), "/: The root directory cannot be moved");
  EXPECT_EQ(message(rename("/f", "/f")), "/f: File exists");
  EXPECT_EQ(message(rename("/f", "/", true)), "/: File exists");
}

TEST_F(Renaming, N3_IntoItsOwnSubtreeIsRefused) {
  EXPECT_EQ(code(mkdir("/a/b", true)), Code::kOk);
  EXPECT_EQ(message(rename("/a", "/a/b/c")), "/a: Cannot be moved into itself, /a/b/c");
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Renaming, ReplacesOnlyWhenAskedAndOnlyLikeByLike) {
  const InodeId f = write("/f");
  write("/g", 3);
  EXPECT_EQ(code(mkdir("/d")), Code::kOk);
  EXPECT_EQ(code(mkdir("/full/x", true)), Code::kOk);
  EXPECT_EQ(message(rename("/f", "/g")), "/g: File exists");
  EXPECT_EQ(message(rename("/f", "/d", true)), "/d: Is a directory");
  EXPECT_EQ(message(rename("/d", "/f", true)), "/f: Not a directory");
  EXPECT_EQ(message(rename("/d", "/full", true)), "/full: Directory not empty");
  EXPECT_EQ(code(rename("/f", "/g", true)), Code::kOk);
  EXPECT_EQ(status("/g").inode, f);
  EXPECT_EQ(code(rename("/full", "/d", true)), Code::kOk);
  EXPECT_THAT(names("/d"), ElementsAre("x"));
  EXPECT_EQ(find_damage(store), "");
  EXPECT_EQ(reap_all().size(), 3u);
}

TEST_F(Renaming, OfAFileUnderConstructionOrOntoOneIsRefused) {
  open(bob, "/new");
  write("/f");
  EXPECT_EQ(message(rename("/new", "/x")), "/new: Is being written by another client");
  EXPECT_EQ(message(rename("/f", "/new", true)), "/new: Is being written by another client");
}

TEST_F(Renaming, TakesTheOldFileAlongAndLeavesItsOverwriterBehind) {
  const InodeId old = write("/f");
  const InodeId next = open(bob, "/f", true).inode;
  EXPECT_EQ(code(rename("/f", "/g")), Code::kOk);
  EXPECT_EQ(status("/g").inode, old);
  EXPECT_EQ(stat_code("/f"), Code::kNotFound);
  EXPECT_EQ(code(complete(bob, next)), Code::kOk);
  EXPECT_EQ(status("/f").inode, next);
  EXPECT_EQ(status("/g").inode, old);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Renaming, OfAParentTakesWritersAlong) {
  const InodeId file = open(bob, "/a/f").inode;
  EXPECT_EQ(code(rename("/a", "/b")), Code::kOk);
  EXPECT_EQ(code(complete(bob, file)), Code::kOk);
  EXPECT_EQ(status("/b/f").inode, file);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Renaming, KeepsEverythingWithin255Levels) {
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "/d";
  EXPECT_EQ(code(mkdir(deep, true)), Code::kOk);
  EXPECT_EQ(code(mkdir("/x" + deep, true)), Code::kOk);
  EXPECT_EQ(code(rename("/x", deep + "/x")), Code::kInvalidArgument);
  EXPECT_EQ(code(mkdir("/y/y", true)), Code::kOk);
  EXPECT_EQ(code(rename("/y", deep + "/y")), Code::kOk);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Listing, ComesInPagesThatCoverEachNameOnce) {
  for (int i = 0; i < 30; ++i) {
    const std::string path =
        "/d/" + std::string(1, static_cast<char>('a' + i % 26)) + std::to_string(i);
    if (i % 3 == 0) {
      open(bob, path);
    } else {
      write(path, 0);
    }
  }
  for (const std::uint32_t limit : {1u, 2u, 7u, 29u, 30u, 31u}) {
    std::vector<std::string> all;
    std::string after;
    while (true) {
      const auto page = std::get<wire::ListReply>(list(store, {"/d", after, limit}));
      for (const auto& entry : page.entries) all.push_back(entry.name);
      if (!page.more) break;
      ASSERT_FALSE(page.entries.empty());
      after = all.back();
    }
    EXPECT_EQ(all.size(), 30u) << limit;
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 30u);
  }
}

TEST_F(Listing, GoesOnPastOverwritersThatAreNotShown) {
  for (int i = 0; i < 9; ++i) {
    const std::string path = "/d/" + std::to_string(i);
    write(path, 0);
    open(bob, path, true);
    EXPECT_EQ(code(remove(path)), Code::kOk);
  }
  write("/d/z", 0);
  const auto page = std::get<wire::ListReply>(list(store, {"/d", "", 2}));
  ASSERT_EQ(page.entries.size(), 1u);
  EXPECT_EQ(page.entries[0].name, "z");
  EXPECT_FALSE(page.more);
  EXPECT_EQ(status("/d").children, 1u);
}

TEST_F(Renaming, Law11_OverAFileFromOneDeepestPlaceToAnotherIsOneShortStep) {
  std::string deep;
  for (int level = 0; level < 253; ++level) deep += "/d";
  for (const char* top : {"/a", "/b"}) write(std::string(top) + deep + "/f", 1);
  const std::uint64_t before = store.rows_touched();
  EXPECT_EQ(message(rename("/a" + deep + "/f", "/b" + deep + "/f", true)), "");
  EXPECT_LE(store.rows_touched() - before, 2000u);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Listing, OfAFileIsTheFile) {
  write("/f", 1);
  const auto reply = std::get<wire::ListReply>(list(store, {"/f", "", 0}));
  EXPECT_FALSE(reply.directory);
  ASSERT_EQ(reply.entries.size(), 1u);
  EXPECT_EQ(reply.entries[0].length, 1000u);
  EXPECT_EQ(code_of(list(store, {"/g", "", 0})), Code::kNotFound);
  EXPECT_EQ(code_of(list(store, {"/f/g", "", 0})), Code::kNotDirectory);
}

TEST_F(Listing, Law11_OfAHugeDirectoryStaysShort) {
  for (int i = 0; i < 1500; ++i) {
    run(RequestCommand{mkdir("/d/" + std::to_string(i), true), {}});
  }
  const std::uint64_t before = store.rows_touched();
  const auto page = std::get<wire::ListReply>(list(store, {"/d", "", 1000}));
  EXPECT_LE(store.rows_touched() - before, 2000u);
  EXPECT_TRUE(page.more);
}

TEST_F(Attributes, ReplicationReachesTheBlocksInSteps) {
  write("/f", 400);
  EXPECT_EQ(message(wire::SetReplication{ann.next(), "/f", 0}),
            "/f: The replication must be within 1 and 512");
  EXPECT_EQ(code(wire::SetReplication{ann.next(), "/f", 5}), Code::kOk);
  EXPECT_EQ(sums("/").space, 400u * 1000 * 5);
  std::size_t retargeted = 0;
  while (!store.scan_reap(InodeId{}, 1).empty()) {
    const std::uint64_t before = store.rows_touched();
    retargeted += run(ReapCommand{300}).effects.retargeted.size();
    EXPECT_LE(store.rows_touched() - before, 302u);
    EXPECT_EQ(find_damage(store), "");
  }
  EXPECT_EQ(retargeted, 400u);
  for (const BlockRow& block : store.scan_blocks(BlockId{}, 1000)) {
    EXPECT_EQ(block.replication, 5u);
  }
}

TEST_F(Attributes, AFileThatIsRemovedWhileItsBlocksAreRetargetedIsReapedWhole) {
  write("/f", 300);
  EXPECT_EQ(code(wire::SetReplication{ann.next(), "/f", 2}), Code::kOk);
  run(ReapCommand{200});
  EXPECT_EQ(code(remove("/f")), Code::kOk);
  EXPECT_EQ(reap_all().size(), 300u);
  EXPECT_EQ(find_damage(store), "");
}

TEST_F(Attributes, TimesAreSetOneByOne) {
  write("/f");
  const WallTime mtime = status("/f").mtime;
  EXPECT_EQ(code(wire::SetTimes{ann.next(), "/f", {}, WallTime{7}}), Code::kOk);
  EXPECT_EQ(status("/f").atime, WallTime{7});
  EXPECT_EQ(status("/f").mtime, mtime);
  EXPECT_EQ(code(wire::SetTimes{ann.next(), "/", WallTime{9}, {}}), Code::kOk);
  EXPECT_EQ(status("/").mtime, WallTime{9});
  EXPECT_EQ(code(wire::SetTimes{ann.next(), "/f", WallTime{-1}, {}}), Code::kInvalidArgument);
}

}  // namespace
}  // namespace dfs::namenode
