// Opening: locks, identities, disks that fail at start.
#include <fcntl.h>

#include <latch>
#include <thread>

#include "adapters/disk/rescue_directory.h"
#include "tests/disk/disk_fixture.h"

namespace dfs::disk {
namespace {

Status open_status(const std::vector<std::string>& directories, System& system = real_system()) {
  Options options;
  options.directories = directories;
  return ReplicaStore::open(options, system).status();
}

TEST(Identity, IsKeptAndNewestHistoryWins) {
  TempDir dir;
  std::string uuid;
  {
    auto store = must_open({dir.path("a"), dir.path("b")});
    uuid = store->uuid();
    EXPECT_EQ(uuid.size(), 32u);
    ASSERT_TRUE(store->persist({"c1", NodeId{3}, {2, 5, 9}}).ok());
  }
  {
    auto only_a = must_open({dir.path("a")});
    ASSERT_TRUE(only_a->persist({"c1", NodeId{3}, {2, 8, 11}}).ok());
  }
  auto store = must_open({dir.path("b"), dir.path("a")});
  EXPECT_EQ(store->uuid(), uuid);
  EXPECT_EQ(store->identity().node, NodeId{3});
  EXPECT_EQ(store->identity().seen, (wire::HistoryMark{2, 8, 11}));
}

TEST(Identity, TellsARescueTheNewestEpochThatWasSeen) {
  TempDir dir;
  ASSERT_TRUE(must_open({dir.path("a")})->persist({"c1", NodeId{3}, {7, 5, 9}}).ok());
  RescueDirectory rescued(dir.path("a"));
  EXPECT_FALSE(rescued.list().ok()) << "it keeps no metadata";
  EXPECT_EQ(rescued.seen().value(), (wire::SeenEpoch{"c1", 7}));
  flip_byte(dir.path("a/VERSION"), 40);
  EXPECT_EQ(rescued.seen().status().code(), Code::kCorrupt);
  std::filesystem::remove(dir.path("a/VERSION"));
  EXPECT_FALSE(rescued.seen().ok());
}

TEST(Identity, SeaweedFS_6857_ASecondProcessOnTheDirectoryIsRefused) {
  TempDir dir;
  auto store = must_open({dir.path("a")});
  const Status second = open_status({dir.path("a")});
  EXPECT_EQ(second.code(), Code::kAlreadyExists);
  store.reset();
  EXPECT_TRUE(open_status({dir.path("a")}).ok());
}

TEST(Identity, HDFS_8486_ADirectoryNamedTwiceIsRefused) {
  TempDir dir;
  EXPECT_EQ(open_status({dir.path("a"), dir.path("b/../a")}).message(),
            dir.path("b/../a") + ": named twice");
}

TEST(Identity, ADiskOfAnotherClusterIsRefused) {
  TempDir dir;
  must_open({dir.path("a")});
  {
    auto other = must_open({dir.path("b")});
    ASSERT_TRUE(other->persist({"c2", NodeId{1}, {}}).ok());
  }
  const Status status = open_status({dir.path("a"), dir.path("b")});
  EXPECT_EQ(status.code(), Code::kWrongCluster);
  EXPECT_EQ(status.message(),
            dir.path("b") + ": belongs to cluster c2, but " + dir.path("a") + " to cluster c1");
}

TEST(Identity, ADiskOfAnotherDataNodeIsRefused) {
  TempDir dir;
  must_open({dir.path("a")});
  must_open({dir.path("b")});
  const Status status = open_status({dir.path("a"), dir.path("b")});
  EXPECT_EQ(status.code(), Code::kWrongCluster);
  EXPECT_NE(status.message().find("belongs to another DataNode"), std::string::npos);
}

TEST(Identity, ANewDirectoryJoinsTheOthers) {
  TempDir dir;
  const std::string uuid = must_open({dir.path("a")})->uuid();
  EXPECT_EQ(must_open({dir.path("b"), dir.path("a")})->uuid(), uuid);
  EXPECT_EQ(must_open({dir.path("b")})->identity().cluster, "c1");
}

TEST(Identity, AnEmptyDirectoryInPlaceOfAVolumeIsLeftOut) {
  for (const bool there : {true, false}) {
    SCOPED_TRACE(there ? "an empty mount point" : "no mount point");
    TempDir dir;
    must_open({dir.path("a"), dir.path("disk/b")});
    put(*must_open({dir.path("disk/b")}), 5, "hello");
    std::filesystem::rename(dir.path("disk"), dir.path("unmounted"));
    if (there) std::filesystem::create_directories(dir.path("disk/b"));
    std::vector<std::string> log;
    Options options;
    options.directories = {dir.path("disk/b") + "/", dir.path("./a")};
    options.log = [&](const std::string& line) { log.push_back(line); };
    {
      const auto store = std::move(ReplicaStore::open(options).value());
      EXPECT_EQ(store->failed_volumes(), std::vector<datanode::VolumeId>{0});
      EXPECT_TRUE(store->failed_volumes().empty());
      EXPECT_EQ(store->stats().failed_volumes, 1u);
      EXPECT_EQ(store->directories(), std::vector{dir.path("./a")});
      EXPECT_EQ(try_put(*store, 6, "there").value(), 1u);
    }
    ASSERT_EQ(log.size(), 1u);
    EXPECT_NE(
        log[0].find("disk/b/: was a volume of this DataNode and is empty: is its disk mounted?"),
        std::string::npos);
    EXPECT_EQ(std::filesystem::exists(dir.path("disk")), there);
    EXPECT_TRUE(!there || std::filesystem::is_empty(dir.path("disk/b")));

    std::filesystem::remove_all(dir.path("disk"));
    std::filesystem::rename(dir.path("unmounted"), dir.path("disk"));
    const auto store = must_open({dir.path("disk/b"), dir.path("a")});
    EXPECT_TRUE(store->failed_volumes().empty());
    EXPECT_EQ(store->scan().replicas.size(), 2u);
  }
}

TEST(Identity, AnEmptyDirectoryInPlaceOfAVolumeIsLeftOutAtEveryStart) {
  TempDir dir;
  must_open({dir.path("a"), dir.path("b"), dir.path("c")});
  std::filesystem::remove_all(dir.path("b"));
  for (int start = 0; start < 3; ++start) {
    const auto store = must_open({dir.path("c"), dir.path("b"), dir.path("a")});
    EXPECT_EQ(store->failed_volumes(), std::vector<datanode::VolumeId>{1});
  }
  must_open({dir.path("a")});
  EXPECT_EQ(must_open({dir.path("a"), dir.path("b")})->failed_volumes().size(), 1u);
}

TEST(Identity, AnEmptyDirectoryTakesAVolumesPlaceWhenTheListsAreDeleted) {
  TempDir dir;
  must_open({dir.path("a"), dir.path("b")});
  std::filesystem::remove_all(dir.path("b"));
  std::filesystem::remove(dir.path("a/VOLUMES"));
  {
    const auto store = must_open({dir.path("a"), dir.path("b")});
    EXPECT_TRUE(store->failed_volumes().empty());
    EXPECT_EQ(store->directories().size(), 2u);
  }
  std::filesystem::remove_all(dir.path("b"));
  EXPECT_EQ(must_open({dir.path("a"), dir.path("b")})->failed_volumes().size(), 1u)
      << "it is listed now";
}

TEST(Identity, ANewDirectoryThatCouldNotJoinIsNew) {
  TempDir dir;
  must_open({dir.path("a")});
  ScriptedSystem system;
  system.fail = [&](const std::string& call, const std::string& about) {
    return call == "open" && about == dir.path("b") ? -EIO : 0;
  };
  EXPECT_EQ(must_open({dir.path("a"), dir.path("b")}, system)->failed_volumes().size(), 1u);
  EXPECT_TRUE(must_open({dir.path("a"), dir.path("b")})->failed_volumes().empty());
}

TEST(Identity, AVolumeServesThatIsTooFullToListTheOthers) {
  TempDir dir;
  must_open({dir.path("a")});
  std::filesystem::remove(dir.path("a/VOLUMES"));
  ScriptedSystem system;
  system.full = true;
  EXPECT_TRUE(must_open({dir.path("a")}, system)->failed_volumes().empty());
  EXPECT_TRUE(must_open({dir.path("a")})->failed_volumes().empty());
  EXPECT_TRUE(std::filesystem::exists(dir.path("a/VOLUMES")));
}

TEST(Identity, ADamagedListOfVolumesIsRefused) {
  TempDir dir;
  must_open({dir.path("a"), dir.path("b")});
  flip_byte(dir.path("a/VOLUMES"), 40);
  const Status status = open_status({dir.path("a"), dir.path("b")});
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_NE(status.message().find(dir.path("a") + ": its VOLUMES file is damaged"),
            std::string::npos);
  ScriptedSystem system;
  system.fail = failing("read", "VOLUMES", EIO);
  EXPECT_EQ(open_status({dir.path("b")}, system).code(), Code::kIo);
}

TEST(Identity, ADamagedVersionIsRefusedAndNeverTakenForNew) {
  TempDir dir;
  must_open({dir.path("a")});
  flip_byte(dir.path("a/VERSION"), 40);
  EXPECT_EQ(open_status({dir.path("a")}).code(), Code::kCorrupt);
}

TEST(Identity, ReplicasWithoutAVersionAreRefusedAndNeverTakenForNew) {
  TempDir dir;
  put(*must_open({dir.path("a")}), 5, "hello");
  std::filesystem::remove(dir.path("a/VERSION"));
  const Status status = open_status({dir.path("a")});
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_NE(status.message().find("no VERSION file"), std::string::npos);
}

TEST(Identity, AFileInPlaceOfADirectoryIsRefused) {
  TempDir dir;
  std::ofstream(dir.path("a")) << "x";
  EXPECT_EQ(open_status({dir.path("a")}).message(), dir.path("a") + ": not a directory");
}

TEST(Identity, HDFS_14333_OneBadDiskAtStartDoesNotStopTheOthers) {
  TempDir dir;
  {
    auto both = must_open({dir.path("a"), dir.path("b")});
    ASSERT_EQ(put(*both, 5, "hello") + 0u, 0u);
  }
  ScriptedSystem system;
  system.fail = [&](const std::string& call, const std::string& about) {
    return call == "open" && about == dir.path("b") ? -EIO : 0;
  };
  auto store = must_open({dir.path("a"), dir.path("b")}, system);
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->failed_volumes(), std::vector<datanode::VolumeId>{1});
  EXPECT_TRUE(store->failed_volumes().empty());
  EXPECT_EQ(store->stats().failed_volumes, 1u);
  EXPECT_EQ(store->scan().replicas.size(), 1u);
}

TEST(Identity, V3_AProcessShortOfResourcesDoesNotStartWithoutADiskThatIsSound) {
  TempDir dir;
  must_open({dir.path("a"), dir.path("b")});
  for (const int error : {EMFILE, ENFILE, ENOMEM}) {
    for (const std::string& about : {dir.path("b"), std::string("in_use.lock")}) {
      ScriptedSystem system;
      system.fail = failing("open", about, error);
      Options options;
      options.directories = {dir.path("a"), dir.path("b")};
      const auto store = ReplicaStore::open(options, system);
      EXPECT_EQ(store.status().code(), Code::kUnavailable) << about;
    }
  }
}

TEST(Identity, NoNewIdentityIsMadeWhileTheOldOneCannotBeRead) {
  TempDir dir;
  must_open({dir.path("a")});
  ScriptedSystem system;
  system.fail = [](const std::string& call, const std::string& about) {
    return call == "read" && about == "VERSION" ? -EIO : 0;
  };
  EXPECT_EQ(open_status({dir.path("a"), dir.path("b")}, system).code(), Code::kIo);
}

TEST(Identity, IsWrittenWithSyncsBeforeAndAfterItsRename) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path("a")}, system);
  system.log.clear();
  ASSERT_TRUE(store->persist({"c1", NodeId{3}, {1, 9, 9}}).ok());
  EXPECT_EQ(system.log,
            (std::vector<std::string>{"open VERSION.new", "write VERSION.new",
                                      "truncate VERSION.new", "sync VERSION.new",
                                      "exchange VERSION.new VERSION", "sync " + dir.path("a")}));
}

