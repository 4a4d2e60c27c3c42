// Every fuzz target, in every build: over its corpus, and over damaged copies of it.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

const std::filesystem::path kCorpus = DFS_FUZZ_CORPUS;

std::vector<std::string> corpus_of(const std::string& target) {
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus / target)) {
    paths.insert(entry.path());
  }
  std::vector<std::string> files;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return files;
}

// A few cuts, changed bytes, repetitions, and parts of another file.
std::string damaged(const std::vector<std::string>& files) {
  std::string text = *rc::gen::elementOf(files);
  const int changes = *rc::gen::inRange(1, 5);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    const std::string& other = *rc::gen::elementOf(files);
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text[at] = *rc::gen::arbitrary<char>();
        break;
      case 2:
        text[at] = static_cast<char>(text[at] ^ (1 << *rc::gen::inRange(0, 8)));
        break;
      case 3:
        text.insert(at, text.substr(at / 2, at));
        break;
      default:
        text.replace(at, std::string::npos, other, std::min(at, other.size()));
    }
  }
  return text;
}

struct FuzzTarget : ::testing::TestWithParam<Target> {
  std::vector<std::string> files = corpus_of(GetParam().name);
};

TEST_P(FuzzTarget, HoldsOverItsCorpus) {
  ASSERT_FALSE(files.empty());
  for (const std::string& file : files) EXPECT_NO_THROW(GetParam().run(as_bytes(file)));
}

TEST_P(FuzzTarget, HoldsOverDamagedCopiesOfItsCorpus) {
  EXPECT_TRUE(rc::check([this] { GetParam().run(as_bytes(damaged(files))); }));
}

INSTANTIATE_TEST_SUITE_P(All, FuzzTarget, ::testing::ValuesIn(targets()),
                         [](const auto& each) { return each.param.name; });

TEST(Corpus, BelongsToTargets) {
  std::set<std::string> folders;
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    folders.insert(entry.path().filename());
  }
  for (const Target& target : targets()) names.insert(target.name);
  EXPECT_EQ(folders, names);
}

}  // namespace
}  // namespace dfs::fuzz
