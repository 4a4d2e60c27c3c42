// What each client does once when a cluster has come to rest: make a directory, put a file of two
// blocks, read it, overwrite, rename and read it again, set its replication, remove it all.
//
// Nobody else uses the names, so that the namespace allows each step. Files are written only where
// enough DataNodes are in service.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/sim/client_node.h"
#include "simulator/world/oracle.h"

namespace dfs::world {

class Trial {
 public:
  Trial(Scene& scene, std::vector<sim::ClientNode*> clients,
        std::vector<std::unique_ptr<Oracle>>& oracles);

  void start();
  [[nodiscard]] bool done() const { return running_ == 0; }
  // In which all of it must be done.
  [[nodiscard]] Duration limit() const;
  // What has not come to an end.
  [[nodiscard]] std::string pending() const;

 private:
  using Done = std::function<void(const Status&)>;
  struct Step {
    const char* what;
    Duration limit;  // while its client waits
    std::function<void(std::size_t client, const Done& done)> act;
  };

  void add_step(const char* what, std::function<void(std::size_t, const Done&)> act);
  void add_put(const char* what, std::uint64_t version);
  void go_on(std::size_t client, std::size_t step);
  void call(std::size_t client, wire::Request request, const Done& done);
  void put(std::size_t client, const Content& content, Duration limit, const Done& done);
  void get(std::size_t client, const std::string& path, const Content& content, const Done& done);
  [[nodiscard]] Content content(std::size_t client, std::uint64_t version) const;
  [[nodiscard]] bool can_store() const;
  [[nodiscard]] std::uint32_t replication() const;

  Scene& scene_;
  std::vector<sim::ClientNode*> clients_;
  std::vector<std::unique_ptr<Oracle>>& oracles_;
  std::vector<Step> steps_;
  std::vector<std::size_t> at_;  // of each client, the step that it is at
  std::size_t running_ = 0;      // clients that are not through
};

}  // namespace dfs::world
