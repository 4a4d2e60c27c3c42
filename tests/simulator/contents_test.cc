// The bytes of simulated files: the same from wherever they are asked for, and no others match.
#include "simulator/world/contents.h"

#include <gtest/gtest.h>

namespace dfs::world {
namespace {

constexpr Content kContent{.key = 17, .length = 100};

TEST(Content, HasTheSameBytesFromEveryOffsetAndInEveryLength) {
  const std::vector<std::uint8_t> all = bytes_of(kContent, 0, kContent.length);
  for (std::uint64_t offset = 0; offset <= kContent.length; ++offset) {
    for (std::uint64_t length = 0; offset + length <= kContent.length; ++length) {
      const Bytes expected = Bytes(all).subspan(offset, length);
      const std::vector<std::uint8_t> got = bytes_of(kContent, offset, length);
      ASSERT_TRUE(std::equal(got.begin(), got.end(), expected.begin(), expected.end()))
          << offset << " + " << length;
      ASSERT_TRUE(matches(kContent, offset, expected)) << offset << " + " << length;
    }
  }
}

TEST(Content, DoesNotMatchIfAnyByteDiffers) {
  for (const std::uint64_t offset : {0u, 1u, 5u, 8u, 9u}) {
    for (const std::uint64_t length : {1u, 2u, 7u, 8u, 9u, 31u}) {
      std::vector<std::uint8_t> bytes = bytes_of(kContent, offset, length);
      for (std::uint8_t& byte : bytes) {
        byte ^= 0x10;
        EXPECT_FALSE(matches(kContent, offset, bytes)) << offset << " + " << length;
        byte ^= 0x10;
      }
      EXPECT_TRUE(matches(kContent, offset, bytes));
    }
  }
}

TEST(Content, DoesNotMatchInAnotherPlaceOfAnotherFileOrBeyondItsEnd) {
  const std::vector<std::uint8_t> bytes = bytes_of(kContent, 8, 24);
  EXPECT_FALSE(matches(kContent, 16, bytes));
  EXPECT_FALSE(matches(kContent, 7, bytes));
  EXPECT_FALSE(matches({.key = 18, .length = kContent.length}, 8, bytes));
  EXPECT_FALSE(matches({.key = kContent.key, .length = 31}, 8, bytes));
  EXPECT_TRUE(matches({.key = kContent.key, .length = 32}, 8, bytes));
}

}  // namespace
}  // namespace dfs::world
