// A fuzz target: a function that feeds bytes from outside to one parser and says what must hold.
//
// Each *_target.cc registers one. `fuzz_NAME` is libFuzzer's program of that file alone (preset
// `fuzz`); `test_fuzz` links all of them in every build and feeds them their corpus, and damaged
// copies of it.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace dfs::fuzz {

// What a target throws: the parser lives, but gave an answer that cannot be right.
struct PropertyBroken : std::logic_error {
  using std::logic_error::logic_error;
};
inline void require(bool holds, const char* what) {
  if (!holds) throw PropertyBroken(what);
}

struct Target {
  std::string name;  // of its folder in tests/fuzz/corpus/, and of its file
  void (*run)(Bytes input);
};

// All that are linked into this program.
inline std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}
struct Registration {
  explicit Registration(Target target) { targets().push_back(std::move(target)); }
};

}  // namespace dfs::fuzz
