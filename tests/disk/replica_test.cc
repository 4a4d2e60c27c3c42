// Replicas: publication, reading, verification, quarantine, and what errors mean.
#include <fcntl.h>

#include "tests/disk/disk_fixture.h"

namespace dfs::disk {
namespace {

const std::string kData = text_of_length(200'000);

TEST(Replica, IsReadAsItWasWritten) {
  TempDir dir;
  auto store = must_open({dir.path()});
  for (const std::size_t length : {0u, 1u, 65536u, 200'000u}) {
    const std::string data = text_of_length(length);
    put(*store, length + 1, data);
    const Result<std::string> back = get(*store, length + 1);
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, data);
    EXPECT_TRUE(store->verify(info_of(length + 1, data), 0, kAtOnce).ok());
  }
}

TEST(Replica, IsWrittenInAnyOrder) {
  TempDir dir;
  auto store = must_open({dir.path()});
  auto temporary = store->create(BlockId{5}, 10);
  ASSERT_TRUE(temporary.ok());
  ASSERT_TRUE(temporary->write(4, as_bytes("efghij")).ok());
  ASSERT_TRUE(temporary->write(0, as_bytes("abcd")).ok());
  EXPECT_EQ(temporary->write(8, as_bytes("xyz")).code(), Code::kInvalidArgument);
  ASSERT_TRUE(store
                  ->publish(std::move(*temporary), sidecar_of(BlockId{5}, "abcdefghij"),
                            Replaces::kSameContent)
                  .ok());
  EXPECT_EQ(*get(*store, 5), "abcdefghij");
}

TEST(Replica, HDFS_9530_ThatIsNotPublishedLeavesNothingAndFreesItsRoom) {
  TempDir dir;
  auto store = must_open({dir.path()}, real_system(), 1 << 20);
  const std::uint64_t before = store->stats().remaining;
  {
    auto temporary = store->create(BlockId{5}, 500'000);
    ASSERT_TRUE(temporary.ok());
    ASSERT_TRUE(temporary->write(0, as_bytes("abc")).ok());
    EXPECT_LT(store->stats().remaining, before - 400'000);
  }
  EXPECT_EQ(store->stats().remaining, before);
  EXPECT_TRUE(files_with(dir.path(), "blk_").empty());
}

TEST(Replica, HDFS_5042_IsSyncedBeforeItIsNamedAndItsDirectoryAfterwards) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 4, "x");
  system.log.clear();
  put(*store, 5, "abc");
  const std::string leaf = "current/00000000000/000";
  const std::string temporary = "tmp/blk_0000000000000005.2";
  EXPECT_EQ(system.log,
            (std::vector<std::string>{
                "open " + temporary, "preallocate " + temporary, "write " + temporary,
                "sync " + temporary, "open " + temporary + ".meta", "write " + temporary + ".meta",
                "sync " + temporary + ".meta", "rename " + temporary + " blk_0000000000000005",
                "rename " + temporary + ".meta blk_0000000000000005.meta", "sync " + leaf}));
}

TEST(Replica, HDFS_11915_TheFirstOneOfAFolderSyncsTheFoldersNamesToo) {
  TempDir dir;
  put(*must_open({dir.path()}), 4, "x");
  // A later process cannot know whether the earlier one got that far.
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  system.log.clear();
  put(*store, 5, "abc");
  const auto position = [&](const std::string& line) {
    return std::find(system.log.begin(), system.log.end(), line) - system.log.begin();
  };
  EXPECT_LT(position("mkdir current/00000000000"), position("sync current"));
  EXPECT_LT(position("mkdir current/00000000000/000"), position("sync current/00000000000"));
  EXPECT_LT(position("sync current/00000000000"), position("sync current/00000000000/000"));
  EXPECT_LT(position("sync current/00000000000/000"), static_cast<long>(system.log.size()));
}

TEST(Replica, WhoseSyncFailsIsNotPublishedAndItsVolumeIsOut) {
  TempDir dir;
  int volume = 0;
  for (const char* what : {"tmp/blk", ".meta", "current/00000000000/000"}) {
    // A full disk's error, too: what a sync could not write, the next one does not try again.
    for (const int error : {EIO, ENOSPC, EDQUOT, ENOMEM}) {
      ScriptedSystem system;
      auto store = must_open({dir.path(std::to_string(++volume))}, system);
      put(*store, 4, "x");
      system.fail = failing("sync", what, error);
      EXPECT_FALSE(try_put(*store, 5, "abc").ok());
      EXPECT_EQ(store->failed_volumes().size(), 1u) << what << " " << error;
      EXPECT_EQ(store->create(BlockId{6}, 1).status().code(), Code::kNoSpace);
    }
  }
}

TEST(Replica, OfANewFolderWhoseNameCouldNotBeSyncedIsNotStoredByTryingAgain) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  bool failed = false;
  system.fail = [&](const std::string& call, const std::string& about) {
    if (call != "sync" || about != "current" || std::exchange(failed, true)) return 0;
    return -ENOSPC;
  };
  EXPECT_FALSE(try_put(*store, 5, "abc").ok());
  EXPECT_TRUE(failed);
  EXPECT_FALSE(try_put(*store, 5, "abc").ok());
}

TEST(Replica, AFullDiskIsNoBrokenDisk) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  system.fail = failing("write", "blk_", ENOSPC);
  const Status status = try_put(*store, 5, "abc").status();
  EXPECT_EQ(status.code(), Code::kNoSpace);
  EXPECT_EQ(status.message(), "block 5: No space left on the disk of this DataNode");
  EXPECT_TRUE(store->failed_volumes().empty());
  system.fail = failing("preallocate", "", ENOSPC);
  EXPECT_EQ(try_put(*store, 5, "abc").status().code(), Code::kNoSpace);
  system.fail = nullptr;
  put(*store, 5, "abc");
}

TEST(Replica, GoesToTheRoomierVolumeAndOneThatFailsIsLeftOut) {  // HDFS-15644
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path("a"), dir.path("b")}, system);
  system.fail = failing("write", "blk_0000000000000005", EIO);
  EXPECT_EQ(try_put(*store, 5, "abc").status().code(), Code::kIo);
  EXPECT_EQ(store->failed_volumes(), std::vector<datanode::VolumeId>{0});
  system.fail = nullptr;
  EXPECT_EQ(put(*store, 6, "abc"), 1u);
  EXPECT_EQ(*get(*store, 6, 1), "abc");
  EXPECT_EQ(store->stats().failed_volumes, 1u);
}

