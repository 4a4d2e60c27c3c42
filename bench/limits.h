// The machine's limits for small things: requests to an empty handler, and durable small writes.
#pragma once

#include <functional>
#include <string>

namespace dfs::bench {

// Calls `work(thread)` in `threads` threads, again and again for `seconds`; how many a second.
// `work` returns false to end the program with an error.
[[nodiscard]] double rate(int threads, double seconds, const std::function<bool(int)>& work);

// GETs a second of a handler that does nothing, over kept-alive connections of the native client.
[[nodiscard]] double empty_handler(int threads, double seconds);
// Appends of 100 bytes, each with fsync, a file for each thread.
[[nodiscard]] double synced_appends(const std::string& folder, int threads, double seconds);
// New files of 4 KiB: create, write, fsync, rename, fsync of the directory.
[[nodiscard]] double synced_files(const std::string& folder, int threads, double seconds);

}  // namespace dfs::bench
