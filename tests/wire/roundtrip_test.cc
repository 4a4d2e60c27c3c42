// Every message that there is survives its JSON form, and rubbish in its place is refused.
#include <gtest/gtest.h>

#include "core/base/crc32c.h"
#include "core/wire/json.h"
#include "core/wire/metadata_messages.h"
#include "core/wire/requests.h"
#include "core/wire/transfer.h"
#include "tests/wire/random_message.h"

namespace dfs::wire {
namespace {

template <class T>
std::uint64_t hash_of(const T& message) {
  Digest digest;
  hash_value(digest, message);
  return digest.value();
}

template <class T>
void check_round_trip() {
  if constexpr (Message<T>) {
    EXPECT_TRUE(rc::check([] {
      T message;
      fill_randomly(message, 0);
      const Result<T> back = from_json_text<T>(to_json_text(message), UnknownKeys::kReject);
      RC_ASSERT(back.ok());
      RC_ASSERT(*back == message);
      RC_ASSERT(hash_of(*back) == hash_of(message));
      RC_ASSERT(to_json_text(message) == boost::json::serialize(to_json(message)));
    }));
  }
}

template <class... T>
void check_all(const std::variant<T...>* /*types*/) {
  (check_round_trip<T>(), ...);
}

TEST(Wire, EveryRequestSurvivesItsJsonForm) { check_all(static_cast<const Request*>(nullptr)); }

TEST(Wire, EveryReplySurvivesItsJsonForm) { check_all(static_cast<const Reply*>(nullptr)); }

// What is neither, so that no message is left out: a law compares this with core/wire/.
using Others = std::variant<WriteHeader, WriteReply, ReadHeader, NodeFailure, CheckpointHeader,
                            JournalState, JournalAppend, StoredCheckpoint, SeenEpoch, MetadataList,
                            Caller, AllocatedBlock, CommittedBlock, BadReplica, HistoryMark,
                            NodeStats, ReplicaChange, OrderResult, Order, SessionMark, BucketDigest,
                            NodeReport, FileHealth, BlockInfo, NodeAddress, LocatedBlock>;

TEST(Wire, EveryHeaderAndEveryPartSurvivesItsJsonForm) {
  check_all(static_cast<const Others*>(nullptr));
}

// Cuts, flips and repeats parts of a valid text.
std::string damaged(std::string text) {
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      return text.substr(0, at);
    case 1:
      text[at] = *rc::gen::arbitrary<char>();
      return text;
    default:
      return text.insert(at, text.substr(at / 2, at));
  }
}

TEST(Wire, DamagedTextIsRefusedOrReadAsSomeMessageAndNeverMore) {
  EXPECT_TRUE(rc::check([] {
    Heartbeat message;
    fill_randomly(message, 0);
    const Result<Heartbeat> read =
        from_json_text<Heartbeat>(damaged(to_json_text(message)), UnknownKeys::kReject);
    if (!read.ok()) {
      RC_ASSERT(read.status().message().find('\n') == std::string::npos);
    } else {
      RC_ASSERT(from_json_text<Heartbeat>(to_json_text(*read), UnknownKeys::kReject).value() ==
                *read);
    }
  }));
}

TEST(Wire, DeepNestingAndOversizeAreRefused) {
  EXPECT_FALSE(parse_object("{\"a\":" + std::string(100000, '[') + "}", kMaxMessageBytes).ok());
  EXPECT_EQ(parse_object(std::string(100, ' '), 50).status().code(), Code::kTooLarge);
}

RangeHeader random_range_header() {
  RangeHeader header;
  header.block.id.value = *rc::gen::arbitrary<std::uint64_t>();
  header.block.length = *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 40);
  header.block.crc = *rc::gen::arbitrary<std::uint32_t>();
  const std::uint64_t at = *rc::gen::inRange<std::uint64_t>(0, header.block.length + 1);
  const GranuleRange range = widen(at, *rc::gen::arbitrary<std::uint64_t>(), header.block.length);
  header.offset = range.offset;
  header.length = range.length;
  return header;
}

