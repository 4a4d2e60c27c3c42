// A real cluster for the bench: `dfs cluster` as a child process in a folder of its own, and the
// `dfs` commands that are run against it.
#pragma once

#include <string>
#include <vector>

#include "bench/figures.h"

namespace dfs::bench {

class Cluster {
 public:
  // Returns when it is ready.
  Cluster(std::string program, const std::string& folder, int datanodes);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Runs these commands, each `dfs ARGUMENTS…`, at the same time; the seconds until all were done.
  double run(const std::vector<std::vector<std::string>>& commands) const;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // The NameNode and the DataNodes.
  [[nodiscard]] const std::vector<ProcessName>& processes() const { return processes_; }

 private:
  [[nodiscard]] std::string url() const { return "http://" + address(); }
  [[nodiscard]] pid_t start(std::vector<std::string> arguments, int output) const;

  std::string program_;
  int port_ = 0;
  pid_t parent_ = 0;
  std::vector<ProcessName> processes_;
};

}  // namespace dfs::bench
