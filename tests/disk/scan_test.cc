// The start-up scan, after every kind of crash and mess: it deletes no replica.
#include <fcntl.h>

#include "tests/disk/disk_fixture.h"

namespace dfs::disk {
namespace {

const std::string kOld = text_of_length(70'000, 'a');
const std::string kNew = text_of_length(70'000, 'A');

std::vector<wire::BlockInfo> in_place(const Scan& scan) {
  std::vector<wire::BlockInfo> replicas;
  for (const auto& replica : scan.replicas) {
    if (!replica.quarantined) replicas.push_back(replica.info);
  }
  return replicas;
}

TEST(Scan, FindsWhatWasPublished) {
  TempDir dir;
  {
    auto store = must_open({dir.path("a"), dir.path("b")});
    for (std::uint64_t id = 1; id <= 20; ++id) put(*store, id * 600, kOld);
    ASSERT_TRUE(store->quarantine(info_of(600, kOld), 0).ok() ||
                store->quarantine(info_of(600, kOld), 1).ok());
  }
  auto store = must_open({dir.path("a"), dir.path("b")});
  const Scan scan = store->scan();
  EXPECT_EQ(in_place(scan).size(), 19u);
  EXPECT_EQ(scan.replicas.size(), 20u);
  EXPECT_TRUE(scan.replicas.front().quarantined);
  EXPECT_EQ(scan.unknown + scan.unreadable + scan.foreign + scan.temporaries, 0u);
  EXPECT_EQ(store->stats().used / kOld.size(), 19u);
  EXPECT_EQ(store->stats().quarantined / kOld.size(), 1u);
}

TEST(Scan, TellsHowLongAReplicaHasBeenInQuarantine) {
  TempDir dir;
  {
    auto store = must_open({dir.path()});
    put(*store, 5, kOld);
    ASSERT_TRUE(store->quarantine(info_of(5, kOld), 0).ok());
  }
  ScriptedSystem system;
  system.wall_offset_ms = 3'600'000;
  const Scan scan = must_open({dir.path()}, system)->scan();
  ASSERT_EQ(scan.replicas.size(), 1u);
  EXPECT_GE(scan.replicas[0].age, seconds(3600));
  EXPECT_LT(scan.replicas[0].age, seconds(3700));
}

TEST(Scan, SeaweedFS_9930_SeaweedFS_9941_MovesAsideWhatItDoesNotUnderstand) {
  TempDir dir;
  {
    auto store = must_open({dir.path()});
    for (std::uint64_t id = 1; id <= 6; ++id) put(*store, id, kOld);
  }
  const std::string leaf = dir.path("current/00000000000/000/");
  std::filesystem::remove(leaf + "blk_0000000000000001.meta");
  std::filesystem::remove(leaf + "blk_0000000000000002");
  std::filesystem::resize_file(leaf + "blk_0000000000000003.meta", 10);
  std::filesystem::resize_file(leaf + "blk_0000000000000004", 0);
  std::filesystem::rename(leaf + "blk_0000000000000005.meta", leaf + "blk_0000000000000005.x");
  std::ofstream(leaf + "notes.txt") << "mine";
  const auto files = files_with(dir.path(), "").size();
  auto store = must_open({dir.path()});
  const Scan scan = store->scan();
  EXPECT_EQ(in_place(scan), std::vector{info_of(6, kOld)});
  EXPECT_EQ(scan.unknown, 7u);
  EXPECT_EQ(scan.foreign, 2u);
  EXPECT_EQ(files_with(dir.path(), "").size(), files);
  EXPECT_EQ(files_with(dir.path("unknown"), "blk_").size(), 7u);
}

TEST(Scan, MovesReplicasOfAnotherClusterAside) {
  TempDir dir;
  {
    auto store = must_open({dir.path()});
    auto temporary = store->create(BlockId{5}, 3);
    ASSERT_TRUE(temporary->write(0, as_bytes("abc")).ok());
    ASSERT_TRUE(store
                    ->publish(std::move(*temporary), sidecar_of(BlockId{5}, "abc", "c2"),
                              Replaces::kSameContent)
                    .ok());
  }
  auto store = must_open({dir.path()});
  EXPECT_TRUE(store->scan().replicas.empty());
  EXPECT_EQ(files_with(dir.path("unknown"), "blk_").size(), 2u);
}

TEST(Scan, MovesASidecarOfAnotherBlockAside) {
  TempDir dir;
  {
    auto store = must_open({dir.path()});
    put(*store, 5, kOld);
    put(*store, 6, kOld);
  }
  const std::string leaf = dir.path("current/00000000000/000/");
  std::filesystem::copy_file(leaf + "blk_0000000000000006.meta", leaf + "blk_0000000000000005.meta",
                             std::filesystem::copy_options::overwrite_existing);
  auto store = must_open({dir.path()});
  EXPECT_EQ(in_place(store->scan()), std::vector{info_of(6, kOld)});
}

TEST(Scan, HDFS_11711_V3_TellsOfWhatItCannotReadAndLeavesItWhereItIs) {
  TempDir dir;
  {
    auto store = must_open({dir.path()});
    put(*store, 5, kOld);
    put(*store, 6, kOld);
  }
  for (const int error : {EMFILE, EACCES, EIO}) {
    for (const auto& [call, name] : {std::pair("open", "0005.meta"), std::pair("stat", "0005"),
                                     std::pair("read", "0005.meta")}) {
      ScriptedSystem system;
      system.fail = failing(call, name, error);
      auto store = must_open({dir.path()}, system);
      const Scan scan = store->scan();
      ASSERT_EQ(scan.replicas.size(), 2u) << call << " " << name;
      EXPECT_EQ(scan.replicas[0].info.id, BlockId{5});
      EXPECT_TRUE(scan.replicas[0].unreadable);
      EXPECT_EQ(scan.replicas[1].info, info_of(6, kOld));
      EXPECT_FALSE(scan.replicas[1].unreadable);
      EXPECT_EQ(scan.unreadable, 1u);
      EXPECT_EQ(scan.unknown, 0u);
      system.fail = nullptr;
      EXPECT_TRUE(store->verify(info_of(5, kOld), scan.replicas[0].volume, kAtOnce).ok());
    }
  }
  EXPECT_EQ(in_place(must_open({dir.path()})->scan()).size(), 2u);
}

// A scan that could not read the sidecar of block 5, which can be read again afterwards.
class ScanAgain : public ::testing::Test {
 protected:
  void SetUp() override {
    put(*must_open({dir.path()}), 5, kOld);
    system.fail = failing("read", "0005.meta", EIO);
    store = must_open({dir.path()}, system);
    const Scan scan = store->scan();
    ASSERT_EQ(scan.replicas.size(), 1u);
    ASSERT_TRUE(scan.replicas[0].unreadable);
    system.fail = nullptr;
  }
  Result<wire::BlockInfo> look() { return store->scan_again(BlockId{5}, 0); }

  TempDir dir;
  ScriptedSystem system;
  std::unique_ptr<ReplicaStore> store;
  const std::string leaf = dir.path("current/00000000000/000/");
};

TEST_F(ScanAgain, TellsWhatCanBeReadByThen) {
  const Result<wire::BlockInfo> found = look();
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(*found, info_of(5, kOld));
  EXPECT_TRUE(store->verify(*found, 0, kAtOnce).ok());
}

TEST_F(ScanAgain, HDFS_11711_V3_LeavesWhatItStillCannotRead) {
  for (const int error : {EMFILE, EACCES, EIO}) {
    for (const auto& [call, name] :
         {std::pair("open", "current/00000000000/000"), std::pair("stat", "0005"),
          std::pair("stat", "0005.meta"), std::pair("open", "0005.meta"),
          std::pair("read", "0005.meta")}) {
      system.fail = failing(call, name, error);
      const Result<wire::BlockInfo> found = look();
      ASSERT_FALSE(found.ok()) << call << " " << name;
      EXPECT_NE(found.status().code(), Code::kNotFound) << call << " " << name;
    }
  }
  system.fail = nullptr;
  EXPECT_TRUE(store->failed_volumes().empty());
  EXPECT_TRUE(look().ok());
}

TEST_F(ScanAgain, V3_ProvesThatNothingIsThereByTheDirectoryAlone) {
  std::filesystem::remove(leaf + "blk_0000000000000005");
  std::filesystem::remove(leaf + "blk_0000000000000005.meta");
  system.fail = failing("list", "current", EACCES);
  EXPECT_EQ(look().status().code(), Code::kPermissionDenied);
  system.fail = nullptr;
  EXPECT_EQ(look().status().code(), Code::kNotFound);
  EXPECT_TRUE(files_with(dir.path("unknown"), "blk_").empty());
}

TEST_F(ScanAgain, MovesAsideDataWhoseSidecarIsDamaged) {
  std::filesystem::resize_file(leaf + "blk_0000000000000005.meta", 10);
  EXPECT_EQ(look().status().code(), Code::kNotFound);
  EXPECT_EQ(files_with(dir.path("unknown"), "blk_").size(), 2u);
  EXPECT_TRUE(files_with(dir.path("current"), "blk_").empty());
}

TEST_F(ScanAgain, MovesAsideDataWhoseSidecarIsMissing) {
  std::filesystem::remove(leaf + "blk_0000000000000005.meta");
  EXPECT_EQ(look().status().code(), Code::kNotFound);
  EXPECT_EQ(files_with(dir.path("unknown"), "blk_").size(), 1u);
  EXPECT_TRUE(files_with(dir.path("current"), "blk_").empty());
}

TEST_F(ScanAgain, LooksAgainLaterAtWhatCouldNotBeMovedAside) {
  std::filesystem::resize_file(leaf + "blk_0000000000000005.meta", 10);
  system.fail = failing("link", "0005.meta", EACCES);
  const Status stays = look().status();
  EXPECT_FALSE(stays.ok());
  EXPECT_NE(stays.code(), Code::kNotFound);
  system.fail = nullptr;
  EXPECT_EQ(look().status().code(), Code::kNotFound);
  EXPECT_EQ(files_with(dir.path("unknown"), "blk_").size(), 2u);
}

TEST(Scan, V3_TellsOfWhatIsInQuarantineByItsNameAlone) {
  TempDir dir;
  {
    auto store = must_open({dir.path()});
    put(*store, 5, kOld);
    ASSERT_TRUE(store->quarantine(info_of(5, kOld), 0).ok());
  }
  ScriptedSystem system;
  system.fail = failing("stat", "blk_0000000000000005_", EIO);
  const Scan scan = must_open({dir.path()}, system)->scan();
  ASSERT_EQ(scan.replicas.size(), 1u);
  EXPECT_EQ(scan.replicas[0].info, info_of(5, kOld));
  EXPECT_TRUE(scan.replicas[0].quarantined);
}

TEST(Scan, V3_AVolumeWithAFolderThatCannotBeReadIsOutOfServiceAndSaysSoOnce) {
  TempDir dir;
  {
    auto store = must_open({dir.path("a"), dir.path("b")});
    for (std::uint64_t id = 1; id <= 10; ++id) put(*store, id, kOld);
    ASSERT_TRUE(store->quarantine(info_of(1, kOld), 0).ok() ||
                store->quarantine(info_of(1, kOld), 1).ok());
  }
  const auto on_b = files_with(dir.path("b"), ".meta").size();
  for (const char* call : {"list", "open", "stat"}) {
    for (const char* top : {"current", "quarantine"}) {
      for (const char* below : {"/00000000000", "/00000000000/000"}) {
        const std::string folder = std::string(top) + below;
        if (call == std::string("open") && std::string(below).size() < 16) continue;
        if (!std::filesystem::exists(dir.path("a/" + folder))) continue;
        ScriptedSystem system;
        bool scanning = false;
        bool failed = false;
        system.fail = [&](const std::string& c, const std::string& about) {
          if (!scanning || c != call || about != folder || std::exchange(failed, true)) return 0;
          return -EACCES;
        };
        std::vector<std::string> lines;
        Options options;
        options.directories = {dir.path("a"), dir.path("b")};
        options.log = [&lines](const std::string& line) { lines.push_back(line); };
        auto store = ReplicaStore::open(options, system);
        ASSERT_TRUE(store.ok());
        scanning = true;
        EXPECT_EQ((*store)->scan().replicas.size(), on_b) << call << " " << folder;
        EXPECT_TRUE(failed);
        EXPECT_EQ((*store)->failed_volumes(), std::vector<datanode::VolumeId>{0});
        ASSERT_EQ(lines.size(), 1u);
        EXPECT_NE(lines[0].find(folder + " cannot be read (Permission denied)"), std::string::npos)
            << lines[0];
      }
    }
  }
}

TEST(Scan, MakesDurableWhatAProcessThatDiedLeftWithoutASync) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path("a"), dir.path("b")}, system);
  put(*store, 5, kOld);
  system.log.clear();
  EXPECT_EQ(store->scan().replicas.size(), 1u);
  EXPECT_EQ(system.log,
            (std::vector<std::string>{"sync_all " + dir.path("a"), "sync_all " + dir.path("b")}));
}

TEST(Scan, AVolumeThatCannotBeSyncedIsOutOfServiceAndReportsNothing) {
  TempDir dir;
  {
    auto store = must_open({dir.path("a"), dir.path("b")});
    for (std::uint64_t id = 1; id <= 10; ++id) put(*store, id, kOld);
  }
  const auto on_b = files_with(dir.path("b/current"), ".meta").size();
  ASSERT_LT(on_b, 10u);
  ScriptedSystem system;
  system.fail = failing("sync_all", dir.path("a"), EIO);
  auto store = must_open({dir.path("a"), dir.path("b")}, system);
  EXPECT_EQ(store->scan().replicas.size(), on_b);
  EXPECT_EQ(store->failed_volumes(), std::vector<datanode::VolumeId>{0});
}

TEST(Scan, HDFS_15644_AVolumeThatFailsMeanwhileDoesNotHideTheOthers) {
  TempDir dir;
  {
    auto store = must_open({dir.path("a"), dir.path("b")});
    for (std::uint64_t id = 1; id <= 10; ++id) put(*store, id, kOld);
  }
  const auto on_a = files_with(dir.path("a/current"), ".meta").size();
  ScriptedSystem system;
  bool scanning = false;
  bool broken = false;
  system.fail = [&](const std::string& call, const std::string& about) {
    // Volume a is scanned first: its leaf fails, and the probe as well.
    if (!scanning) return 0;
    if (call == "list" && about == "current/00000000000/000" && !broken) {
      broken = true;
      return -EIO;
    }
    return call == "open" && about == "tmp/probe" ? -EIO : 0;
  };
  auto store = must_open({dir.path("a"), dir.path("b")}, system);
  scanning = true;
  const Scan scan = store->scan();
  EXPECT_EQ(scan.replicas.size(), 10 - on_a);
  EXPECT_EQ(store->failed_volumes(), std::vector<datanode::VolumeId>{0});
}

TEST(Scan, HDFS_8486_OfTwoReplicasOfABlockTheNewerComesFirst) {
  TempDir dir;
  must_open({dir.path("a"), dir.path("b")});
  put(*must_open({dir.path("b")}), 5, kOld);
  put(*must_open({dir.path("a")}), 5, kOld);
  const auto old_file = files_with(dir.path("b/current"), "0005").front();
  std::filesystem::last_write_time(
      old_file, std::filesystem::last_write_time(old_file) - std::chrono::seconds(10));
  for (const bool swapped : {false, true}) {
    auto store = swapped ? must_open({dir.path("b"), dir.path("a")})
                         : must_open({dir.path("a"), dir.path("b")});
    const Scan scan = store->scan();
    ASSERT_EQ(scan.replicas.size(), 2u);
    EXPECT_FALSE(scan.replicas[0].quarantined);
    EXPECT_FALSE(scan.replicas[1].quarantined);
    EXPECT_EQ(scan.replicas[0].volume, swapped ? 1u : 0u);
  }
}

// Runs `act` with a death at each of its changes in turn, then has `check` judge what a restart
// finds. `done` says whether the act had answered that it was done.
void at_each_crash(const std::function<void(ReplicaStore&)>& prepare,
                   const std::function<bool(ReplicaStore&)>& act,
                   const std::function<void(ReplicaStore&, const Scan&, bool done)>& check) {
  for (int crash = 1;; ++crash) {
    SCOPED_TRACE("death at change " + std::to_string(crash));
    TempDir dir;
    ScriptedSystem system;
    bool done = false;
    {
      auto store = must_open({dir.path()}, system);
      prepare(*store);
      system.changes = 0;
      system.dies_at = crash;
      done = act(*store);
    }
    auto store = must_open({dir.path()});
    check(*store, store->scan(), done);
    EXPECT_TRUE(files_with(dir.path("tmp"), "").empty());
    if (done) break;
    ASSERT_LT(crash, 100);
  }
}

TEST(Scan, AfterACrashInAPublicationTheReplicaIsWholeOrAbsent) {
  at_each_crash([](ReplicaStore&) {},
                [](ReplicaStore& store) { return try_put(store, 5, kNew).ok(); },
                [](ReplicaStore& store, const Scan& scan, bool done) {
                  if (done) {
                    EXPECT_EQ(in_place(scan).size(), 1u);
                  }
                  for (const wire::BlockInfo& replica : in_place(scan)) {
                    EXPECT_TRUE(store.verify(replica, 0, kAtOnce).ok());
                  }
                });
}

TEST(Scan, AfterACrashInAReplacementByTheSameContentAWholeReplicaIsThere) {
  at_each_crash([](ReplicaStore& store) { put(store, 5, kOld); },
                [](ReplicaStore& store) { return try_put(store, 5, kOld).ok(); },
                [](ReplicaStore& store, const Scan& scan, bool) {
                  EXPECT_EQ(in_place(scan), std::vector{info_of(5, kOld)});
                  EXPECT_TRUE(store.verify(info_of(5, kOld), 0, kAtOnce).ok());
                });
}

TEST(Scan, AfterACrashInAReplacementByOtherContentTheOldOneIsStillSomewhere) {
  at_each_crash(
      [](ReplicaStore& store) { put(store, 5, kOld); },
      [](ReplicaStore& store) { return try_put(store, 5, kNew, Replaces::kAnyContent).ok(); },
      [](ReplicaStore& store, const Scan& scan, bool done) {
        if (done) {
          EXPECT_EQ(in_place(scan), std::vector{info_of(5, kNew)});
        }
        if (store.verify(info_of(5, kOld), 0, kAtOnce).ok()) return;
        // Its name is taken, or neither here nor there: it can be had back either way.
        const Status back = store.restore(info_of(5, kOld), 0, kAtOnce);
        EXPECT_TRUE(back.ok() || back.code() == Code::kAlreadyExists) << back.message();
      });
}

TEST(Scan, AfterACrashInAQuarantineTheReplicaIsHereOrThere) {
  at_each_crash([](ReplicaStore& store) { put(store, 5, kOld); },
                [](ReplicaStore& store) { return store.quarantine(info_of(5, kOld), 0).ok(); },
                [](ReplicaStore& store, const Scan& scan, bool done) {
                  EXPECT_FALSE(scan.replicas.empty());
                  if (done) {
                    EXPECT_TRUE(in_place(scan).empty());
                  }
                  const Status back = store.restore(info_of(5, kOld), 0, kAtOnce);
                  EXPECT_TRUE(back.ok() || !in_place(scan).empty()) << back.message();
                  EXPECT_TRUE(store.verify(info_of(5, kOld), 0, kAtOnce).ok());
                });
}

TEST(Scan, AfterACrashInARestoreTheReplicaIsHereOrThere) {
  at_each_crash(
      [](ReplicaStore& store) {
        put(store, 5, kOld);
        ASSERT_TRUE(store.quarantine(info_of(5, kOld), 0).ok());
      },
      [](ReplicaStore& store) { return store.restore(info_of(5, kOld), 0, kAtOnce).ok(); },
      [](ReplicaStore& store, const Scan& scan, bool done) {
        if (done) {
          EXPECT_EQ(in_place(scan).size(), 1u);
        }
        if (in_place(scan).empty()) {
          EXPECT_TRUE(store.restore(info_of(5, kOld), 0, kAtOnce).ok());
        }
        EXPECT_TRUE(store.verify(info_of(5, kOld), 0, kAtOnce).ok());
      });
}

// Bytes of the right length under the sidecar of others.
void put_rotten(ReplicaStore& store, std::uint64_t block, const std::string& of) {
  Result<Temporary> temporary = store.create(BlockId{block}, of.size());
  ASSERT_TRUE(temporary.ok());
  ASSERT_TRUE(temporary->write(0, as_bytes(text_of_length(of.size(), 'A'))).ok());
  ASSERT_TRUE(
      store.publish(std::move(*temporary), sidecar_of(BlockId{block}, of), Replaces::kSameContent)
          .ok());
}

std::size_t found_of(const Scan& scan, const wire::BlockInfo& info) {
  return static_cast<std::size_t>(
      std::count_if(scan.replicas.begin(), scan.replicas.end(),
                    [&info](const auto& replica) { return replica.info == info; }));
}

TEST(Scan, AfterACrashInARestoreInThePlaceOfARottenReplicaBothAreSomewhere) {
  at_each_crash(
      [](ReplicaStore& store) {
        put(store, 5, kOld);
        ASSERT_TRUE(store.quarantine(info_of(5, kOld), 0).ok());
        put_rotten(store, 5, kOld);
      },
      [](ReplicaStore& store) { return store.restore(info_of(5, kOld), 0, kAtOnce).ok(); },
      [](ReplicaStore& store, const Scan& scan, bool done) {
        const bool whole = store.verify(info_of(5, kOld), 0, kAtOnce).ok();
        if (done) {
          EXPECT_TRUE(whole);
        }
        EXPECT_GE(found_of(scan, info_of(5, kOld)), 2u);
        if (!whole) {
          EXPECT_TRUE(store.restore(info_of(5, kOld), 0, kAtOnce).ok());
        }
        EXPECT_TRUE(store.verify(info_of(5, kOld), 0, kAtOnce).ok());
      });
}

TEST(Scan, AfterACrashInARestoreInThePlaceOfOtherContentBothAreSomewhere) {
  at_each_crash(
      [](ReplicaStore& store) {
        put(store, 5, kOld);
        ASSERT_TRUE(store.quarantine(info_of(5, kOld), 0).ok());
        put(store, 5, kNew);
      },
      [](ReplicaStore& store) { return store.restore(info_of(5, kOld), 0, kAtOnce).ok(); },
      [](ReplicaStore& store, const Scan& scan, bool done) {
        if (done) {
          EXPECT_EQ(in_place(scan), std::vector{info_of(5, kOld)});
        }
        EXPECT_GE(found_of(scan, info_of(5, kNew)), 1u);
        if (!store.verify(info_of(5, kOld), 0, kAtOnce).ok()) {
          EXPECT_TRUE(store.restore(info_of(5, kOld), 0, kAtOnce).ok());
        }
        EXPECT_TRUE(store.verify(info_of(5, kOld), 0, kAtOnce).ok());
        EXPECT_TRUE(store.restore(info_of(5, kNew), 0, kAtOnce).ok()) << "it is whole, too";
      });
}

}  // namespace
}  // namespace dfs::disk
