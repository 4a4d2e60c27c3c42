// The parts of the cluster that faults can strike, and what the world does about it.
#pragma once

#include <functional>
#include <vector>

#include "adapters/sim/client_node.h"
#include "adapters/sim/datanode_node.h"
#include "adapters/sim/shipping.h"
#include "adapters/sim/store_host.h"
#include "simulator/world/illness.h"
#include "simulator/world/rescue.h"

namespace dfs::world {

struct Targets {
  sim::Network* network = nullptr;
  sim::NameNodeNode* namenode = nullptr;
  sim::SimStoreHost* namenode_host = nullptr;
  std::vector<sim::DataNodeNode*> datanodes;
  std::vector<sim::ClientNode*> clients;
  std::function<void(std::size_t client)> start_client;
  std::function<void(sim::Address datanode)> disks_changed;
  // It keeps less of the NameNode's history than it did.
  std::function<void(NodeId datanode)> home_put_back;
  // An operator's request, repeated until it is answered.
  std::function<void(wire::Request)> operate;
  std::function<void()> backup_kept;
  std::function<void()> backup_restored;
  sim::Shipping* shipping = nullptr;  // nullptr: the history is not shipped
  std::function<void(const Rescued& rescued)> rescued;
  std::function<void(sim::Address datanode, Illness illness)> fell_ill;
};

}  // namespace dfs::world
