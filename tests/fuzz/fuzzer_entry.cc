// libFuzzer's entry to the one target that the program was linked with.
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dfs::fuzz::targets().front().run({data, size});
  return 0;
}
