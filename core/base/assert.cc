#include "core/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace dfs {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "dfs: assertion failed: %s at %s:%d; this is a bug, please report it\n",
               condition, file, line);
  std::abort();
}

}  // namespace dfs
