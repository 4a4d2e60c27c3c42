// Which block ids of earlier epochs are ours.
#include "core/namenode/past_epochs.h"

#include <gtest/gtest.h>

#include <set>

namespace dfs::namenode {
namespace {

BlockId id(std::uint64_t epoch, std::uint64_t n) { return BlockId{first_id_of_epoch(epoch) + n}; }

TEST(PastEpochs, GaveOutWhatLiesBelowTheirEnds) {
  MetaRow meta;
  meta.epoch = 7;
  meta.next_block = id(7, 5).value;
  meta.past_epochs = with_past_epoch("", 1, id(1, 100).value);
  meta.past_epochs = with_past_epoch(meta.past_epochs, 4, id(4, 0).value);
  EXPECT_TRUE(given_out(meta, id(1, 99)));
  EXPECT_FALSE(given_out(meta, id(1, 100)));
  EXPECT_FALSE(given_out(meta, id(4, 0)));
  EXPECT_FALSE(given_out(meta, id(3, 0)));
  EXPECT_TRUE(given_out(meta, id(7, 4)));
  EXPECT_FALSE(given_out(meta, id(7, 5)));
  EXPECT_FALSE(given_out(meta, id(8, 0)));
}

TEST(PastEpochs, AreFollowedByOneOfThe64AboveWhateverIsKnown) {
  Random random(1);
  std::set<std::uint64_t> drawn;
  for (int i = 0; i < 5000; ++i) {
    MetaRow meta;
    meta.epoch = i % 3 == 0 ? 9 : 1;
    meta.behind_epoch = i % 3 == 1 ? 9 : 0;
    drawn.insert(draw_above(meta, i % 3 == 2 ? 9 : 0, random));
  }
  EXPECT_EQ(drawn.size(), 64u);
  EXPECT_EQ(*drawn.begin(), 9u);
  EXPECT_EQ(*drawn.rbegin(), 9u + 63);
}

TEST(PastEpochs, AreRememberedInBoundedSpaceNewestFirst) {
  MetaRow meta;
  meta.epoch = 2000;
  for (std::uint64_t epoch = 1; epoch < meta.epoch; ++epoch) {
    meta.past_epochs = with_past_epoch(meta.past_epochs, epoch, id(epoch, 10).value);
  }
  EXPECT_LE(meta.past_epochs.size(), 4096u);
  EXPECT_TRUE(given_out(meta, id(1999, 9)));
  EXPECT_FALSE(given_out(meta, id(1, 9))) << "forgotten, so it is kept";
}

}  // namespace
}  // namespace dfs::namenode
