// What the clients of a simulated cluster do all day.
//
// There is a series of operations for each client, together at about the planned rate, several at
// once. What an operation works on is drawn when it starts, from what exists then; draws are keyed
// by (series, operation number).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/sim/client_node.h"
#include "simulator/world/oracle.h"

namespace dfs::world {

class Workload {
 public:
  Workload(Scene& scene, std::vector<sim::ClientNode*> clients,
           std::vector<std::unique_ptr<Oracle>>& oracles);

  void start();
  // A client has started, for the first time or after a crash.
  void client_starts();
  // No further operation starts.
  void stop() { stopped_ = true; }
  [[nodiscard]] bool idle() const;

  // What the NameNode says of unhealthy files, page by page, as an operator asks.
  using Unhealthy = std::vector<wire::FileHealth>;
  void fsck(std::size_t client, const std::function<void(const Unhealthy&)>& done,
            const std::string& cursor = "", const Unhealthy& before = {});
  // Reads every file that there is; `done` is told which could not be read, and why.
  void read_everything(
      std::size_t client,
      const std::function<void(std::vector<std::string> failed, std::uint64_t files)>& done);

  [[nodiscard]] std::uint64_t started() const { return started_; }
  // Which operations they were, in their order.
  [[nodiscard]] const std::vector<OperationKey>& performed() const { return performed_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& outcomes() const { return outcomes_; }

 private:
  struct Series {
    std::uint64_t number = 0;  // of its last operation
    std::uint64_t turns = 0;
    std::uint64_t due = 0;  // operations whose turn has come and that no client could begin
  };

  void next(std::size_t series);
  void start_due(std::size_t series);
  // The client that carries out an operation of the series; as many as there are: none can.
  [[nodiscard]] std::size_t who_is_free(std::size_t series) const;
  void start_one(OperationKey key, std::size_t client);
  void put(std::size_t client, const std::string& path, bool overwrite, Random draw);
  [[nodiscard]] bool comes_back(const std::string& path) const;
  void read_at_last(std::size_t client, const std::string& path, int patience,
                    const std::function<void(const Status&)>& done);
  // `whole`: never a range of it.
  void get(std::size_t client, const std::string& path, bool whole, Random draw,
           std::function<void(const Status&)> done);
  void call(std::size_t client, OperationKind kind, wire::Request request);
  void finished(OperationKind kind, const Status& status);

  // Paths to work on.
  [[nodiscard]] std::string existing(Random& draw, bool files, bool directories) const;
  // One of `paths`, or else an existing file: what happens at once with something is rare if left
  // to chance.
  [[nodiscard]] std::string at_once_with(Random& draw,
                                         const std::multiset<std::string>& paths) const;
  [[nodiscard]] std::string fresh(Random& draw) const;

  Scene& scene_;
  std::vector<sim::ClientNode*> clients_;
  std::vector<std::unique_ptr<Oracle>>& oracles_;
  Random random_;
  std::vector<Series> series_;
  std::multiset<std::string> reading_;  // paths, of what is going on
  std::multiset<std::string> overwriting_;
  std::multiset<std::string> creating_;
  bool stopped_ = false;
  std::uint64_t started_ = 0;
  std::vector<OperationKey> performed_;
  std::map<std::string, std::uint64_t> outcomes_;  // "put ok", "get NotFound"
};

}  // namespace dfs::world
