// Carries out a plan's faults, within a budget: of what was made durable, at least one good copy of
// every block stays on a disk. In the profile disaster some exceed it, and the ledger says what
// they took.
//
// Whom a fault strikes is drawn from what exists when it is due. A fault that would exceed the
// budget, or that finds nobody, becomes a clogged link instead.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/world/ill_rest.h"
#include "simulator/world/namenode_disk.h"
#include "simulator/world/scene.h"
#include "simulator/world/targets.h"

namespace dfs::world {

// Writes and syncs of a commit after which the NameNode may die in it.
inline constexpr std::uint64_t kMostCommitSteps = 24;

class Injector {
 public:
  Injector(Scene& scene, Targets targets)
      : scene_(scene),
        targets_(std::move(targets)),
        namenode_disk_(scene_, targets_, [this](Duration delay, std::function<void()> what) {
          later(delay, std::move(what));
        }) {}

  // Puts the plan's faults on the agenda.
  void schedule();
  // Ends every fault that is going on and lets no further one happen. Who is to stay ill does.
  void heal();
  // The NameNode ended itself.
  void namenode_gave_up() { namenode_disk_.gave_up(); }
  // The operator ends it, whoever began it.
  void end_safe_mode();
  void accept_history();
  // The operator looks how the cluster is.
  void ask_report();
  // All machines lose power at once, and come back at about the same time.
  void power_all(Duration length, Random draw);

  // Where disks had read errors before: every replica of a block gets one for good, each in another
  // granule, so that all of the block can still be read.
  void scatter_read_errors(Random draw);

  [[nodiscard]] std::map<std::string, std::uint64_t> counts() const;

 private:
  void strike(const PlannedFault& fault);
  // False: nobody could be struck.
  bool try_to(const PlannedFault& fault, Random draw);
  bool partition(const PlannedFault& fault, Random draw, bool one_way);
  bool clog(const PlannedFault& fault, Random draw);
  bool kill_datanode(const PlannedFault& fault, Random draw, bool power, bool wipe);
  bool pause(sim::Process& process, Duration length);
  bool pause_client(const PlannedFault& fault, Random draw);
  bool kill_namenode(const PlannedFault& fault, bool power);
  bool kill_client(const PlannedFault& fault, Random draw);
  bool damage(const PlannedFault& fault, Random draw);
  bool rot_last(Random draw);
  // Flips one bit of the node's replica.
  bool rot(sim::DataNodeNode& node, BlockId block, Random draw);
  bool trouble_disk(const PlannedFault& fault, Random draw);
  bool fail_disk(const PlannedFault& fault, Random draw);
  bool break_volume(const PlannedFault& fault, Random draw);
  // False: what is on the volume is not all elsewhere too. Else it counts as destroyed from now on.
  bool give_up_volume(sim::DataNodeNode& node, datanode::VolumeId volume);
  // The last whole copy of a file's block lies in the node's quarantine (on that volume).
  [[nodiscard]] bool keeps_last(const sim::DataNodeNode& node,
                                std::optional<datanode::VolumeId> volume = {}) const;
  bool swap_disks(const PlannedFault& fault, Random draw);
  bool bring_foreign_disk(const PlannedFault& fault, Random draw);
  void return_own_disk(sim::DataNodeNode& node);
  // An operator keeps a copy of a DataNode's directory, and puts it back later.
  bool keep_snapshot(const PlannedFault& fault, Random draw);
  void put_back(sim::DataNodeNode& node, sim::DataNodeDirectory&& older, bool power);
  void return_own_disks();
  bool lie_in_wait(const PlannedFault& fault, Random draw);
  bool await_datanode(const PlannedFault& fault, Random draw);
  bool await_namenode(const PlannedFault& fault, Random draw);
  bool await_client(const PlannedFault& fault, Random draw);
  void call_off_ambushes();
  bool step_clock(Random draw);
  bool restore_backup(const PlannedFault& fault);
  bool decommission(Random draw);
  bool recommission(Random draw);

  // injector_disaster.cc
  bool destroy_copies(Random draw);
  bool lose_sidecar(sim::DataNodeNode& node, BlockId block);
  bool wipe_most(const PlannedFault& fault, Random draw);
  // A fault takes what lies on the node's disks, or on one of them, as the atlas still has it: who
  // has not been told of it counts on whole and on rotten copies alike.
  void taken(const sim::DataNodeNode& node, std::optional<datanode::VolumeId> volume = {});
  // Blocks without a good copy are nobody's fault from now on.
  void give_up_lost();

  void datanode_died(sim::DataNodeNode& node);
  void start_datanode(sim::DataNodeNode& node);
  void restart_datanode(sim::DataNodeNode& node);
  void start_namenode();
  [[nodiscard]] std::size_t datanodes_away() const;
  [[nodiscard]] sim::DataNodeNode* pick_datanode(Random& draw, bool up) const;
  void later(Duration delay, std::function<void()> what);

  Scene& scene_;
  Targets targets_;
  NameNodeDisk namenode_disk_;
  IllRest ill_rest_{scene_, targets_};
  bool over_ = false;
  std::map<std::string, std::uint64_t> counts_;
  std::map<Address, sim::DataNodeDirectory> own_disks_;  // of nodes with a foreign one
  // Taken out again. A fault that ends later ends on the disk that it struck, wherever that is now.
  std::vector<sim::DataNodeDirectory> taken_out_;
};

}  // namespace dfs::world
