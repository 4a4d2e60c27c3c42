// An oracle watches a run and checks one property. Each lives in a file of its own, named by its
// id.
//
// Hooks are called in the order of events; the default does nothing. An oracle reads no clock but
// the scene's and changes nothing but its own notes and the verdicts.
#pragma once

#include <memory>
#include <vector>

#include "simulator/world/scene.h"

namespace dfs::world {

class Oracle {
 public:
  explicit Oracle(Scene& scene) : scene_(scene) {}
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  virtual ~Oracle() = default;

  // The NameNode. `applying` comes before the models take the command over.
  virtual void namenode_starts(namenode::Store& /*store*/) {}
  virtual void namenode_died() {}
  // It ended itself, after namenode_died().
  virtual void namenode_gave_up(const std::string& /*line*/) {}
  virtual void applying(const namenode::Command& /*command*/,
                        const namenode::Outcome& /*outcome*/) {}
  // `command`: whether a command was applied for this request in this step.
  virtual void answered(const wire::Request& /*request*/, const wire::Reply& /*reply*/,
                        bool /*command*/) {}
  // `position` was the last applied one when the reply was made.
  virtual void released(const wire::Request& /*request*/, const wire::Reply& /*reply*/,
                        namenode::Position /*position*/) {}
  virtual void stepped(std::uint64_t /*rows*/) {}

  // Replicas. `moving` and `purging` come before the atlas is told, `changed` after.
  virtual void published(Address /*node*/, BlockId /*block*/, const std::string& /*wrong*/) {}
  virtual void moving(Address /*node*/, BlockId /*block*/, sim::Folder /*from*/,
                      sim::Folder /*to*/) {}
  virtual void purging(Address /*node*/, BlockId /*block*/) {}
  virtual void disks_changed(Address /*node*/) {}
  virtual void datanode_says(Address /*node*/, const wire::Request& /*request*/) {}

  // Clients.
  virtual void attempt(Address /*client*/, std::uint64_t /*call*/, std::uint64_t /*attempt*/,
                       Now /*now*/) {}
  // A put was told that all is well, and how its file looks; `content` is what it was to write.
  virtual void put_done(const std::string& /*path*/, const Content& /*content*/,
                        const wire::FileStatus& /*file*/) {}
  virtual void read_piece(const std::string& /*path*/, InodeId /*version*/,
                          std::uint64_t /*offset*/, Bytes /*data*/) {}
  virtual void read_done(const std::string& /*path*/, InodeId /*version*/,
                         std::uint64_t /*asked_length*/, std::uint64_t /*delivered*/,
                         bool /*each_once*/) {}

  // The DataNode does not recover with the others.
  virtual void fell_ill(Address /*node*/, Illness /*illness*/) {}

  virtual void every_second() {}
  // Faults are over, the bound for convergence has passed.
  virtual void at_rest() {}
  // A window after at_rest() in which nobody asked for anything.
  virtual void after_rest() {}
  // What the NameNode says of files that have lost copies, at rest.
  virtual void fsck_done(const std::vector<wire::FileHealth>& /*unhealthy*/) {}
  // After all that, a client did something that must work: how it ended, how long it took and how
  // long it may take.
  virtual void tried(const std::string& /*what*/, const Status& /*status*/, Duration /*took*/,
                     Duration /*limit*/) {}
  // Every file has been read once more, at the very end; `failed`: which could not be, and why.
  virtual void all_read(const std::vector<std::string>& /*failed*/, std::uint64_t /*files*/) {}

 protected:
  Scene& scene_;
};

[[nodiscard]] std::vector<std::unique_ptr<Oracle>> make_oracles(Scene& scene);

}  // namespace dfs::world
