// Metrics in Prometheus' text form, served at /metrics. prometheus-cpp keeps and formats them.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <string>

#include "adapters/http/server.h"

namespace dfs::http {

class Metrics {
 public:
  // `process` is "namenode" or "datanode"; names begin with dfs_<process>_.
  explicit Metrics(const std::string& process);

  // Counts a request by its method and outcome ("ok" or an error's code) and its time.
  void request(const std::string& method, const std::string& outcome, Duration took);
  // Sets a gauge; made on first use. `help` is one sentence.
  void set(const std::string& name, const std::string& help, std::uint64_t value);
  // Adds to a counter; made on first use.
  void add(const std::string& name, const std::string& help, std::uint64_t value);
  // Connections, threads, memory.
  void set_server(const Server::Counters& counters);

  void write(ServerResponse& response);

 private:
  const std::string prefix_;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& times_;
};

}  // namespace dfs::http
