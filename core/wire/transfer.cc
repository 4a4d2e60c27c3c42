#include "core/wire/transfer.h"

#include <algorithm>

#include "core/base/crc32c.h"

namespace dfs::wire {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecksummedBytes = kRangeHeaderBytes - 4;

}  // namespace

void encode_range_header(const RangeHeader& header, std::uint8_t out[kRangeHeaderBytes]) {
  put_le32(out, kRangeMagic);
  put_le32(out + 4, kVersion);
  put_le64(out + 8, header.block.id.value);
  put_le64(out + 16, header.block.length);
  put_le32(out + 24, header.block.crc);
  put_le32(out + 28, static_cast<std::uint32_t>(granules_of(header.block.length)));
  put_le64(out + 32, header.offset);
  put_le64(out + 40, header.length);
  put_le32(out + 48, crc32c({out, kChecksummedBytes}));
}

Result<RangeHeader> decode_range_header(Bytes bytes) {
  const auto corrupt = [] { return Status(Code::kCorrupt, "malformed header of a range answer"); };
  if (bytes.size() < kRangeHeaderBytes) return corrupt();
  const std::uint8_t* in = bytes.data();
  if (get_le32(in) != kRangeMagic || get_le32(in + 4) != kVersion) return corrupt();
  if (get_le32(in + 48) != crc32c(bytes.first(kChecksummedBytes))) return corrupt();
  RangeHeader header;
  header.block.id.value = get_le64(in + 8);
  header.block.length = get_le64(in + 16);
  header.block.crc = get_le32(in + 24);
  header.offset = get_le64(in + 32);
  header.length = get_le64(in + 40);
  if (header.block.length > kMaxBlockBytes || header.offset > header.block.length ||
      header.length > header.block.length - header.offset || header.offset % kGranuleBytes != 0 ||
      get_le32(in + 28) != granules_of(header.block.length)) {
    return corrupt();
  }
  return header;
}

GranuleRange widen(std::uint64_t offset, std::uint64_t length, std::uint64_t block_length) {
  offset = std::min(offset, block_length);
  length = std::min(length, block_length - offset);
  const std::uint64_t first = offset / kGranuleBytes * kGranuleBytes;
  const std::uint64_t end =
      std::min(block_length, (offset + length + kGranuleBytes - 1) / kGranuleBytes * kGranuleBytes);
  return {first, end - first};
}

}  // namespace dfs::wire
