// Quarantine: the way there and back, purges, and what errors on the way mean.
#include "tests/disk/disk_fixture.h"

namespace dfs::disk {
namespace {

const std::string kWhole = text_of_length(200'000);

TEST(Quarantine, KeepsAReplicaAndGivesItBack) {
  TempDir dir;
  auto store = must_open({dir.path()});
  const wire::BlockInfo info = info_of(5, kWhole);
  put(*store, 5, kWhole);
  const std::uint64_t used = store->stats().used;
  ASSERT_TRUE(store->quarantine(info, 0).ok());
  EXPECT_EQ(get(*store, 5).status().code(), Code::kNotFound);
  EXPECT_EQ(store->stats().used, 0u);
  EXPECT_EQ(store->stats().quarantined, used);
  EXPECT_EQ(store->quarantine(info, 0).code(), Code::kNotFound);
  ASSERT_TRUE(store->restore(info, 0, kAtOnce).ok());
  EXPECT_EQ(*get(*store, 5), kWhole);
  EXPECT_EQ(store->stats().used, used);
  EXPECT_EQ(store->stats().quarantined, 0u);
  EXPECT_EQ(store->restore(info, 0, kAtOnce).code(), Code::kNotFound);
}

TEST(Quarantine, TakesAReplicaAlsoOfADiskThatIsFullByThen) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 1, "abc");
  system.full = true;
  const Status moved = store->quarantine(info_of(1, "abc"), 0);
  EXPECT_TRUE(moved.ok()) << moved.message();
  EXPECT_TRUE(store->purge(info_of(1, "abc"), 0).ok()) << "which makes room";
  EXPECT_TRUE(files_with(dir.path(), "blk_").empty());
}

TEST(Quarantine, HDFS_3391_AnOrderForOtherContentTouchesNothing) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kWhole);
  EXPECT_EQ(store->quarantine(info_of(5, "other"), 0).code(), Code::kNotFound);
  EXPECT_EQ(*get(*store, 5), kWhole);
  ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
  EXPECT_EQ(store->purge(info_of(5, "other"), 0).code(), Code::kNotFound);
  EXPECT_EQ(store->restore(info_of(5, "other"), 0, kAtOnce).code(), Code::kNotFound);
  EXPECT_TRUE(store->restore(info_of(5, kWhole), 0, kAtOnce).ok());
}

TEST(Quarantine, DoesNotGiveARottenReplicaBack) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kWhole);
  ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
  flip_byte(files_with(dir.path("quarantine"), "_").front(), 7);
  EXPECT_EQ(store->restore(info_of(5, kWhole), 0, kAtOnce).code(), Code::kCorrupt);
  EXPECT_EQ(files_with(dir.path("quarantine"), "_").size(), 2u);
}

TEST(Quarantine, GivesBackTheGoodOneOfSeveral) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kWhole);
  ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
  put(*store, 5, kWhole);
  flip_byte(files_with(dir.path("current"), "0005").front(), 7);
  ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
  ASSERT_TRUE(store->restore(info_of(5, kWhole), 0, kAtOnce).ok());
  EXPECT_EQ(*get(*store, 5), kWhole);
}

TEST(Quarantine, V3_DoesNotCallRottenWhatItCannotRead) {
  for (const int error : {EIO, EMFILE, EACCES}) {
    for (const std::string unread : {".0", ".0.meta", ".1", ".1.meta"}) {
      SCOPED_TRACE(unread + " " + std::to_string(error));
      TempDir dir;
      ScriptedSystem system;
      auto store = must_open({dir.path()}, system);
      for (const std::string copy : {".0", ".1"}) {
        put(*store, 5, kWhole);
        if (!unread.starts_with(copy)) flip_byte(files_with(dir.path("current"), "0005")[0], 7);
        ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
      }
      system.fail = [&](const std::string& call, const std::string& about) {
        return call == "open" && about.ends_with(unread) ? -error : 0;
      };
      const Status unknown = store->restore(info_of(5, kWhole), 0, kAtOnce);
      EXPECT_FALSE(unknown.ok());
      EXPECT_NE(unknown.code(), Code::kCorrupt);
      EXPECT_NE(unknown.code(), Code::kNotFound);
      system.fail = {};
      ASSERT_TRUE(store->restore(info_of(5, kWhole), 0, kAtOnce).ok());
      EXPECT_EQ(*get(*store, 5), kWhole);
    }
  }
}

TEST(Quarantine, V3_DoesNotTakeForTheOrderedContentWhatCannotBeRead) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, "other");
  system.fail = failing("open", "blk_0000000000000005.meta", EMFILE);
  EXPECT_EQ(store->quarantine(info_of(5, kWhole), 0).code(), Code::kUnavailable);
  system.fail = {};
  EXPECT_EQ(*get(*store, 5), "other");
  EXPECT_TRUE(files_with(dir.path("quarantine"), "blk").empty());
}

TEST(Quarantine, GivesAWholeReplicaBackInThePlaceOfABadOne) {
  for (const std::string bad : {"rotten", "without a sidecar", "of other content"}) {
    SCOPED_TRACE(bad);
    TempDir dir;
    auto store = must_open({dir.path()});
    put(*store, 5, kWhole);
    ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
    put(*store, 5, bad == "of other content" ? "other" : kWhole);
    const auto files = files_with(dir.path("current"), "0005");
    if (bad == "rotten") flip_byte(files.at(0), 7);
    if (bad == "without a sidecar") std::filesystem::remove(files.at(1));
    ASSERT_TRUE(store->restore(info_of(5, kWhole), 0, kAtOnce).ok());
    EXPECT_EQ(*get(*store, 5), kWhole);
    EXPECT_EQ(files_with(dir.path("quarantine"), ".meta").size() +
                  files_with(dir.path("unknown"), "0005").size(),
              1u);
    const wire::BlockInfo kept = info_of(5, bad == "of other content" ? "other" : kWhole);
    EXPECT_EQ(store->purge(kept, 0).ok(), bad != "without a sidecar");
    EXPECT_EQ(get(*store, 5).value(), kWhole);
  }
}

