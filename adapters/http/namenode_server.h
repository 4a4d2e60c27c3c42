// `dfs namenode`: the NameNode machine behind HTTP, over its data directory.
//
// DIR/metadata.db is the truth (adapters/sqlite); DIR/in_use.lock keeps a second process away. All
// errors of the store end the process (law 9).
//
//   POST /api/v1/<method>   the native protocol
//   GET  /healthz           200 while the machine answers
//   GET  /readyz            200 while writes are accepted, else 503 and the reason
//   GET  /metrics           Prometheus
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "adapters/http/metadata_shipping.h"
#include "adapters/http/metrics.h"
#include "adapters/http/process.h"
#include "adapters/http/server.h"
#include "adapters/http/strand.h"
#include "adapters/sqlite/store.h"
#include "core/namenode/namenode.h"

namespace dfs::http {

struct NameNodeOptions {
  std::string data;  // directory
  HostPort listen{"127.0.0.1", 8000};
  namenode::Config config;  // `cluster` is made up here if it is empty
  // With less free than this, mutations other than deletes are refused (law 9).
  std::uint64_t disk_reserve = std::uint64_t{64} << 20;
  namenode::ShipperConfig shipping;  // of the metadata to DataNodes
};

class NameNodeServer {
 public:
  // Takes the directory, opens or makes the metadata, serves.
  [[nodiscard]] static Result<std::unique_ptr<NameNodeServer>> start(NameNodeOptions options);
  ~NameNodeServer();

  [[nodiscard]] HostPort address() const { return server_.address(); }

 private:
  NameNodeServer(NameNodeOptions options, OwnedDirectory directory);

  [[nodiscard]] Status begin();
  void add_handlers();
  void answer_call(const ServerRequest& request, ServerResponse& response);
  void answer_ready(ServerResponse& response);
  void answer_metrics(ServerResponse& response);
  void tick_until_stopped();
  void check_disk();

  const NameNodeOptions options_;
  OwnedDirectory directory_;
  sqlite::SqliteStore store_;
  namenode::NameNode machine_;
  MetadataShipping shipping_;
  Strand strand_;
  Metrics metrics_{"namenode"};
  Server server_;

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread ticker_;
};

}  // namespace dfs::http
