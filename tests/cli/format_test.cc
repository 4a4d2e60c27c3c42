#include "cli/format.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dfs::cli {
namespace {

TEST(Size, TakesPowersOf1024) {
  EXPECT_EQ(*parse_size("0"), 0u);
  EXPECT_EQ(*parse_size("4096"), 4096u);
  EXPECT_EQ(*parse_size("1K"), 1024u);
  EXPECT_EQ(*parse_size("64M"), 64u << 20);
  EXPECT_EQ(*parse_size("64m"), 64u << 20);
  EXPECT_EQ(*parse_size("64MB"), 64u << 20);
  EXPECT_EQ(*parse_size("64MiB"), 64u << 20);
  EXPECT_EQ(*parse_size("1.5G"), 3u << 29);
  EXPECT_EQ(*parse_size("2T"), std::uint64_t{2} << 40);
  EXPECT_EQ(*parse_size("12B"), 12u);
}

TEST(Size, RefusesWhatIsNone) {
  for (const char* text : {"", "M", "-1", "1.5", "1..5M", "1.M", "12X", "1 K", "0x10", "1KK", "1Mi",
                           "99999999999T", "18446744073709551616"}) {
    EXPECT_FALSE(parse_size(text).ok()) << text;
  }
}

TEST(Size, AnyNumberIsItself) {
  EXPECT_TRUE(rc::check(
      [](std::uint32_t number) { RC_ASSERT(*parse_size(std::to_string(number)) == number); }));
}

TEST(HumanSize, IsShortAndNeverTooSmall) {
  EXPECT_EQ(human_size(0), "0");
  EXPECT_EQ(human_size(1023), "1023");
  EXPECT_EQ(human_size(1024), "1.0K");
  EXPECT_EQ(human_size(1536), "1.5K");
  EXPECT_EQ(human_size(1537), "1.6K");
  EXPECT_EQ(human_size(10 * 1024), "10K");
  EXPECT_EQ(human_size(1023 * 1024), "1023K");
  EXPECT_EQ(human_size(1023 * 1024 + 1), "1.0M");
  EXPECT_EQ(human_size(std::uint64_t{3} << 40), "3.0T");
  EXPECT_EQ(human_size(std::uint64_t{5000} << 40), "5000T");
}

TEST(Number, IsCheckedAgainstItsRange) {
  EXPECT_EQ(*parse_number("3", "the replication", 1, 512), 3u);
  for (const char* text : {"0", "513", "x", "3x", "", "-1", "1.0"}) {
    EXPECT_EQ(parse_number(text, "the replication", 1, 512).status().message(),
              "the replication must be a number from 1 to 512, not '" + std::string(text) + "'");
  }
}

TEST(Mode, IsShownAsLsDoes) {
  EXPECT_EQ(mode_text(wire::FileType::kFile, 0644), "-rw-r--r--");
  EXPECT_EQ(mode_text(wire::FileType::kDirectory, 01777), "drwxrwxrwt");
  EXPECT_EQ(mode_text(wire::FileType::kDirectory, 01770), "drwxrwx--T");
  EXPECT_EQ(octal_mode(0644), "0644");
  EXPECT_EQ(octal_mode(01777), "1777");
}

TEST(Table, PadsColumnsToTheirWidestCell) {
  EXPECT_EQ(table({{"a", "10", "x"}, {"bbb", "5", "yyy"}}, "lrl"), "a    10  x\nbbb   5  yyy\n");
}

TEST(Table, CountsCharactersNotBytes) {
  EXPECT_EQ(table({{"é", "1"}, {"ab", "2"}}, "ll"), "é   1\nab  2\n");
}

TEST(Shown, KeepsTextAndEscapesTheRest) {
  EXPECT_EQ(shown("grün"), "grün");
  EXPECT_EQ(shown("a\nb\xff"), "a\\x0ab\\xff");
  const std::string longer = std::string(63, 'a') + "ü" + std::string(500, 'b');
  EXPECT_EQ(shown(longer), longer);
}

TEST(Words, CountNouns) {
  EXPECT_EQ(counted(1, "file"), "1 file");
  EXPECT_EQ(counted(2, "file"), "2 files");
  EXPECT_EQ(counted(0, "entry"), "0 entries");
  EXPECT_EQ(percent(1, 3), "34%");
  EXPECT_EQ(percent(0, 0), "0%");
  EXPECT_EQ(percent(UINT64_MAX, UINT64_MAX), "100%");
  EXPECT_EQ(duration_text(59), "59 s");
  EXPECT_EQ(duration_text(200), "3 min 20 s");
  EXPECT_EQ(duration_text(7500), "2 h 5 min");
}

}  // namespace
}  // namespace dfs::cli
