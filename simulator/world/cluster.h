// The nodes of one simulated cluster and the oracles that watch them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "adapters/sim/client_node.h"
#include "adapters/sim/shipping.h"
#include "adapters/sim/store_host.h"
#include "simulator/world/first_difference.h"
#include "simulator/world/injector.h"
#include "simulator/world/oracle.h"
#include "simulator/world/workload.h"

namespace dfs::world {

class Cluster final : public sim::NameNodeObserver,
                      public sim::DataNodeObserver,
                      public sim::ShippingObserver {
 public:
  explicit Cluster(const Plan& plan);
  ~Cluster() override;

  // One more that is told of everything, before the others.
  void watch(std::unique_ptr<Oracle> oracle) {
    oracles_.insert(oracles_.begin(), std::move(oracle));
  }
  // Notes the rolling trace hash after every event from now on.
  void log_trace(std::vector<TraceMark>* log) { trace_log_ = log; }
  // Starts every process and puts faults and operations on the agenda.
  void begin();
  // Runs until `until`, or until there is a violation.
  void run_until(Instant until);
  // Runs until `done`, or a violation, or until `limit` has passed.
  bool run_while(const std::function<bool()>& busy, Duration limit);

  [[nodiscard]] Scene& scene() { return scene_; }
  [[nodiscard]] Injector& injector() { return *injector_; }
  [[nodiscard]] Workload& workload() { return *workload_; }
  [[nodiscard]] std::vector<std::unique_ptr<Oracle>>& oracles() { return oracles_; }
  [[nodiscard]] const sim::NameNodeNode& namenode() const { return *namenode_; }
  // What the NameNode says of the copies of its metadata, where one is wanted on no more DataNodes
  // than stay; "": all is well, or there are none.
  [[nodiscard]] std::string shipping_warning() const;
  [[nodiscard]] sim::Network& network() { return network_; }
  [[nodiscard]] sim::ClientNode& client(std::size_t index) { return *clients_.at(index); }
  [[nodiscard]] std::vector<sim::ClientNode*> clients() const;
  // Looks at the disks of a DataNode again after something was done to them.
  void disks_changed(Address datanode);

 private:
  void add_datanodes();
  void add_clients();
  void start_client(std::size_t index);
  void every_second();
  void operate(const wire::Request& request);
  void backup_kept();
  void backup_restored();
  void rescued(const Rescued& rescued);
  void adopted(const wire::BlockInfo& block);
  // A state that the durable history has been in.
  struct Known {
    NamespaceModel model;
    std::uint64_t chain = 0;  // digest of the commands up to it; only where the history is shipped
  };
  // Goes back to it.
  void give_up_since(const Known& known);
  // The state after command `position` of the durable history.
  [[nodiscard]] Known past(namenode::Position position) const;
  // A sample of messages is sent through its JSON form and back.
  void check_wire(const wire::Request& request, const wire::Reply& reply);

  // sim::NameNodeObserver
  void starts(namenode::Store& store) override;
  void asked(const wire::Request& request) override;
  std::uint64_t answered(const wire::Request& request, const wire::Reply& reply,
                         namenode::CommitToken after) override;
  void released(const wire::Request& request, const wire::Reply& reply,
                std::uint64_t mark) override;
  void stepped(std::uint64_t rows) override;
  void committed(namenode::CommitToken token) override;
  void died() override;
  void gave_up(const std::string& line) override;
  void applied(const namenode::Command& command, const namenode::Outcome& outcome) override;

  // sim::ShippingObserver
  void home_has(const wire::JournalState& state) override;
  void checkpoint_made(const wire::CheckpointHeader& checkpoint) override;

  // sim::DataNodeObserver
  void published(Address node, BlockId block) override;
  void moved(Address node, BlockId block, sim::Folder from, sim::Folder to) override;
  void purged(Address node, BlockId block) override;
  void resends(Address node, BlockId block) override;
  void found_unreadable(Address node, BlockId block) override;
  void says(Address node, const wire::Request& request) override;
  void hears(Address node, const wire::Reply& reply) override;

  const Plan& plan_;
  Random random_;
  Scene scene_;
  sim::Network network_;
  sim::SimStoreHost host_;
  std::unique_ptr<sim::NameNodeNode> namenode_;
  std::unique_ptr<sim::Shipping> shipping_;  // nullptr: the history is not shipped
  std::vector<std::unique_ptr<sim::DataNodeNode>> datanodes_;
  std::vector<std::unique_ptr<sim::ClientNode>> clients_;
  std::vector<std::unique_ptr<Oracle>> oracles_;
  std::unique_ptr<Workload> workload_;
  std::unique_ptr<Injector> injector_;

  struct InFlight {
    namenode::Command command;
    namenode::Outcome outcome;
  };
  void commit(const InFlight& each);
  void extend(Known& known, const InFlight& each) const;
  std::vector<InFlight> in_flight_;  // applied and not committed
  Known base_;
  std::vector<InFlight> history_;  // committed since; kept only where some of it can be lost
  namenode::Position before_last_commit_ = 0;
  namenode::Position safe_from_lies_ = 0;  // what was durable before
  bool command_in_step_ = false;
  std::vector<TraceMark>* trace_log_ = nullptr;
  std::optional<Known> backup_;
  // Where the history is shipped:
  std::uint64_t chain_ = 0;         // of the durable history
  std::set<std::uint64_t> chains_;  // of all states that were ever durable
  using Point = std::tuple<std::uint64_t, namenode::Position>;    // epoch and position
  std::map<std::pair<Point, std::uint32_t>, Known> checkpoints_;  // by point and CRC
  std::map<NodeId, Point> home_has_;                              // what each is known to have
  std::uint64_t answers_ = 0;
};

}  // namespace dfs::world
