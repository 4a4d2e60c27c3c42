#include "cli/local_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/http/temp_folder.h"

namespace dfs::cli {
namespace {

class LocalFileTest : public testing::Test {
 protected:
  LocalFileTest() { std::filesystem::create_directories(folder_.at("")); }

  static wire::FileStatus of_length(std::uint64_t length) {
    wire::FileStatus file;
    file.length = length;
    return file;
  }
  [[nodiscard]] std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // As after an error that only the end of the writing brings: its descriptor is no longer good.
  void spoil_descriptor() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
      if (target.starts_with(folder_.at(".dfs-get-"))) {
        ASSERT_EQ(::close(std::stoi(entry.path().filename().string())), 0);
        return;
      }
    }
    FAIL() << "no temporary file is open";
  }

  http::TempFolder folder_;
  const std::string path_ = folder_.at("f");
};

TEST_F(LocalFileTest, AppearsWholeUnderItsNameAndReplacesAnOlderOneOnlyOnDemand) {
  for (const std::string_view text : {"first", "other"}) {
    LocalFile file(path_, text == "other");
    ASSERT_TRUE(file.opened(of_length(5)).ok());
    ASSERT_TRUE(file.write(2, as_bytes(text.substr(2))).ok());
    ASSERT_TRUE(file.write(0, as_bytes(text.substr(0, 2))).ok());
    ASSERT_TRUE(file.publish().ok());
    EXPECT_EQ(content(), text);
  }
  LocalFile file(path_, false);
  ASSERT_TRUE(file.opened(of_length(0)).ok());
  EXPECT_EQ(file.publish().message(), path_ + ": File exists");
  EXPECT_EQ(content(), "other");
}

TEST_F(LocalFileTest, IsNotPublishedWhenItsLastErrorComesWithTheSyncOrTheClose) {
  for (const bool replace : {false, true}) {
    if (replace) std::ofstream(path_) << "old";
    {
      LocalFile file(path_, replace);
      ASSERT_TRUE(file.opened(of_length(3)).ok());
      ASSERT_TRUE(file.write(0, as_bytes("new")).ok());
      spoil_descriptor();
      EXPECT_EQ(file.publish().message(), path_ + ": Bad file descriptor");
    }
    EXPECT_EQ(content(), replace ? "old" : "");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.at("")), {}),
              replace ? 1 : 0);
  }
}

}  // namespace
}  // namespace dfs::cli
