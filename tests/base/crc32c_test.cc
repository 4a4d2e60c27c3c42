#include "core/base/crc32c.h"

#include <cryptopp/crc.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dfs {
namespace {

TEST(Crc32c, MatchesThePublishedCheckValue) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, AgreesWithCryptoPlusPlusOnAnyBytes) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint8_t>& data) {
    CryptoPP::CRC32C hash;
    std::uint8_t digest[4];
    hash.CalculateDigest(digest, data.data(), data.size());
    RC_ASSERT(crc32c(data) == get_le32(digest));
  }));
}

TEST(Crc32c, OfAConcatenationIsCombinedFromItsParts) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    std::vector<std::uint8_t> both = a;
    both.insert(both.end(), b.begin(), b.end());
    RC_ASSERT(crc32c(both) == crc32c_combine(crc32c(a), crc32c(b), b.size()));
    RC_ASSERT(crc32c(both) == crc32c(b, crc32c(a)));
  }));
}

}  // namespace
}  // namespace dfs
