#include "adapters/http/metrics.h"

#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <fstream>

namespace dfs::http {
namespace {

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

const prometheus::Histogram::BucketBoundaries& time_buckets() {
  static const prometheus::Histogram::BucketBoundaries buckets{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10, 60};
  return buckets;
}

}  // namespace

Metrics::Metrics(const std::string& process)
    : prefix_("dfs_" + process + "_"),
      requests_(prometheus::BuildCounter()
                    .Name(prefix_ + "requests_total")
                    .Help("Requests by method and outcome.")
                    .Register(registry_)),
      times_(prometheus::BuildHistogram()
                 .Name(prefix_ + "request_seconds")
                 .Help("Time to answer a request, by method.")
                 .Register(registry_)) {}

void Metrics::request(const std::string& method, const std::string& outcome, Duration took) {
  requests_.Add({{"method", method}, {"outcome", outcome}}).Increment();
  times_.Add({{"method", method}}, time_buckets()).Observe(static_cast<double>(took.us) / 1e6);
}

void Metrics::set(const std::string& name, const std::string& help, std::uint64_t value) {
  prometheus::BuildGauge()
      .Name(prefix_ + name)
      .Help(help)
      .Register(registry_)
      .Add({})
      .Set(static_cast<double>(value));
}

void Metrics::add(const std::string& name, const std::string& help, std::uint64_t value) {
  prometheus::BuildCounter()
      .Name(prefix_ + name)
      .Help(help)
      .Register(registry_)
      .Add({})
      .Increment(static_cast<double>(value));
}

void Metrics::set_server(const Server::Counters& counters) {
  set("connections", "Open HTTP connections.", counters.connections);
  set("threads", "Threads that serve HTTP.", counters.threads);
  set("resident_bytes", "Memory of the process.", resident_bytes());
}

void Metrics::write(ServerResponse& response) {
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace dfs::http
