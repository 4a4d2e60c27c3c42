// The golden stories: every scenario is told as it was when somebody last read its text.
//
//   test_golden --rewrite      writes tests/golden/stories/*.txt anew; read the difference
//
// A change of the protocol changes stories: rewrite them, and let a reviewer read what changed.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/golden/stories.h"

namespace dfs::golden {
namespace {

std::vector<Told> all_stories() {
  std::vector<Told> all = stories_of_writing();
  for (const auto& more : {stories_of_healing(), stories_of_the_namenode()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::string path_of(const std::string& name) {
  return std::string(DFS_GOLDEN_STORIES) + "/" + name + ".txt";
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Golden : public testing::TestWithParam<Told> {};

TEST_P(Golden, StoryIsToldAsItIsKept) {
  const std::string story = GetParam().play();
  EXPECT_EQ(story.find("VIOLATION"), std::string::npos) << story;
  EXPECT_EQ(story, text_of(path_of(GetParam().name)))
      << "if the new story is right: test_golden --rewrite";
}

TEST_P(Golden, StoryCanBeReadInAMinute) {
  const std::string story = text_of(path_of(GetParam().name));
  const auto lines = std::count(story.begin(), story.end(), '\n');
  EXPECT_GE(lines, 12) << GetParam().name;
  EXPECT_LE(lines, 60) << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(Each, Golden, testing::ValuesIn(all_stories()),
                         [](const auto& told) { return told.param.name; });

TEST(GoldenFolder, HasNoOtherStories) {
  const std::vector<Told> all = all_stories();
  EXPECT_GE(all.size(), 20u);
  for (const auto& file : std::filesystem::directory_iterator(DFS_GOLDEN_STORIES)) {
    EXPECT_EQ(std::ranges::count(all, file.path().stem().string(), &Told::name), 1) << file.path();
  }
}

void rewrite() {
  for (const Told& told : all_stories()) {
    std::ofstream(path_of(told.name), std::ios::binary) << told.play();
  }
}

}  // namespace
}  // namespace dfs::golden

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 2 && std::string(argv[1]) == "--rewrite") {
    dfs::golden::rewrite();
    return 0;
  }
  return RUN_ALL_TESTS();
}
