// What a simulated file shows and what its disk has: against two plain copies.
#include "adapters/sim/file_image.h"

#include <gtest/gtest.h>

#include <string>

namespace dfs::sim {
namespace {

// Does the same to a file and to a plain string, at random: writes over each other, beyond the end
// and with gaps, cuts and growth.
void change(Random& draw, FileImage& file, std::string& plain) {
  const std::uint64_t at = draw.below(60);
  const std::uint64_t size = draw.below(30);
  if (draw.chance(1, 5)) {
    file.truncate(at);
    plain.resize(at, '\0');
    return;
  }
  std::string data;
  for (std::uint64_t i = 0; i < size; ++i) data += static_cast<char>('a' + draw.below(26));
  file.write(at, as_bytes(data));
  if (data.empty()) return;
  if (plain.size() < at) plain.resize(at, '\0');
  plain.replace(at, data.size(), data);
}

TEST(FileImage, HasOnDiskWhatWasSyncedLastHoweverMuchIsPending) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random draw(seed);
    FileImage file;
    std::string seen;
    std::string synced;
    for (int i = 0; i < 50; ++i) {
      change(draw, file, seen);
      if (draw.chance(1, 6)) {
        file.sync();
        synced = seen;
      }
      ASSERT_EQ(file.bytes(), seen) << seed;
      ASSERT_EQ(file.durable(), synced) << seed;
    }
  }
}

TEST(FileImage, LosesPowerWithEachPendingWriteThereOrNotInAnyOrder) {
  bool none = false;
  bool first = false;
  bool second = false;
  bool torn = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    FileImage file;
    file.write(0, as_bytes("........"));
    file.sync();
    file.write(0, as_bytes("aaaaaa"));
    file.write(2, as_bytes("bbbbbb"));
    file.power_loss(Random(seed), {.bytes = 2, .garble = false});
    EXPECT_EQ(file.bytes(), file.durable());
    none |= file.bytes() == "........";
    first |= file.bytes() == "aaaaaa..";
    second |= file.bytes() == "..bbbbbb";
    torn |= file.bytes()[2] == '.' && file.bytes()[4] != '.';
    // Neither write reached these, whatever the order.
    EXPECT_NE(file.bytes()[0], 'b');
    EXPECT_NE(file.bytes()[7], 'a');
  }
  EXPECT_TRUE(none && first && second && torn);
}

TEST(FileImage, ShowsAfterAFailedSyncWhatItsDiskNeverGets) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FileImage file;
    file.write(0, as_bytes("aaaa"));
    file.sync_failed(Random(seed), {});
    EXPECT_EQ(file.bytes(), "aaaa");
    const std::string kept = file.durable();
    file.write(4, as_bytes("bb"));
    EXPECT_EQ(file.durable(), kept);
    file.sync();
    EXPECT_EQ(file.bytes(), "aaaabb");
    EXPECT_EQ(file.durable().substr(4), "bb");
    lost |= file.durable().find('a') == std::string::npos;
    file.power_loss(Random(seed), {});
    EXPECT_EQ(file.bytes().substr(4), "bb");
  }
  EXPECT_TRUE(lost);
}

TEST(FileImage, RotsOnTheDiskAndInWhatIsRead) {
  FileImage file;
  file.write(0, as_bytes("abcd"));
  file.sync();
  file.write(1, as_bytes("xy"));
  file.write(1, as_bytes("z"));
  file.flip_bit(1, 0);
  file.flip_bit(3, 0);
  EXPECT_EQ(file.bytes(), "a{ye");
  EXPECT_EQ(file.durable(), "acce");
}

}  // namespace
}  // namespace dfs::sim
