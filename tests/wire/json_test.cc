#include "core/wire/json.h"

#include <gtest/gtest.h>

#include "core/wire/requests.h"

namespace dfs::wire {
namespace {

TEST(Json, ARequestSurvivesTheRoundTrip) {
  Create create;
  create.caller = {"00112233445566778899aabbccddeeff", 7, 3, 12, "ann"};
  create.path = "/a/\"b\"\n";
  create.exclude = {NodeId{4}, NodeId{UINT64_MAX}};
  Result<Create> back = from_json_text<Create>(to_json_text(create), UnknownKeys::kReject);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(*back, create);
}

TEST(Json, AnUnknownFieldIsAnErrorToAServerAndIgnoredByAClient) {
  const std::string text = R"({"path": "/a", "colour": "red"})";
  EXPECT_EQ(from_json_text<Stat>(text, UnknownKeys::kReject).status().message(),
            "unknown field 'colour'");
  EXPECT_TRUE(from_json_text<Stat>(text, UnknownKeys::kIgnore).ok());
}

TEST(Json, AWrongTypeOrRangeIsAnErrorThatNamesTheField) {
  for (const char* text : {R"({"replication": -1})", R"({"replication": 4294967296})",
                           R"({"replication": 1.5})", R"({"replication": "3"})"}) {
    const Result<SetReplication> result =
        from_json_text<SetReplication>(text, UnknownKeys::kReject);
    EXPECT_EQ(result.status().message(), "field 'replication' must be an integer in its range")
        << text;
  }
}

TEST(Json, OptionalFieldsAreAbsentOrPresent) {
  SetTimes times;
  EXPECT_FALSE(to_json(times).contains("mtime"));
  times.mtime = WallTime{5};
  Result<SetTimes> back = from_json_text<SetTimes>(to_json_text(times), UnknownKeys::kReject);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->mtime, WallTime{5});
}

}  // namespace
}  // namespace dfs::wire
