// Bytes that several share: who changes them changes nobody else's, and no checksum is stale.
#include "adapters/sim/payload.h"

#include <gtest/gtest.h>

#include "core/base/crc32c.h"

namespace dfs::sim {
namespace {

std::vector<std::uint8_t> counting(std::size_t length) {
  std::vector<std::uint8_t> bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return bytes;
}

std::string text_of(const FileBytes& file) { return std::string(as_text(file.view())); }

TEST(FileBytes, ThatGrowAlongAPayloadShareIt) {
  const SharedBytes payload = share(counting(1000));
  FileBytes file;
  file.write(0, Slice{payload, 0, 600});
  EXPECT_EQ(file.crc(), crc32c(payload->view().first(600)));
  file.write(600, Slice{payload, 600, 400});
  EXPECT_EQ(file.view().data(), payload->view().data());
  EXPECT_EQ(file.size(), 1000u);
  EXPECT_EQ(file.crc(), crc32c(payload->view()));
  EXPECT_EQ(file.digest(), payload->digest());
}

TEST(FileBytes, ThatChangeAreTheirOwnAndHaveANewChecksum) {
  const SharedBytes payload = share(counting(1000));
  const std::uint32_t before = payload->crc();
  FileBytes one;
  FileBytes other;
  one.write(0, Slice{payload, 0, 1000});
  other.write(0, Slice{payload, 0, 1000});
  const Slice answer = one.slice(10, 100);

  one.change([](MutableBytes bytes) { bytes[10] ^= 1; });
  EXPECT_EQ(one.crc(), crc32c(one.view()));
  EXPECT_NE(one.crc(), before);
  EXPECT_NE(one.digest(), other.digest());
  EXPECT_EQ(other.crc(), crc32c(other.view()));
  EXPECT_EQ(answer.view()[0], counting(1000)[10]);

  other.resize(999);
  EXPECT_EQ(other.crc(), crc32c(payload->view().first(999)));
  other.write(0, as_bytes("x"));
  EXPECT_EQ(other.crc(), crc32c(other.view()));
  EXPECT_EQ(payload->crc(), before);
}

TEST(FileBytes, TakePiecesOfSeveralPayloadsAndInAnyPlace) {
  const std::string bytes = "abcdefgh";
  const SharedBytes first = share({bytes.begin(), bytes.end()});
  const SharedBytes second = share({bytes.begin(), bytes.end()});
  FileBytes file;
  file.write(0, Slice{first, 0, 3});
  file.write(3, Slice{second, 3, 2});
  EXPECT_EQ(text_of(file), "abcde");
  file.write(1, Slice{first, 6, 2});
  EXPECT_EQ(text_of(file), "aghde");
  file.write(7, as_bytes("z"));
  EXPECT_EQ(text_of(file), std::string("aghde\0\0z", 8));
  EXPECT_EQ(file.crc(), crc32c(file.view()));
  EXPECT_EQ(first->crc(), crc32c(as_bytes(bytes)));
}

TEST(Slice, OfAViewLeadsToTheSameBytes) {
  const SharedBytes payload = share(counting(100));
  const Slice whole{payload, 0, 100};
  const Slice part = whole.of(whole.view().subspan(20, 30));
  EXPECT_EQ(part.offset, 20u);
  EXPECT_EQ(part.length, 30u);
  EXPECT_EQ(part.view().data(), payload->view().data() + 20);
  EXPECT_EQ(part.crc(), crc32c(part.view()));
  EXPECT_EQ(whole.crc(), payload->crc());
}

TEST(Slice, OfNothingIsEmpty) {
  EXPECT_TRUE(Slice{}.view().empty());
  EXPECT_EQ(Slice{}.crc(), crc32c({}));
  EXPECT_TRUE(FileBytes{}.view().empty());
  EXPECT_EQ(FileBytes{}.crc(), crc32c({}));
}

}  // namespace
}  // namespace dfs::sim
