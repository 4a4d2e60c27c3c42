// G3: which files it takes for shorter than what their writers had to write.
#include <gtest/gtest.h>

#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

constexpr InodeId kVersion{7};
constexpr Content kContent{1, 100};

class G3 : public ::testing::Test {
 protected:
  static wire::FileStatus file(std::uint64_t length) {
    wire::FileStatus status;
    status.length = length;
    return status;
  }
  void complete(std::uint64_t length, bool replayed) {
    wire::Complete complete;
    complete.inode = kVersion;
    oracle_->applying({{}, namenode::RequestCommand{complete, {}}, {}},
                      {.position = 1, .reply = file(length), .replayed = replayed});
  }
  [[nodiscard]] bool violated() const { return !scene_.verdicts.clean(); }

  Plan plan_;
  Scene scene_{plan_};
  std::unique_ptr<Oracle> oracle_ = make_g3(scene_);
};

TEST_F(G3, AVersionIsCompletedWithAllThatItsWriterHas) {
  scene_.contents[kVersion] = kContent;
  complete(100, false);
  EXPECT_FALSE(violated());
  complete(99, false);
  EXPECT_TRUE(violated());
}

TEST_F(G3, ARecordedAnswerAndAVersionThatNobodyKnowsTellNothing) {
  complete(99, false);
  scene_.contents[kVersion] = kContent;
  complete(99, true);
  EXPECT_FALSE(violated());
}

TEST_F(G3, AWriterIsToldTheLengthOfWhatItWrote) {
  oracle_->put_done("/file", kContent, file(100));
  EXPECT_FALSE(violated());
  oracle_->put_done("/file", kContent, file(99));
  EXPECT_TRUE(violated());
}

}  // namespace
}  // namespace dfs::world
