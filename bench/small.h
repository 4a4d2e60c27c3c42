// Small operations against a cluster, by many threads through the native client: files of 4 KiB,
// and metadata alone.
#pragma once

#include <string>

namespace dfs::bench {

// Prints one row for each kind of operation, by 1 and by 8 threads, beside the machine's own.
void bench_small(const std::string& namenode, const std::string& folder, double seconds);

}  // namespace dfs::bench
