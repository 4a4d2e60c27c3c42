// What a replica that is published may take the place of, and where the old one is afterwards.
#include <utility>

#include "tests/disk/disk_fixture.h"

namespace dfs::disk {
namespace {

const std::string kContent = text_of_length(200'000);

TEST(Replacement, LeavesTheOldReplicaInQuarantine) {
  TempDir dir;
  auto store = must_open({dir.path()});
  put(*store, 5, kContent);
  flip_byte(files_with(dir.path("current"), "0005").front(), 7);
  put(*store, 5, kContent);
  EXPECT_EQ(*get(*store, 5), kContent);
  EXPECT_EQ(files_with(dir.path("quarantine"), "blk_0000000000000005").size(), 2u);
  EXPECT_GE(store->stats().quarantined, kContent.size());
}

TEST(Replacement, ByOtherContentIsForCopiesAndNotForTransfers) {
  for (const std::string& other : {std::string("other"), text_of_length(kContent.size(), 'A')}) {
    TempDir dir;
    auto store = must_open({dir.path()});
    put(*store, 5, kContent);
    EXPECT_EQ(try_put(*store, 5, other).status().code(), Code::kAlreadyExists);
    EXPECT_EQ(*get(*store, 5), kContent);
    EXPECT_TRUE(files_with(dir.path("quarantine"), "blk_").empty());
    EXPECT_TRUE(files_with(dir.path("tmp"), "").empty());
    put(*store, 5, other, Replaces::kAnyContent);
    EXPECT_EQ(*get(*store, 5), other);
    EXPECT_EQ(files_with(dir.path("quarantine"), "blk_").size(), 2u);
  }
}

TEST(Replacement, ByOtherContentIsRefusedForAReplicaOnAnotherVolumeThatIsInService) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path("a"), dir.path("b")}, system);
  EXPECT_EQ(put(*store, 5, kContent), 0u);
  bool first = true;
  system.fail = [&first](const std::string& call, const std::string&) {
    return call == "preallocate" && std::exchange(first, false) ? -ENOSPC : 0;
  };
  EXPECT_EQ(try_put(*store, 5, "other").status().code(), Code::kAlreadyExists);
  EXPECT_TRUE(files_with(dir.path("b"), "blk_").empty());
  EXPECT_EQ(*get(*store, 5), kContent);
  system.fail = failing("sync", "", EIO);
  EXPECT_FALSE(try_put(*store, 6, kContent).ok());  // a is out of service
  system.fail = {};
  EXPECT_EQ(put(*store, 5, "other"), 1u);
}

TEST(Replacement, ByATransferIsForWhatNoSidecarNames) {
  for (const bool absent : {false, true}) {
    TempDir dir;
    auto store = must_open({dir.path()});
    put(*store, 5, kContent);
    const std::string sidecar = files_with(dir.path("current"), "0005.meta").front();
    if (absent) std::filesystem::remove(sidecar);
    if (!absent) flip_byte(sidecar, 9);
    EXPECT_EQ(put(*store, 5, "other"), 0u);
    EXPECT_EQ(*get(*store, 5), "other");
    EXPECT_EQ(files_with(dir.path("unknown"), "0005").size(), absent ? 1u : 2u);
  }
}

TEST(Replacement, V3_ByATransferIsNotForWhatCannotBeRead) {
  for (const std::string call : {"open", "stat"}) {
    TempDir dir;
    ScriptedSystem system;
    auto store = must_open({dir.path()}, system);
    put(*store, 5, kContent);
    system.fail = [&](const std::string& made, const std::string& about) {
      const bool current = about.starts_with("current/") && about.find("blk_") != about.npos;
      return made == call && current ? -EMFILE : 0;
    };
    EXPECT_EQ(try_put(*store, 5, "other").status().code(), Code::kUnavailable);
    system.fail = {};
    EXPECT_EQ(*get(*store, 5), kContent);
  }
}

TEST(Replacement, V3_WaitsUntilTheSidecarOfTheOldOneCanBeRead) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path()}, system);
  put(*store, 5, "other");
  system.fail = failing("open", "blk_0000000000000005.meta", EMFILE);
  EXPECT_EQ(try_put(*store, 5, "whole", Replaces::kAnyContent).status().code(), Code::kUnavailable);
  system.fail = {};
  EXPECT_EQ(*get(*store, 5), "other");
  put(*store, 5, "whole", Replaces::kAnyContent);
  EXPECT_EQ(files_with(dir.path("quarantine"), "_").size(), 2u) << "and not in unknown/";
}

TEST(Replacement, OnAnotherVolumeLeavesTheOldOneToTheDataNode) {
  TempDir dir;
  ScriptedSystem system;
  auto store = must_open({dir.path("a"), dir.path("b")}, system);
  EXPECT_EQ(put(*store, 5, kContent), 0u);
  system.fail = failing("preallocate", "blk_", ENOSPC);
  bool first = true;
  system.fail = [&first](const std::string& call, const std::string&) {
    return call == "preallocate" && std::exchange(first, false) ? -ENOSPC : 0;
  };
  EXPECT_EQ(put(*store, 5, kContent), 1u);
  EXPECT_EQ(files_with(dir.path("a/current"), "blk_").size(), 2u);
  ASSERT_TRUE(store->quarantine(info_of(5, kContent), 0).ok());
  EXPECT_EQ(files_with(dir.path("a/quarantine"), "blk_").size(), 2u);
  EXPECT_EQ(*get(*store, 5, 1), kContent);
}

}  // namespace
}  // namespace dfs::disk