TEST(Replica, IsRefusedWhenTheCapacityIsReached) {
  TempDir dir;
  auto store = must_open({dir.path()}, real_system(), 300'000);
  put(*store, 5, kData);
  const Status status = try_put(*store, 6, kData).status();
  EXPECT_EQ(status.code(), Code::kNoSpace);
  EXPECT_EQ(status.message(), "block 6: No space left on this DataNode");
  EXPECT_LT(store->stats().remaining, 100'000u);
  EXPECT_GE(store->stats().used, kData.size());
}

TEST(Replica, IsRefusedWhenOnlyTheReserveIsLeft) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  system.free_bytes = (64u << 20) + 100'000;
  EXPECT_EQ(try_put(*store, 5, kData).status().code(), Code::kNoSpace);
  put(*store, 6, "small");
}

TEST(Replica, HDFS_11711_SeaweedFS_9941_TooManyOpenFilesDoesNotMeanAbsent) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, kData);
  for (const int error : {EMFILE, ENFILE, ENOMEM, EACCES, EIO}) {
    for (const char* part : {"current/", "blk_0000000000000005", ".meta"}) {
      system.fail = failing("open", part, error);
      const Code code = get(*store, 5).status().code();
      EXPECT_TRUE(code == Code::kUnavailable || code == Code::kPermissionDenied ||
                  code == Code::kIo)
          << error << part;
      const Code verified = store->verify(info_of(5, kData), 0, kAtOnce).code();
      EXPECT_EQ(verified, code);
    }
  }
  system.fail = nullptr;
  EXPECT_TRUE(store->failed_volumes().empty());
  EXPECT_EQ(*get(*store, 5), kData);
}

