// The sidecar codec: round trips of any replica, refusal of anything damaged.
#include "core/datanode/sidecar.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/base/crc32c.h"
#include "core/datanode/checksum_builder.h"
#include "core/wire/transfer.h"

namespace dfs::datanode {
namespace {

std::vector<std::uint8_t> some_bytes(std::size_t length) {
  std::vector<std::uint8_t> bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return bytes;
}

Sidecar sidecar_of(Bytes data, std::string cluster = "c1", std::string path = "/a/b") {
  ChecksumBuilder builder;
  builder.add(data);
  builder.finish();
  Sidecar sidecar;
  sidecar.info = {BlockId{42}, data.size(), builder.crc()};
  sidecar.cluster = std::move(cluster);
  sidecar.inode = InodeId{7};
  sidecar.index = 3;
  sidecar.path_hint = std::move(path);
  sidecar.granule_crcs = builder.granules();
  sidecar.chunk_crcs = builder.chunks();
  return sidecar;
}

TEST(ChecksumBuilder, GivesTheSameWhateverPiecesTheBytesComeIn) {
  EXPECT_TRUE(rc::check([] {
    const auto data = some_bytes(*rc::gen::inRange<std::size_t>(0, 200'000));
    ChecksumBuilder whole;
    whole.add(data);
    whole.finish();
    ChecksumBuilder pieces;
    for (Bytes rest = data; !rest.empty();) {
      const auto size = std::min(rest.size(), *rc::gen::inRange<std::size_t>(1, 70'000));
      pieces.add(rest.first(size));
      rest = rest.subspan(size);
    }
    pieces.finish();
    RC_ASSERT(whole.crc() == crc32c(data));
    RC_ASSERT(pieces.crc() == whole.crc());
    RC_ASSERT(pieces.granules() == whole.granules());
    RC_ASSERT(pieces.chunks() == whole.chunks());
  }));
}

TEST(ChecksumBuilder, HasTheCrcOfEachGranuleAndEachChunk) {
  for (const std::size_t length : {0u, 1u, 511u, 512u, 513u, 65535u, 65536u, 65537u, 131072u}) {
    const auto data = some_bytes(length);
    const Sidecar sidecar = sidecar_of(data);
    ASSERT_EQ(sidecar.granule_crcs.size(), wire::granules_of(length));
    ASSERT_EQ(sidecar.chunk_crcs.size(), (length + 511) / 512);
    for (std::size_t i = 0; i < sidecar.chunk_crcs.size(); ++i) {
      const Bytes chunk =
          Bytes(data).subspan(i * 512, std::min<std::size_t>(512, length - i * 512));
      ASSERT_EQ(sidecar.chunk_crcs[i], crc32c(chunk));
    }
  }
}

TEST(Sidecar, SurvivesTheRoundTrip) {
  EXPECT_TRUE(rc::check([] {
    const auto data = some_bytes(*rc::gen::inRange<std::size_t>(0, 300'000));
    Sidecar sidecar = sidecar_of(data, "0123456789abcdef", *rc::gen::arbitrary<std::string>());
    sidecar.inode.value = *rc::gen::arbitrary<std::uint64_t>();
    sidecar.index = *rc::gen::arbitrary<std::uint64_t>();
    const auto bytes = encode_sidecar(sidecar);
    RC_ASSERT(bytes.size() == layout_of(sidecar).total());
    Result<Sidecar> back = decode_sidecar(bytes);
    RC_ASSERT(back.ok());
    RC_ASSERT(*back == sidecar);
  }));
}

TEST(Sidecar, CanBeReadWithoutItsChunks) {
  const Sidecar sidecar = sidecar_of(some_bytes(150'000));
  const auto bytes = encode_sidecar(sidecar);
  const SidecarLayout layout = layout_of(sidecar);
  Result<Sidecar> head = decode_sidecar_head(Bytes(bytes).first(layout.head));
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->info, sidecar.info);
  EXPECT_TRUE(head->granule_crcs.empty());
  Result<Sidecar> reading =
      decode_sidecar_for_reading(Bytes(bytes).first(layout.head + layout.granules));
  ASSERT_TRUE(reading.ok());
  EXPECT_EQ(reading->granule_crcs, sidecar.granule_crcs);
  EXPECT_TRUE(reading->chunk_crcs.empty());
}

TEST(Sidecar, IsRefusedWhenAnyBitOfItIsFlipped) {
  const auto good = encode_sidecar(sidecar_of(some_bytes(70'000)));
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= static_cast<std::uint8_t>(1u << (i % 8));
    EXPECT_EQ(decode_sidecar(bad).status().code(), Code::kCorrupt) << "byte " << i;
  }
}

TEST(Sidecar, IsRefusedWhenItIsCutOrFollowedBySomething) {
  const auto good = encode_sidecar(sidecar_of(some_bytes(70'000)));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(decode_sidecar(Bytes(good).first(size)).status().code(), Code::kCorrupt);
  }
  auto longer = good;
  longer.push_back(0);
  EXPECT_EQ(decode_sidecar(longer).status().code(), Code::kCorrupt);
}

TEST(Sidecar, DecodingSurvivesAnyBytes) {
  EXPECT_TRUE(rc::check([](std::vector<std::uint8_t> bytes) {
    // Half of the time behind a head that is almost right, where the lengths are.
    if (*rc::gen::arbitrary<bool>()) {
      auto good = encode_sidecar(sidecar_of(some_bytes(1000)));
      for (std::size_t i = 0; i < bytes.size(); ++i) good[(i * 13 + bytes[i]) % 60] ^= bytes[i];
      put_le32(good.data() + 66, crc32c(Bytes(good).first(66)));
      bytes = std::move(good);
    }
    const Result<Sidecar> result = decode_sidecar(bytes);
    if (!result.ok()) RC_ASSERT(result.status().code() == Code::kCorrupt);
  }));
}

TEST(Sidecar, IsRefusedWhenItsGranulesBelongToOtherBytes) {
  const auto data = some_bytes(140'000);
  auto other = data;
  other[100'000] ^= 1;
  Sidecar mixed = sidecar_of(data);
  mixed.granule_crcs = sidecar_of(other).granule_crcs;
  EXPECT_EQ(decode_sidecar_for_reading(encode_sidecar(mixed)).status().message(),
            "sidecar: its granule checksums do not agree with the block's");
  mixed = sidecar_of(data);
  mixed.chunk_crcs = sidecar_of(other).chunk_crcs;
  EXPECT_TRUE(decode_sidecar_for_reading(encode_sidecar(mixed)).ok());
  EXPECT_EQ(decode_sidecar(encode_sidecar(mixed)).status().message(),
            "sidecar: its chunk checksums do not agree with the block's");
}

TEST(Sidecar, CutsALongPathHintBetweenCharacters) {
  std::string path(kMaxPathHintBytes - 1, 'a');
  path += "ä/more";
  Result<Sidecar> back = decode_sidecar(encode_sidecar(sidecar_of(some_bytes(10), "c", path)));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->path_hint, std::string(kMaxPathHintBytes - 1, 'a'));
}

}  // namespace
}  // namespace dfs::datanode