TEST(Quarantine, DoesNotMoveAWholeReplicaOutOfItsPlace) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, kWhole);
  ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
  put(*store, 5, kWhole);
  system.log.clear();
  EXPECT_EQ(store->restore(info_of(5, kWhole), 0, kAtOnce).code(), Code::kAlreadyExists);
  EXPECT_TRUE(system.log.empty());
}

TEST(Quarantine, V3_DoesNotMoveWhatCannotBeReadOutOfItsPlace) {
  for (const int error : {EIO, EMFILE, EACCES}) {
    TempDir dir;
    ScriptedSystem system;
    auto store = must_open({dir.path()}, system);
    put(*store, 5, kWhole);
    ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
    put(*store, 5, "other");
    system.fail = [&](const std::string& call, const std::string& about) {
      return call == "open" && about == "blk_0000000000000005" ? -error : 0;
    };
    const Status restored = store->restore(info_of(5, kWhole), 0, kAtOnce);
    EXPECT_FALSE(restored.ok());
    EXPECT_NE(restored.code(), Code::kCorrupt);
    EXPECT_NE(restored.code(), Code::kNotFound);
    system.fail = {};
    EXPECT_EQ(*get(*store, 5), "other");
  }
}

TEST(Quarantine, PurgesAllCopiesOfTheContentAndNothingElse) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kWhole);
  put(*store, 5, kWhole);
  put(*store, 5, "other", Replaces::kAnyContent);
  put(*store, 6, kWhole);
  ASSERT_TRUE(store->quarantine(info_of(6, kWhole), 0).ok());
  ASSERT_EQ(files_with(dir.path("quarantine"), "blk_").size(), 6u);
  ASSERT_TRUE(store->purge(info_of(5, kWhole), 0).ok());
  EXPECT_EQ(files_with(dir.path("quarantine"), "blk_").size(), 2u);
  EXPECT_EQ(*get(*store, 5), "other");
  EXPECT_EQ(store->purge(info_of(5, kWhole), 0).code(), Code::kNotFound);
}

TEST(Quarantine, MakesItDurableThatAReplicaHasLeftBeforeItIsPurged) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, kWhole);
  ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
  system.log.clear();
  ASSERT_TRUE(store->purge(info_of(5, kWhole), 0).ok());
  ASSERT_EQ(system.log.size(), 3u);
  EXPECT_EQ(system.log.front(), "sync current/00000000000/000");
}

TEST(Quarantine, IsNotPurgedByTryingAgainWhenTheDepartureCouldNotBeMadeDurable) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, "abc");
  ASSERT_TRUE(store->quarantine(info_of(5, "abc"), 0).ok());
  bool failed = false;
  system.fail = [&](const std::string& call, const std::string& about) {
    if (call != "sync" || !about.starts_with("current/")) return 0;
    return std::exchange(failed, true) ? 0 : -EDQUOT;
  };
  EXPECT_FALSE(store->purge(info_of(5, "abc"), 0).ok());
  EXPECT_TRUE(failed);
  EXPECT_FALSE(store->purge(info_of(5, "abc"), 0).ok());
  EXPECT_EQ(files_with(dir.path("quarantine"), "blk_").size(), 2u);
}

TEST(Quarantine, IsEmptyAfterAPurgeThatIsMadeAgainAfterACrash) {
  for (int step = 1;; ++step) {
    SCOPED_TRACE(step);
    TempDir dir;
    {
      ScriptedSystem system;
      auto store = must_open({dir.path()}, system);
      put(*store, 5, kWhole);
      ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
      system.dies_at = system.changes + step;
      if (store->purge(info_of(5, kWhole), 0).ok()) return;
    }
    auto store = must_open({dir.path()});
    for (const datanode::FoundReplica& found : store->scan().replicas) {
      ASSERT_TRUE(store->purge(found.info, 0).ok());
    }
    EXPECT_TRUE(files_with(dir.path("quarantine"), "blk").empty());
  }
}

TEST(Quarantine, IsEmptyAfterThePurgeOfWhatOnlyItsSidecarHadRoomForAtFirst) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, kWhole);
  int links = 0;
  system.fail = [&](const std::string& call, const std::string&) {
    return call == "link" && ++links == 2 ? -ENOSPC : 0;
  };
  EXPECT_EQ(store->quarantine(info_of(5, kWhole), 0).code(), Code::kNoSpace);
  ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
  ASSERT_TRUE(store->purge(info_of(5, kWhole), 0).ok());
  EXPECT_TRUE(files_with(dir.path("quarantine"), "blk").empty());
  EXPECT_EQ(store->stats().quarantined, 0u);
}

TEST(Quarantine, WorksWhereFilesCannotHaveTwoNames) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  system.fail = failing("link", "", EPERM);
  put(*store, 5, kWhole);
  ASSERT_TRUE(store->quarantine(info_of(5, kWhole), 0).ok());
  ASSERT_TRUE(store->restore(info_of(5, kWhole), 0, kAtOnce).ok());
  EXPECT_EQ(*get(*store, 5), kWhole);
}

}  // namespace
}  // namespace dfs::disk
