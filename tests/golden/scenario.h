// A small language for scripted scenarios: a calm cluster in which everything takes its typical
// time, steps that are told as "> …", and what the cluster did about them.
//
//   Scenario s("A put of two blocks through a pipeline.", {.datanodes = 3});
//   s.put("/report", 2);
//   return s.end();
//
// Steps return when what they began has ended, but begin_put(), which returns at once. All oracles
// watch; a violation is told at the end of the story, which then is not the one that is kept.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "simulator/world/cluster.h"
#include "tests/golden/teller.h"

namespace dfs::golden {

struct Setup {
  std::uint32_t datanodes = 3;
  std::uint32_t clients = 2;
  std::function<void(world::Plan&)> change = nullptr;
};

class Scenario {
 public:
  // `about`: lines that say what happens and why it is worth reading.
  Scenario(const std::string& about, const Setup& setup);

  // Clients are counted from 1, blocks have kBlockBytes.
  static constexpr std::uint64_t kBlockBytes = 256 * 1024;
  // A file that is there when the story begins: "> /report has …".
  void given(const std::string& path, std::uint64_t blocks);
  void put(const std::string& path, std::uint64_t blocks, bool overwrite = false, int client = 1);
  void begin_put(const std::string& path, std::uint64_t blocks, bool overwrite = false,
                 int client = 1);
  void get(const std::string& path, int client = 1);
  void begin_get(const std::string& path, int client = 1);
  void ask(const std::string& step, wire::Request request, int client = 1);
  // Until what was begun has ended.
  void finish();

  // The script's own words before something is done to the cluster by hand.
  void say(const std::string& step) { teller_->step(step); }
  void wait(Duration time);
  // Event by event until it holds.
  void until(const std::function<bool()>& holds);

  [[nodiscard]] Address target(std::size_t place) const { return teller_->pipeline().at(place); }
  [[nodiscard]] std::size_t targets() const { return teller_->pipeline().size(); }
  [[nodiscard]] std::string name(Address address) { return teller_->name_of(address); }
  [[nodiscard]] int pieces(Address node) { return teller_->pieces(node); }
  [[nodiscard]] sim::DataNodeNode& datanode(Address address);
  [[nodiscard]] sim::NameNodeNode& namenode() { return *cluster_->scene().namenode; }
  [[nodiscard]] sim::ClientNode& client(int number);
  [[nodiscard]] world::Cluster& cluster() { return *cluster_; }
  // The only block of a file.
  [[nodiscard]] BlockId block_of(const std::string& path);

  void kill(Address datanode, bool power = false);
  // What it was about is never heard of again.
  void kill_client(int number);
  void start(Address datanode) { this->datanode(datanode).start(); }
  void wipe(Address datanode);
  void rot(Address datanode, BlockId block);
  void cut_off(Address node, bool cut);

  [[nodiscard]] std::string end();

 private:
  void ended(int client, const std::string& what, const Status& status);

  world::Plan plan_;
  std::unique_ptr<world::Cluster> cluster_;
  Teller* teller_ = nullptr;  // the cluster's
  std::string about_;
  std::map<int, int> running_;  // by client
  std::uint64_t contents_ = 0;
};

}  // namespace dfs::golden
