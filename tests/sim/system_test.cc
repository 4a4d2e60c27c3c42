// The flat directory in which the real keeper of metadata copies runs.
#include "adapters/sim/system.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace dfs::sim {
namespace {

struct System : ::testing::Test {
  int make(const char* name, const std::string& text) {
    const int fd = system.open(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0) return fd;
    if (const std::int64_t wrote = system.write_at(fd, as_bytes(text), 0); wrote < 0) {
      return static_cast<int>(wrote);
    }
    const int synced = system.sync(fd);
    system.close(fd);
    return synced;
  }
  std::string text_of(const char* name) {
    const FileSet::FilePtr file = system.files().find(name);
    return file == nullptr ? "none" : file->bytes();
  }

  SimSystem system;
  const int directory = system.open(AT_FDCWD, "metadata", O_RDONLY | O_DIRECTORY, 0);
};

TEST_F(System, ANameIsDurableOnceTheDirectoryIsSynced) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    system.files().wipe();
    ASSERT_EQ(make("kept", "a"), 0);
    ASSERT_EQ(system.sync(directory), 0);
    ASSERT_EQ(make("new", "b"), 0);
    system.power_loss(Random(seed));
    EXPECT_EQ(text_of("kept"), "a");
    lost = lost || text_of("new") == "none";
  }
  EXPECT_TRUE(lost);
}

TEST_F(System, ARenamedFileHasOneOfItsNamesAfterAPowerLoss) {
  bool old_name = false;
  bool new_name = false;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    system.files().wipe();
    ASSERT_EQ(make("from", "new"), 0);
    ASSERT_EQ(make("to", "old"), 0);
    ASSERT_EQ(system.sync(directory), 0);
    ASSERT_EQ(system.rename(directory, "from", directory, "to"), 0);
    EXPECT_EQ(text_of("to"), "new");
    system.power_loss(Random(seed));
    const bool renamed = text_of("to") == "new";
    EXPECT_EQ(text_of("from"), renamed ? "none" : "new");
    EXPECT_EQ(text_of("to"), renamed ? "new" : "old");
    (renamed ? new_name : old_name) = true;
  }
  EXPECT_TRUE(old_name && new_name);
}

TEST_F(System, AProcessThatDiesChangesNothingFromSomeCallOn) {
  system.stop_after(2);  // the name and the bytes
  EXPECT_EQ(make("cut", "a"), -EIO);
  EXPECT_EQ(make("never", "a"), -EIO);
  system.stop_after(std::nullopt);
  EXPECT_EQ(text_of("cut"), "a");
  EXPECT_EQ(text_of("never"), "none");
}

TEST_F(System, AnIllDiskAnswersEveryCallWithItsError) {
  ASSERT_EQ(make("file", "a"), 0);
  system.set_error(-EIO);
  std::vector<std::string> names;
  EXPECT_EQ(system.list(directory, ".", names), -EIO);
  EXPECT_EQ(system.open(directory, "file", O_RDONLY, 0), -EIO);
  EXPECT_EQ(system.unlink(directory, "file"), -EIO);
  system.set_error(0);
  EXPECT_EQ(system.list(directory, ".", names), 0);
  EXPECT_EQ(names, std::vector<std::string>{"file"});
}

}  // namespace
}  // namespace dfs::sim