TEST(Identity, IsReplacedByRenameWhereNamesCannotBeSwapped) {
  for (const int error : {EINVAL, ENOSYS, EPERM}) {
    TempDir dir;
    ScriptedSystem system;
    system.fail = failing("exchange", "VERSION", error);
    auto store = must_open({dir.path("a")}, system);
    ASSERT_TRUE(store->persist({"c1", NodeId{3}, {1, 9, 9}}).ok());
    store.reset();
    EXPECT_EQ(must_open({dir.path("a")})->identity().seen, (wire::HistoryMark{1, 9, 9}));
  }
}

TEST(Identity, WhoseNameMayNotBeDurableIsNotWrittenOver) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path("a")}, system);
  ASSERT_TRUE(std::filesystem::exists(dir.path("a/VERSION.new")));
  system.fail = failing("sync", dir.path("a"), ENOSPC);
  EXPECT_FALSE(store->persist({"c1", NodeId{3}, {1, 9, 9}}).ok());
  EXPECT_FALSE(std::filesystem::exists(dir.path("a/VERSION.new")));
  EXPECT_EQ(store->failed_volumes().size(), 1u);
  system.fail = {};
  store = nullptr;
  EXPECT_TRUE(must_open({dir.path("a")})->persist({"c1", NodeId{3}, {1, 10, 9}}).ok());
}