TEST(RangeAnswer, AHeaderSurvivesItsBytesAndOneFlippedBitIsNoticed) {
  EXPECT_TRUE(rc::check([] {
    const RangeHeader header = random_range_header();
    std::uint8_t bytes[kRangeHeaderBytes];
    encode_range_header(header, bytes);
    RC_ASSERT(decode_range_header(bytes).value() == header);
    const auto bit = *rc::gen::inRange<std::size_t>(0, kRangeHeaderBytes * 8);
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1u << (bit % 8)));
    RC_ASSERT(decode_range_header(bytes).status().code() == Code::kCorrupt);
  }));
}

// A header whose checksum is right and whose numbers are as they are given.
std::vector<std::uint8_t> forged(const RangeHeader& header, std::uint32_t granules,
                                 std::uint32_t version = 1) {
  std::vector<std::uint8_t> bytes(kRangeHeaderBytes);
  encode_range_header(header, bytes.data());
  put_le32(bytes.data() + 4, version);
  put_le32(bytes.data() + 28, granules);
  put_le32(bytes.data() + 48, crc32c(Bytes(bytes).first(48)));
  return bytes;
}

TEST(RangeAnswer, AHeaderWhoseNumbersContradictEachOtherIsCorrupt) {
  const RangeHeader good{{BlockId{1}, 2 * kGranuleBytes, 3}, kGranuleBytes, kGranuleBytes};
  ASSERT_EQ(decode_range_header(forged(good, 2)).value(), good);
  const auto refused = [](const RangeHeader& header, std::uint32_t granules) {
    return decode_range_header(forged(header, granules)).status().code() == Code::kCorrupt;
  };
  EXPECT_TRUE(refused(good, 3)) << "another number of granules";
  RangeHeader header = good;
  header.offset = 1;
  EXPECT_TRUE(refused(header, 2)) << "an offset within a granule";
  header = good;
  header.length += 1;
  EXPECT_TRUE(refused(header, 2)) << "more than there is from the offset on";
  header.length = UINT64_MAX;
  EXPECT_TRUE(refused(header, 2)) << "more than fits beside the offset";
  header = good;
  header.offset = 3 * kGranuleBytes;
  header.length = 0;
  EXPECT_TRUE(refused(header, 2)) << "beyond the block";
  header = {{BlockId{1}, kMaxBlockBytes + 1, 3}, 0, 0};
  EXPECT_TRUE(refused(header, static_cast<std::uint32_t>(granules_of(kMaxBlockBytes + 1))))
      << "a block that is too large";
  header.block.length = kMaxBlockBytes;
  EXPECT_FALSE(refused(header, static_cast<std::uint32_t>(granules_of(kMaxBlockBytes))));
}

TEST(RangeAnswer, AHeaderOfAnotherVersionOrCutShortIsCorrupt) {
  const RangeHeader good{{BlockId{1}, 5, 3}, 0, 5};
  EXPECT_EQ(decode_range_header(forged(good, 1, 2)).status().code(), Code::kCorrupt);
  const std::vector<std::uint8_t> bytes = forged(good, 1);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_range_header(Bytes(bytes).first(size)).status().code(), Code::kCorrupt);
  }
}

TEST(RangeAnswer, AWidenedRangeCoversWhatWasAskedInWholeGranules) {
  EXPECT_TRUE(rc::check([](std::uint64_t offset, std::uint64_t length) {
    const std::uint64_t block = *rc::gen::inRange<std::uint64_t>(0, 1 << 20);
    offset %= block + 1;
    const GranuleRange range = widen(offset, length, block);
    const std::uint64_t end = offset + std::min(length, block - offset);
    RC_ASSERT(range.offset % kGranuleBytes == 0);
    RC_ASSERT(range.offset <= offset);
    RC_ASSERT(range.offset + range.length >= end);
    RC_ASSERT(range.offset + range.length <= block);
  }));
}

}  // namespace
}  // namespace dfs::wire
