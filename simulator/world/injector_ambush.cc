// Deaths at a chosen step: the next time that a process does some work, it gets so far and dies.
//
// Left to chance, most faults fall between two operations and few into the middle of one. Whether
// the budget allows the death is asked when the moment has come.
#include <algorithm>

#include "simulator/world/injector.h"

namespace dfs::world {
namespace {

constexpr Duration kWaitAtLeast = seconds(10);

}  // namespace

std::vector<std::string_view> all_probes() {
  std::vector<std::string_view> all(std::begin(kProbes), std::end(kProbes));
  all.insert(all.end(), std::begin(kIllnessProbes), std::end(kIllnessProbes));
  const auto add = [&all](const auto& points) {
    for (const sim::AmbushPoint& point : points) all.push_back(point.probe);
  };
  add(sim::kDataNodeAmbushes);
  add(sim::kNameNodeAmbushes);
  add(sim::kClientAmbushes);
  return all;
}

bool Injector::lie_in_wait(const PlannedFault& fault, Random draw) {
  switch (draw.below(8)) {
    case 0:
      return await_namenode(fault, draw);
    case 1:
      return await_client(fault, draw);
    default:
      return await_datanode(fault, draw);
  }
}

bool Injector::await_datanode(const PlannedFault& fault, Random draw) {
  sim::DataNodeNode* node = pick_datanode(draw, true);
  if (node == nullptr) return false;
  const sim::AmbushPoint point =
      sim::kDataNodeAmbushes[draw.below(std::size(sim::kDataNodeAmbushes))];
  const bool power = draw.chance(1, 2);
  const auto die = [this, node, power, fault] {
    node->die(power);
    datanode_died(*node);
    if (over_) return start_datanode(*node);
    later(fault.length, [this, node] { start_datanode(*node); });
  };
  node->ambushes().lay({point, sim::Blow::kDeath, [this, point, die](std::uint32_t) {
                          if (over_ || datanodes_away() >= targets_.datanodes.size() / 2) {
                            return false;
                          }
                          scene_.verdicts.probe(point.probe);
                          scene_.queue.after({}, die);
                          return true;
                        }});
  later(std::max(fault.length, kWaitAtLeast), [node] { node->ambushes().call_off(); });
  return true;
}

bool Injector::await_namenode(const PlannedFault& fault, Random draw) {
  if (!targets_.namenode->up()) return false;
  const sim::AmbushPoint point =
      sim::kNameNodeAmbushes[draw.below(std::size(sim::kNameNodeAmbushes))];
  const bool power = draw.chance(1, 2);
  const std::uint64_t steps = draw.below(kMostCommitSteps);
  const auto die = [this, power, steps, fault] {
    targets_.namenode->die(power, steps);
    if (over_) return start_namenode();
    later(fault.length / 4, [this] { start_namenode(); });
  };
  targets_.namenode->ambushes().lay({point, sim::Blow::kDeath, [this, point, die](std::uint32_t) {
                                       scene_.verdicts.probe(point.probe);
                                       scene_.queue.after({}, die);
                                       return true;
                                     }});
  return true;
}

bool Injector::await_client(const PlannedFault& fault, Random draw) {
  const std::size_t index = draw.below(targets_.clients.size());
  sim::ClientNode* client = targets_.clients[index];
  if (!client->up()) return false;
  const sim::AmbushPoint point = sim::kClientAmbushes[draw.below(std::size(sim::kClientAmbushes))];
  const bool silent = draw.chance(1, 2);
  const auto die = [this, client, index, silent, fault] {
    client->die(silent);
    const auto start = [this, client, index] {
      if (!client->up()) targets_.start_client(index);
    };
    if (over_) return start();
    later(fault.length / 4, start);
  };
  client->ambushes().lay({point, sim::Blow::kDeath, [this, point, die](std::uint32_t) {
                            scene_.verdicts.probe(point.probe);
                            scene_.queue.after({}, die);
                            return true;
                          }});
  return true;
}

void Injector::call_off_ambushes() {
  targets_.namenode->ambushes().call_off();
  for (sim::DataNodeNode* node : targets_.datanodes) node->ambushes().call_off();
  for (sim::ClientNode* client : targets_.clients) client->ambushes().call_off();
}

}  // namespace dfs::world