TEST(Identity, IsStillWrittenOnAFullDiskSoThatAPurgeMakesRoom) {
  TempDir dir;
  ScriptedSystem system;
  const std::string data = text_of_length(1000);
  {
    auto store = must_open({dir.path("a")}, system);
    put(*store, 1, data);
    ASSERT_TRUE(store->quarantine(info_of(1, data), 0).ok());
    system.full = true;
    for (std::uint64_t applied = 9; applied < 1'000'000'000; applied *= 9) {
      const Status written = store->persist({"c1", NodeId{3}, {1, applied, 9}});
      ASSERT_TRUE(written.ok()) << written.message();
    }
    ASSERT_TRUE(store->persist({"c1", NodeId{3}, {1, 7, 9}}).ok()) << "a shorter one";
    EXPECT_TRUE(store->purge(info_of(1, data), 0).ok());
  }
  EXPECT_EQ(must_open({dir.path("a")}, system)->identity().seen, (wire::HistoryMark{1, 7, 9}));
}

TEST(Identity, AtAnyCrashItIsTheOldOneOrTheNewOne) {
  for (int crash = 1;; ++crash) {
    TempDir dir;
    must_open({dir.path("a")});
    ScriptedSystem system;
    auto store = must_open({dir.path("a")}, system);
    system.changes = 0;
    system.dies_at = crash;
    const bool done = store->persist({"c1", NodeId{3}, {1, 9, 9}}).ok();
    store.reset();
    const wire::HistoryMark seen = must_open({dir.path("a")})->identity().seen;
    if (done) {
      EXPECT_EQ(seen, (wire::HistoryMark{1, 9, 9}));
      break;
    }
    EXPECT_TRUE(seen == (wire::HistoryMark{1, 9, 9}) || seen == kIdentity.seen);
  }
}