TEST(Replica, AbsenceIsProvenByADirectoryThatCanBeRead) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  EXPECT_EQ(get(*store, 5).status().code(), Code::kNotFound);
  put(*store, 4, "x");
  EXPECT_EQ(get(*store, 5).status().code(), Code::kNotFound);
  EXPECT_EQ(get(*store, 1 << 22).status().code(), Code::kNotFound);
  system.fail = failing("list", "current", EIO);
  EXPECT_EQ(get(*store, 5).status().code(), Code::kIo);
  system.fail = failing("open", "blk_0000000000000004", ENOENT);  // a lying disk
  EXPECT_EQ(get(*store, 4).status().code(), Code::kUnavailable);
}

TEST(Replica, HDFS_13709_ABadSectorIsUnknownAndLeavesTheVolumeInService) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, kData);
  system.fail = failing("read", "blk_0000000000000005", EIO);
  EXPECT_EQ(store->verify(info_of(5, kData), 0, kAtOnce).code(), Code::kIo);
  EXPECT_EQ(get(*store, 5).status().code(), Code::kIo);
  EXPECT_TRUE(store->failed_volumes().empty());
  // A disk that cannot be written either is broken.
  system.fail = [](const std::string& call, const std::string&) {
    return call == "read" || call == "write" || call == "sync" ? -EIO : 0;
  };
  EXPECT_EQ(get(*store, 5).status().code(), Code::kIo);
  EXPECT_EQ(store->failed_volumes().size(), 1u);
}

TEST(Replica, ThatIsRottenIsFound) {
  TempDir dir;
  auto store = must_open({dir.path()});
  for (const char* part : {"blk_0000000000000005", "blk_0000000000000005.meta"}) {
    put(*store, 5, kData);
    for (const auto& path : files_with(dir.path("current"), part)) {
      if (path.filename() == part) flip_byte(path, std::filesystem::file_size(path) - 3);
    }
    EXPECT_EQ(store->verify(info_of(5, kData), 0, kAtOnce).code(), Code::kCorrupt) << part;
  }
}

TEST(Replica, ThatIsRottenIsNotServedWhereTheWireHasNoChecksum) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kData);
  flip_byte(files_with(dir.path("current"), "0005").front(), 70'000);
  auto replica = store->open_replica(BlockId{5}, 0);
  ASSERT_TRUE(replica.ok());
  std::vector<std::uint8_t> granule(65536);
  ASSERT_TRUE(replica->read(0, granule).ok());
  EXPECT_TRUE(replica->check(0, granule).ok());
  ASSERT_TRUE(replica->read(65536, granule).ok());
  EXPECT_EQ(replica->check(65536, granule).code(), Code::kCorrupt);
}

TEST(Replica, ThatWasCutOrLostItsSidecarIsCorrupt) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kData);
  put(*store, 6, kData);
  std::filesystem::resize_file(files_with(dir.path("current"), "0005").front(), 100);
  std::filesystem::remove(files_with(dir.path("current"), "0006.meta").front());
  EXPECT_EQ(get(*store, 5).status().code(), Code::kCorrupt);
  EXPECT_EQ(get(*store, 6).status().code(), Code::kCorrupt);
}

TEST(Replica, StaysReadableWhileItIsReplacedOrMoved) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kData);
  auto replica = store->open_replica(BlockId{5}, 0);
  ASSERT_TRUE(replica.ok());
  put(*store, 5, "other", Replaces::kAnyContent);
  ASSERT_TRUE(store->quarantine(info_of(5, "other"), 0).ok());
  std::string data(kData.size(), ' ');
  ASSERT_TRUE(replica->read(0, {reinterpret_cast<std::uint8_t*>(data.data()), data.size()}).ok());
  EXPECT_EQ(data, kData);
}

