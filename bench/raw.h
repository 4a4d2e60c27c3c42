// What the machine can do with plain sockets and files, doing a cluster's work and no more: the
// yardstick beside which the cluster's figures stand.
//
// A chain of server processes: each receives a block in buffers of 256 KiB, takes the CRC, sends
// the buffer on, writes it to a new file, syncs the file, renames it, syncs the directory and
// answers when the next one has. Reads: a server sends the file, the client takes the CRC and
// writes it to a new file. One thread or process a transfer; no protocol, no metadata, no second
// look.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/figures.h"

namespace dfs::bench {

class RawChain {
 public:
  // Starts `servers` processes that keep their files below `folder`.
  RawChain(const std::string& folder, int servers);
  ~RawChain();
  RawChain(const RawChain&) = delete;
  RawChain& operator=(const RawChain&) = delete;

  // Each client sends `file` as blocks through the first `copies` servers; gigabytes (1e9) a second
  // in sum. The names that get() takes are numbered from `first`.
  double put(const std::string& file, int clients, int copies, std::uint64_t block_bytes,
             int first);
  // Each client fetches what client number `first` + its own put, into a new file in `folder`.
  double get(std::uint64_t file_bytes, int clients, std::uint64_t block_bytes, int first);

  [[nodiscard]] const std::vector<ProcessName>& processes() const { return processes_; }

 private:
  std::string folder_;
  std::vector<ProcessName> processes_;
  std::vector<std::uint16_t> ports_;
};

}  // namespace dfs::bench
