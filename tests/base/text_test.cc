// Codes and bytes as text.
#include <gtest/gtest.h>

#include "core/base/bytes.h"
#include "core/base/status.h"

namespace dfs {
namespace {

TEST(Hex, IsLowerCaseAndOfFixedWidth) {
  const std::uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(to_hex(Bytes(bytes)), "000fa5ff");
  EXPECT_EQ(to_hex(Bytes()), "");
  EXPECT_EQ(to_hex(std::uint64_t{0xabc}, 8), "00000abc");
  EXPECT_EQ(to_hex(UINT64_MAX, 16), "ffffffffffffffff");
}

TEST(Code, IsFoundByItsNameAndNoOtherIs) {
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    const Code code = static_cast<Code>(i);
    EXPECT_EQ(code_from_string(to_string(code)), code);
  }
  for (const char* name : {"", "ok", "Ok ", "NoSuchCode"}) {
    EXPECT_FALSE(code_from_string(name).has_value()) << name;
  }
}

TEST(Code, IsRetriableIfTimeAloneMayMendIt) {
  for (const Code code : {Code::kNotEnoughDataNodes, Code::kNoSpace, Code::kSafeMode,
                          Code::kReadOnly, Code::kUnavailable, Code::kTimedOut, Code::kIo}) {
    EXPECT_TRUE(is_retriable(code)) << to_string(code);
  }
  for (const Code code : {Code::kOk, Code::kNotFound, Code::kFenced, Code::kUnknownOutcome,
                          Code::kStale, Code::kCorrupt, Code::kInternal}) {
    EXPECT_FALSE(is_retriable(code)) << to_string(code);
  }
}

}  // namespace
}  // namespace dfs