TEST(Quarantine, KeepsAReplicaAndGivesItBack) {
  TempDir dir;
  auto store = must_open({dir.path()});
  const wire::BlockInfo info = info_of(5, kData);
  put(*store, 5, kData);
  const std::uint64_t used = store->stats().used;
  ASSERT_TRUE(store->quarantine(info, 0).ok());
  EXPECT_EQ(get(*store, 5).status().code(), Code::kNotFound);
  EXPECT_EQ(store->stats().used, 0u);
  EXPECT_EQ(store->stats().quarantined, used);
  EXPECT_EQ(store->quarantine(info, 0).code(), Code::kNotFound);
  ASSERT_TRUE(store->restore(info, 0, kAtOnce).ok());
  EXPECT_EQ(*get(*store, 5), kData);
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
  put(*store, 5, kData);
  EXPECT_EQ(store->quarantine(info_of(5, "other"), 0).code(), Code::kNotFound);
  EXPECT_EQ(*get(*store, 5), kData);
  ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
  EXPECT_EQ(store->purge(info_of(5, "other"), 0).code(), Code::kNotFound);
  EXPECT_EQ(store->restore(info_of(5, "other"), 0, kAtOnce).code(), Code::kNotFound);
  EXPECT_TRUE(store->restore(info_of(5, kData), 0, kAtOnce).ok());
}

TEST(Quarantine, DoesNotGiveARottenReplicaBack) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kData);
  ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
  flip_byte(files_with(dir.path("quarantine"), "_").front(), 7);
  EXPECT_EQ(store->restore(info_of(5, kData), 0, kAtOnce).code(), Code::kCorrupt);
  EXPECT_EQ(files_with(dir.path("quarantine"), "_").size(), 2u);
}

TEST(Quarantine, GivesBackTheGoodOneOfSeveral) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kData);
  ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
  put(*store, 5, kData);
  flip_byte(files_with(dir.path("current"), "0005").front(), 7);
  ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
  ASSERT_TRUE(store->restore(info_of(5, kData), 0, kAtOnce).ok());
  EXPECT_EQ(*get(*store, 5), kData);
}

TEST(Quarantine, V3_DoesNotCallRottenWhatItCannotRead) {
  for (const int error : {EIO, EMFILE, EACCES}) {
    for (const std::string unread : {".0", ".0.meta", ".1", ".1.meta"}) {
      SCOPED_TRACE(unread + " " + std::to_string(error));
      TempDir dir;
      ScriptedSystem system;
      auto store = must_open({dir.path()}, system);
      for (const std::string copy : {".0", ".1"}) {
        put(*store, 5, kData);
        if (!unread.starts_with(copy)) flip_byte(files_with(dir.path("current"), "0005")[0], 7);
        ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
      }
      system.fail = [&](const std::string& call, const std::string& about) {
        return call == "open" && about.ends_with(unread) ? -error : 0;
      };
      const Status unknown = store->restore(info_of(5, kData), 0, kAtOnce);
      EXPECT_FALSE(unknown.ok());
      EXPECT_NE(unknown.code(), Code::kCorrupt);
      EXPECT_NE(unknown.code(), Code::kNotFound);
      system.fail = {};
      ASSERT_TRUE(store->restore(info_of(5, kData), 0, kAtOnce).ok());
      EXPECT_EQ(*get(*store, 5), kData);
    }
  }
}

TEST(Quarantine, V3_DoesNotTakeForTheOrderedContentWhatCannotBeRead) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, "other");
  system.fail = failing("open", "blk_0000000000000005.meta", EMFILE);
  EXPECT_EQ(store->quarantine(info_of(5, kData), 0).code(), Code::kUnavailable);
  system.fail = {};
  EXPECT_EQ(*get(*store, 5), "other");
  EXPECT_TRUE(files_with(dir.path("quarantine"), "blk").empty());
}