struct HangingSystem : System {
  int sync(int fd) override {
    if (hangs.exchange(false)) {
      hanging.count_down();
      goes_on.wait();
    }
    return System::sync(fd);
  }
  std::atomic<bool> hangs = false;
  std::latch hanging{1};
  std::latch goes_on{1};
};

TEST(Identity, OnADiskThatHangsHoldsUpNoHeartbeat) {
  TempDir dir;
  HangingSystem system;
  auto store = must_open({dir.path("a"), dir.path("b")}, system);
  system.hangs = true;
  std::thread persisting([&] { EXPECT_TRUE(store->persist({"c1", NodeId{3}, {1, 9, 9}}).ok()); });
  system.hanging.wait();
  EXPECT_TRUE(store->failed_volumes().empty());
  EXPECT_EQ(store->stats().volumes, 2u);
  EXPECT_EQ(store->identity().seen, kIdentity.seen);
  system.goes_on.count_down();
  persisting.join();
  EXPECT_EQ(store->identity().seen, (wire::HistoryMark{1, 9, 9}));
}

TEST(Identity, RefusesAClusterThatWouldNotFitTheFile) {
  TempDir dir;
  auto store = must_open({dir.path("a")});
  EXPECT_FALSE(store->persist({"c1\nuuid=x", NodeId{3}, {}}).ok());
  EXPECT_FALSE(store->persist({std::string(65, 'c'), NodeId{3}, {}}).ok());
}

}  // namespace
}  // namespace dfs::disk
