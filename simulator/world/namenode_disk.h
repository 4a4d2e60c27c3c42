// Faults of the NameNode's disk, and what people do about a NameNode that has ended itself.
//
// Within the budget: errors of reads, writes and syncs, a full disk, sectors garbled by a power
// loss. Nothing that was acknowledged may be gone after them; a supervisor starts the process again
// until it stays. Beyond it (disaster): rot of the database or its log, syncs that lie before the
// power goes. An operator's copy is made just before; where the NameNode refuses what is on its
// disk, that copy is put back and the history since is given up. What a disk lost without a trace
// the ledger says: the last commit in the log to rot, and what was synced in vain to lies. Where
// the whole disk is lost, a new one gets what DataNodes have of the metadata; none has anything
// only if faults took it meanwhile, and then the operator's copy is put back.
// Limits: syncs lie about the log only; pages of the database that are whole but old would show to
// nobody (adapters/sqlite/checksum_vfs.h).
#pragma once

#include <functional>

#include "simulator/world/scene.h"
#include "simulator/world/targets.h"

namespace dfs::world {

class NameNodeDisk {
 public:
  // `later`: happens after a delay unless faults are over by then.
  using Later = std::function<void(Duration, std::function<void()>)>;
  NameNodeDisk(Scene& scene, Targets& targets, Later later)
      : scene_(scene), targets_(targets), later_(std::move(later)) {}

  // One of its kinds; false if it cannot strike now.
  bool strike(const PlannedFault& fault, Random draw);
  // The process ended itself.
  void gave_up();
  void heal();
  // The files may be damaged, or gone: no time to copy them.
  [[nodiscard]] bool damaged() const {
    return lost_ || scene_.namenode_damage != NameNodeDamage::kNone;
  }
  // Starts the process if it is down and there is something to start it with.
  void start();

 private:
  bool errors(const PlannedFault& fault, Random draw);
  bool fill(const PlannedFault& fault, Random draw);
  bool garble(const PlannedFault& fault, Random draw);
  bool rot(const PlannedFault& fault, Random draw);
  bool lie(const PlannedFault& fault, Random draw);
  bool lose(Random draw);
  void rescue(Random draw, int attempts);
  void put_backup_back();

  bool keep_backup();
  void kill(bool power, std::uint64_t commit_steps);
  void be_honest();
  void set(const sim::DiskFaults& faults);

  Scene& scene_;
  Targets& targets_;
  Later later_;
  sim::DiskFaults faults_;
  bool operator_called_ = false;
  bool lost_ = false;  // the disk is a new one without anything on it
  Random draw_{0};     // of the power loss that ends a lie
};

}  // namespace dfs::world