TEST(Quarantine, GivesAWholeReplicaBackInThePlaceOfABadOne) {
  for (const std::string bad : {"rotten", "without a sidecar", "of other content"}) {
    SCOPED_TRACE(bad);
    TempDir dir;
    auto store = must_open({dir.path()});
    put(*store, 5, kData);
    ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
    put(*store, 5, bad == "of other content" ? "other" : kData);
    const auto files = files_with(dir.path("current"), "0005");
    if (bad == "rotten") flip_byte(files.at(0), 7);
    if (bad == "without a sidecar") std::filesystem::remove(files.at(1));
    ASSERT_TRUE(store->restore(info_of(5, kData), 0, kAtOnce).ok());
    EXPECT_EQ(*get(*store, 5), kData);
    EXPECT_EQ(files_with(dir.path("quarantine"), ".meta").size() +
                  files_with(dir.path("unknown"), "0005").size(),
              1u);
    const wire::BlockInfo kept = info_of(5, bad == "of other content" ? "other" : kData);
    EXPECT_EQ(store->purge(kept, 0).ok(), bad != "without a sidecar");
    EXPECT_EQ(get(*store, 5).value(), kData);
  }
}

TEST(Quarantine, DoesNotMoveAWholeReplicaOutOfItsPlace) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, kData);
  ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
  put(*store, 5, kData);
  system.log.clear();
  EXPECT_EQ(store->restore(info_of(5, kData), 0, kAtOnce).code(), Code::kAlreadyExists);
  EXPECT_TRUE(system.log.empty());
}

TEST(Quarantine, V3_DoesNotMoveWhatCannotBeReadOutOfItsPlace) {
  for (const int error : {EIO, EMFILE, EACCES}) {
    TempDir dir;
    ScriptedSystem system;
    auto store = must_open({dir.path()}, system);
    put(*store, 5, kData);
    ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
    put(*store, 5, "other");
    system.fail = [&](const std::string& call, const std::string& about) {
      return call == "open" && about == "blk_0000000000000005" ? -error : 0;
    };
    const Status restored = store->restore(info_of(5, kData), 0, kAtOnce);
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
  put(*store, 5, kData);
  put(*store, 5, kData);
  put(*store, 5, "other", Replaces::kAnyContent);
  put(*store, 6, kData);
  ASSERT_TRUE(store->quarantine(info_of(6, kData), 0).ok());
  ASSERT_EQ(files_with(dir.path("quarantine"), "blk_").size(), 6u);
  ASSERT_TRUE(store->purge(info_of(5, kData), 0).ok());
  EXPECT_EQ(files_with(dir.path("quarantine"), "blk_").size(), 2u);
  EXPECT_EQ(*get(*store, 5), "other");
  EXPECT_EQ(store->purge(info_of(5, kData), 0).code(), Code::kNotFound);
}

TEST(Quarantine, MakesItDurableThatAReplicaHasLeftBeforeItIsPurged) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, kData);
  ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
  system.log.clear();
  ASSERT_TRUE(store->purge(info_of(5, kData), 0).ok());
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
      put(*store, 5, kData);
      ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
      system.dies_at = system.changes + step;
      if (store->purge(info_of(5, kData), 0).ok()) return;
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
  put(*store, 5, kData);
  int links = 0;
  system.fail = [&](const std::string& call, const std::string&) {
    return call == "link" && ++links == 2 ? -ENOSPC : 0;
  };
  EXPECT_EQ(store->quarantine(info_of(5, kData), 0).code(), Code::kNoSpace);
  ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
  ASSERT_TRUE(store->purge(info_of(5, kData), 0).ok());
  EXPECT_TRUE(files_with(dir.path("quarantine"), "blk").empty());
  EXPECT_EQ(store->stats().quarantined, 0u);
}

TEST(Quarantine, WorksWhereFilesCannotHaveTwoNames) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  system.fail = failing("link", "", EPERM);
  put(*store, 5, kData);
  ASSERT_TRUE(store->quarantine(info_of(5, kData), 0).ok());
  ASSERT_TRUE(store->restore(info_of(5, kData), 0, kAtOnce).ok());
  EXPECT_EQ(*get(*store, 5), kData);
}

TEST(Verification, CanBeStopped) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kData);
  std::uint64_t asked = 0;
  EXPECT_EQ(store
                ->verify(info_of(5, kData), 0,
                         [&](std::uint64_t n) {
                           asked += n;
                           return false;
                         })
                .code(),
            Code::kUnavailable);
  EXPECT_GT(asked, 0u);
}

}  // namespace
}  // namespace dfs::disk
