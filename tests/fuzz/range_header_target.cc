// The header of a range answer: what is decoded is encoded to the same bytes. Each input is tried
// as it is and with the checksum that it should have.
#include <algorithm>

#include "core/base/crc32c.h"
#include "core/wire/transfer.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void check_range_header(Bytes input) {
  const Result<wire::RangeHeader> header = wire::decode_range_header(input);
  if (!header.ok()) return;
  std::uint8_t bytes[wire::kRangeHeaderBytes];
  wire::encode_range_header(*header, bytes);
  require(std::ranges::equal(input.first(wire::kRangeHeaderBytes), bytes), "a header has one form");
  require(header->offset % wire::kGranuleBytes == 0, "a range begins with a granule");
  require(header->offset + header->length <= header->block.length, "a range is within its block");
}

void fuzz_range_header(Bytes input) {
  check_range_header(input);
  if (input.size() < wire::kRangeHeaderBytes) return;
  std::vector<std::uint8_t> summed(input.begin(), input.begin() + wire::kRangeHeaderBytes);
  const std::size_t at = wire::kRangeHeaderBytes - 4;
  put_le32(summed.data() + at, crc32c(Bytes(summed).first(at)));
  check_range_header(summed);
}

const Registration kRangeHeader({"range_header", fuzz_range_header});

}  // namespace
}  // namespace dfs::fuzz
