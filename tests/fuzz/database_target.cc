// A damaged database file: the store stops, or reads what was written.
//
// The input: patches of 4 bytes, a little-endian place of 3 bytes and what is xored there; a rest
// of 1 byte cuts that many 64-byte pieces off the end.
#include "tests/fuzz/store_world.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void fuzz_database(Bytes input) {
  StoreWorld& world = store_world();
  std::string file = world.checkpointed;
  while (input.size() >= 4) {
    const std::size_t at =
        static_cast<std::size_t>(input[0] | input[1] << 8 | input[2] << 16) % file.size();
    file[at] = static_cast<char>(file[at] ^ input[3]);
    input = input.subspan(4);
  }
  if (input.size() == 1)
    file.resize(file.size() - std::min<std::size_t>(file.size(), input[0] * 64u));
  const bool touched = file != world.checkpointed;
  world.put(file, "");
  const auto found = world.contents();
  require(touched || found == world.good, "a whole database is read");
  require(!found || *found == world.good, "damage stops the store or changes nothing");
}

const Registration kDatabase({"database", fuzz_database});

}  // namespace
}  // namespace dfs::fuzz
