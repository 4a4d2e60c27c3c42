#include "core/wire/json.h"

#include <gtest/gtest.h>

#include "core/wire/requests.h"
#include "core/wire/transfer.h"

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

TEST(Json, IsOneLineWhateverItSays) {
  const Stat stat{"/a\nb"};
  const std::string text = to_json_text(stat);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(from_json_text<Stat>(text, UnknownKeys::kReject)->path, stat.path);
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

TEST(Json, WhatIsNotOneObjectIsRefused) {
  for (const char* text : {"[]", "[{}]", "1", "null", "\"{}\"", "true"}) {
    EXPECT_EQ(from_json_text<Stat>(text, UnknownKeys::kIgnore).status().message(),
              "malformed message: not a JSON object")
        << text;
  }
  for (const char* text : {"", "{", "{} {}", "{\"path\": }"}) {
    EXPECT_EQ(from_json_text<Stat>(text, UnknownKeys::kIgnore).status().code(),
              Code::kInvalidArgument)
        << text;
  }
}

TEST(Json, EveryKindOfFieldRefusesValuesOfAnother) {
  const auto refusal = []<class T>(const T& /*of*/, std::string_view text) {
    return from_json_text<T>(text, UnknownKeys::kReject).status().message();
  };
  EXPECT_EQ(refusal(Stat{}, R"({"path": 1})"), "field 'path' must be a string");
  EXPECT_EQ(refusal(Mkdir{}, R"({"parents": "yes"})"), "field 'parents' must be true or false");
  EXPECT_EQ(refusal(Create{}, R"({"exclude": 4})"), "field 'exclude' must be an array");
  EXPECT_EQ(refusal(Create{}, R"({"exclude": [4, "5"]})"),
            "field 'exclude' must be an integer in its range");
  EXPECT_EQ(refusal(Create{}, R"({"caller": []})"), "field 'caller' must be an object");
  EXPECT_EQ(refusal(SetReplication{}, R"({"replication": 1.0})"),
            "field 'replication' must be an integer in its range");
  EXPECT_EQ(refusal(FileStatus{}, R"({"type": "SYMLINK"})"),
            "field 'type' must be one of its names");
  EXPECT_EQ(refusal(FileStatus{}, R"({"type": 1})"), "field 'type' must be one of its names");
  EXPECT_EQ(refusal(NodeReport{}, R"({"state": "sleepy"})"),
            "field 'state' must be one of its names");
  EXPECT_EQ(refusal(NodeReport{}, R"({"service": "gone"})"),
            "field 'service' must be one of its names");
  EXPECT_EQ(refusal(NodeFailure{}, R"({"status": "Io"})"), "field 'status' must be an object");
  EXPECT_EQ(refusal(NodeFailure{}, R"({"status": {"code": 5}})"), "field 'code' must be a string");
}

TEST(Json, ACodeThatIsNotKnownYetIsReadAsAnInternalError) {
  const auto read = from_json_text<NodeFailure>(
      R"({"status": {"code": "Tomorrows", "message": "m"}})", UnknownKeys::kIgnore);
  EXPECT_EQ(read->status, Status(Code::kInternal, "m"));
}

TEST(Json, AnUnknownFieldIsFoundBehindKnownOnes) {
  EXPECT_EQ(from_json_text<SetReplication>(R"({"path": "/a", "replication": 2, "zeal": 1})",
                                           UnknownKeys::kReject)
                .status()
                .message(),
            "unknown field 'zeal'");
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
