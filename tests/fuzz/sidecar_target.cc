// Sidecar files: what is decoded is encoded to the same bytes, and its parts decode alike. Each
// input is tried as it is and with the checksum of the head that it should have.
#include "core/datanode/sidecar.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void check_sidecar(Bytes input) {
  const auto head = datanode::decode_sidecar_head(input);
  const auto reading = datanode::decode_sidecar_for_reading(input);
  const auto whole = datanode::decode_sidecar(input);
  require(head.ok() || !reading.ok(), "without a head there is nothing to read by");
  require(reading.ok() || !whole.ok(), "without granules it is not whole");
  if (head.ok()) {
    require(head->cluster.size() <= datanode::kMaxClusterBytes &&
                head->path_hint.size() <= datanode::kMaxPathHintBytes,
            "strings keep their limits");
  }
  if (!whole.ok()) return;
  require(whole->granule_crcs == reading->granule_crcs && whole->info == head->info,
          "the parts are the whole's");
  require(std::ranges::equal(datanode::encode_sidecar(*whole), input), "a sidecar has one form");
}

void fuzz_sidecar(Bytes input) {
  check_sidecar(input);
  if (input.size() < datanode::kSidecarFixedBytes) return;
  const std::uint64_t at = datanode::kSidecarFixedBytes +
                           std::uint64_t{get_le32(input.data() + 52)} + get_le32(input.data() + 56);
  if (at + 4 > input.size()) return;
  std::vector<std::uint8_t> summed(input.begin(), input.end());
  put_le32(summed.data() + at, crc32c(input.first(static_cast<std::size_t>(at))));
  check_sidecar(summed);
}

const Registration kSidecar({"sidecar", fuzz_sidecar});

}  // namespace
}  // namespace dfs::fuzz
