// A damaged write-ahead log: the store stops, or loses at most the last transaction, which looks as
// if the power had gone before it was acknowledged.
//
// The input: the damaged frame (2 bytes, little-endian; 0 is the log's header), the place in it (2
// bytes), and up to 8 bytes that are xored there. Damage to several frames may look like a power
// loss some transactions ago and is beyond what can be told.
#include "adapters/sqlite/checksum_vfs.h"
#include "tests/fuzz/store_world.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void fuzz_wal(Bytes input) {
  if (input.size() < 5 || input.size() > 12) return;
  StoreWorld& world = store_world();
  constexpr std::size_t kHeader = 32;
  constexpr std::size_t kFrame = 24 + sqlite::kPageBytes;
  std::string log = world.log;
  const std::size_t frame =
      static_cast<std::size_t>(input[0] | input[1] << 8) % ((log.size() - kHeader) / kFrame + 1);
  const std::size_t begin = frame == 0 ? 0 : kHeader + (frame - 1) * kFrame;
  const std::size_t size = frame == 0 ? kHeader : kFrame;
  const std::size_t place = static_cast<std::size_t>(input[2] | input[3] << 8) % size;
  for (std::size_t i = 0; i + 4 < input.size() && place + i < size; ++i) {
    log[begin + place + i] = static_cast<char>(log[begin + place + i] ^ input[4 + i]);
  }
  world.put(world.database, log);
  const auto found = world.contents();
  if (log == world.log) require(found == world.good, "a whole log is read");
  require(!found || *found == world.good || *found == world.before_last,
          "damage stops the store or costs at most the last transaction");
}

const Registration kWal({"wal", fuzz_wal});

}  // namespace
}  // namespace dfs::fuzz
