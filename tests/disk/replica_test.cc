// Replicas: publication, reading, verification, and what errors mean.
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
