// Who does not recover when faults end.
//
// The core is healed: the NameNode, all clients, and the DataNodes that are not ill. The others
// stay as a real cluster knows them, dead, cut off, with a failing disk, to the end of the run. The
// core has to come to rest and to serve all the same: that everything is healed would hide whatever
// tries the same hopeless thing for ever (livelocks).
#pragma once

#include <functional>

#include "simulator/world/scene.h"
#include "simulator/world/targets.h"

namespace dfs::world {

class IllRest {
 public:
  IllRest(Scene& scene, Targets& targets) : scene_(scene), targets_(targets) {}

  // Everybody else is well again: the plan's ill nodes fall ill, or are ill again after a power
  // loss. None falls ill that the core needs: as many of it as the usual replication stay in
  // service, and at least two.
  void begin();

 private:
  void fall_ill(sim::DataNodeNode& node, Illness illness);
  [[nodiscard]] bool dispensable(const sim::DataNodeNode& node) const;
  void cut(sim::Address node, bool from, bool to, const std::function<bool(sim::Address)>& other);
  void clog(sim::Address node, Duration more);
  void start(sim::DataNodeNode& node);
  void crash(sim::DataNodeNode& node, std::uint64_t times);

  Scene& scene_;
  Targets& targets_;
  bool begun_ = false;
};

// How much longer the core may take because of those who are ill.
[[nodiscard]] Duration ill_bound(const Scene& scene);

}  // namespace dfs::world
