// Assertions: what the author believed, checked in every build.
//
// A failed assertion is a bug of this program, never an answer to bad input or to a failing
// environment (those are Status values, core/base/status.h). It stays on in release builds: the
// checks are cheap, and stopping is safer than going on with state that cannot be true.
#pragma once

namespace dfs {

// Prints one line to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace dfs

#define DFS_ASSERT(condition)                                                  \
  do {                                                                         \
    if (!(condition)) ::dfs::assertion_failed(#condition, __FILE__, __LINE__); \
  } while (false)
