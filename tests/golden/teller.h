// Tells a scripted run as a story for people: who said what to whom, what became durable, which
// replica moved.
//
// What is the same all the time is left out: heartbeats without news, reports that find nothing,
// lease renewals, bodies of blocks. DataNodes and blocks are named in the order in which the story
// mentions them, and times are whole seconds, so that a story does not depend on what was drawn.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulator/world/cluster.h"

namespace dfs::golden {

using sim::Address;

class Teller final : public world::Oracle {
 public:
  explicit Teller(world::Scene& scene) : Oracle(scene) {}

  // What is told from now on is kept, until pause().
  void begin() { told_ = true; }
  void pause() { told_ = false; }
  // Nobody has a name yet.
  void forget_names();
  // A line without a speaker, set off from what is told: a step of the script.
  void step(const std::string& what);
  void tell(const std::string& line);
  [[nodiscard]] const std::string& story() const { return story_; }

  void hear(sim::ConnectionId connection, Address from, Address to, const sim::Message& message);
  [[nodiscard]] std::string name_of(Address address);
  [[nodiscard]] std::string name_of(BlockId block);
  [[nodiscard]] std::string names_of(const std::vector<Address>& addresses);
  [[nodiscard]] std::string names_of(const std::vector<BlockId>& blocks);
  // The DataNodes to which the newest block was to be written, in the order of the pipeline.
  [[nodiscard]] const std::vector<Address>& pipeline() const { return pipeline_; }
  // Pieces of blocks that a DataNode has received.
  [[nodiscard]] int pieces(Address node) { return pieces_[node]; }

  void namenode_starts(namenode::Store& store) override;
  void namenode_died() override { tell("NameNode ends"); }
  void applying(const namenode::Command& command, const namenode::Outcome& outcome) override;
  void published(Address node, BlockId block, const std::string& wrong) override;
  void moving(Address node, BlockId block, sim::Folder from, sim::Folder to) override;
  void purging(Address node, BlockId block) override;

 private:
  [[nodiscard]] std::string names_of(const std::vector<NodeId>& nodes);
  [[nodiscard]] std::string path_of(InodeId inode);
  [[nodiscard]] std::string asked(const wire::Request& request);
  [[nodiscard]] std::string allocated(const std::vector<wire::AllocatedBlock>& blocks);
  void hear_request(Address from, const wire::Request& request);
  void hear_reply(Address to, const wire::Request& request, const wire::Reply& reply);
  void hear_heartbeat(Address from, const wire::Heartbeat& heartbeat);
  [[nodiscard]] std::string ordered(const wire::Order& order);

  bool told_ = false;
  std::string story_;
  std::int64_t told_second_ = -1;
  std::map<Address, std::string> nodes_;
  std::map<BlockId, std::string> blocks_;
  std::map<InodeId, std::string> paths_;
  std::map<sim::ConnectionId, wire::Request> requests_;
  std::map<std::uint64_t, std::string> orders_;  // out, by their number
  std::set<std::pair<std::string, std::uint64_t>> asked_;
  std::vector<Address> pipeline_;
  std::map<Address, int> pieces_;
};

}  // namespace dfs::golden
