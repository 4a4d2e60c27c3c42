// How a simulated NameNode's history gets to DataNodes: the machine (core/namenode/shipper.h), its
// messages, and checkpoints made by SQLite's backup on the simulated disk.
//
// One object for a NameNode's machine; what it knows dies with each process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "adapters/sim/namenode_node.h"
#include "adapters/sim/store_host.h"
#include "adapters/sqlite/backup.h"
#include "core/namenode/shipper.h"

namespace dfs::sim {

// Told what a home is known to have, and of what a checkpoint is, as it is made.
class ShippingObserver {
 public:
  virtual ~ShippingObserver() = default;
  virtual void home_has(const wire::JournalState& state) = 0;
  virtual void checkpoint_made(const wire::CheckpointHeader& checkpoint) = 0;
};

class Shipping {
 public:
  Shipping(NameNodeNode& node, Network& network, SimStoreHost& host, namenode::ShipperConfig config,
           ShippingObserver& observer);
  ~Shipping();

  void starts();
  void dies();
  void durable(const namenode::Ship& batch);
  // False: not of one of its messages.
  bool answered(ConnectionId connection, const Message& message);
  void broken(ConnectionId connection);

  // nullptr while the process is down or has not begun to ship.
  [[nodiscard]] const namenode::Shipper* machine() const { return shipper_ ? &*shipper_ : nullptr; }

 private:
  void tick();
  void refresh_candidates();
  void take_report(const wire::ClusterReportReply& report);
  void carry_out(const namenode::ShipperEffects& effects);
  void send(namenode::TransferId transfer, const wire::NodeAddress& to, Message&& message);
  void make_checkpoint();
  void copy_more();
  void checkpoint_done(const Status& status);
  void drop_checkpoint();

  NameNodeNode& node_;
  Network& network_;
  SimStoreHost& host_;
  namenode::ShipperConfig config_;
  ShippingObserver& observer_;

  std::optional<namenode::Shipper> shipper_;
  std::uint64_t ticks_ = 0;
  std::map<ConnectionId, namenode::TransferId> out_;
  std::unique_ptr<sqlite::Backup> copying_;
  std::shared_ptr<const std::string> checkpoint_;
};

}  // namespace dfs::sim
