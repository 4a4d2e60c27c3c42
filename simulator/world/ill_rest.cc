#include "simulator/world/ill_rest.h"

#include <algorithm>

namespace dfs::world {
namespace {

constexpr std::uint32_t kLeastCore = 2;

// From 2^low to 2^high milliseconds, each order of magnitude as likely as any other.
Duration draw_duration(Random& draw, std::uint64_t low, std::uint64_t high) {
  const std::uint64_t least = std::uint64_t{1} << draw.between(low, high - 1);
  return milliseconds(static_cast<std::int64_t>(least + draw.below(least)));
}

// The longest that anybody waits for a DataNode, or it for others.
Duration slowest_wait(const Plan& plan) {
  return std::max({plan.datanode_times.answer_limit, plan.datanode_times.receive_limit,
                   sim::ClientOptions().transfer_timeout});
}

}  // namespace

void IllRest::begin() {
  for (const IllNode& each : scene_.plan.ill) {
    const auto node = std::ranges::find(targets_.datanodes, each.node, &sim::DataNodeNode::address);
    if (node == targets_.datanodes.end()) continue;
    if (!begun_ && dispensable(**node)) {
      scene_.ill[each.node] = each.illness;
      scene_.verdicts.probe(kIllnessProbes[static_cast<std::size_t>(each.illness)]);
      targets_.fell_ill(each.node, each.illness);
      if (each.illness == Illness::kCrashLooping) crash(**node, 0);
    }
    if (scene_.ill.contains(each.node)) fall_ill(**node, each.illness);
  }
  begun_ = true;
}

bool IllRest::dispensable(const sim::DataNodeNode& node) const {
  std::map<Address, NodeId> core = scene_.core();
  if (core.erase(node.address()) == 0) return true;  // none of those that are in service
  return core.size() >= std::max(kLeastCore, scene_.plan.namenode.default_replication);
}

void IllRest::fall_ill(sim::DataNodeNode& node, Illness illness) {
  const Address address = node.address();
  const Address namenode = targets_.namenode->address();
  Random draw = Random(scene_.plan.seed).fork("ill").fork(address);
  const auto all = [](Address) { return true; };
  const auto disks = [&node](auto&& spoil) {
    for (std::uint32_t volume = 0; volume < node.volumes(); ++volume) spoil(node.disk(volume));
  };
  switch (illness) {
    case Illness::kDead:
      node.die(draw.chance(1, 2));
      return targets_.disks_changed(address);
    case Illness::kPaused:
      return node.pause();
    case Illness::kCutOff:
      cut(address, true, true, all);
      break;
    case Illness::kDeaf:
      cut(address, false, true, all);
      break;
    case Illness::kMute:
      cut(address, true, false, all);
      break;
    case Illness::kCutFromDataNodes:
      cut(address, true, true, [this](Address other) {
        return std::ranges::find(targets_.datanodes, other, &sim::DataNodeNode::address) !=
               targets_.datanodes.end();
      });
      break;
    case Illness::kCutFromNameNode:
      cut(address, true, true, [namenode](Address other) { return other == namenode; });
      break;
    case Illness::kCutFromClient: {
      const Address client = targets_.clients[draw.below(targets_.clients.size())]->address();
      cut(address, true, true, [client](Address other) { return other == client; });
      break;
    }
    case Illness::kReadsFail:
      disks([](sim::SimDisk& disk) { disk.set_reads_fail(true); });
      break;
    case Illness::kWritesFail:
      disks([](sim::SimDisk& disk) { disk.set_writes_fail(true); });
      break;
    case Illness::kDiskFull:
      disks([](sim::SimDisk& disk) { disk.set_full(true); });
      break;
    case Illness::kClogged:
      clog(address, draw_duration(draw, 5, 9));  // answers come within a second
      break;
    case Illness::kTooSlow:
      clog(address, slowest_wait(scene_.plan) + draw_duration(draw, 5, 12));
      break;
    case Illness::kCrashLooping:
      break;
  }
  start(node);
}

void IllRest::cut(Address node, bool from, bool to, const std::function<bool(Address)>& other) {
  const auto links = [&](Address address) {
    if (address == node || !other(address)) return;
    if (from) targets_.network->cut(node, address);
    if (to) targets_.network->cut(address, node);
  };
  links(targets_.namenode->address());
  for (const auto* datanode : targets_.datanodes) links(datanode->address());
  for (const auto* client : targets_.clients) links(client->address());
}

void IllRest::clog(Address node, Duration more) {
  const auto link = [&](Address address) {
    if (address == node) return;
    targets_.network->clog(node, address, more, kNever);
    targets_.network->clog(address, node, more, kNever);
  };
  link(targets_.namenode->address());
  for (const auto* datanode : targets_.datanodes) link(datanode->address());
  for (const auto* client : targets_.clients) link(client->address());
}

void IllRest::start(sim::DataNodeNode& node) {
  if (node.up()) return;
  node.start();
  targets_.disks_changed(node.address());
}

// Dies after a while, comes back after another one, and so on.
void IllRest::crash(sim::DataNodeNode& node, std::uint64_t times) {
  Random draw = Random(scene_.plan.seed).fork("crash loop").fork(node.address()).fork(times);
  const Duration lives = draw_duration(draw, 0, 13);  // 1 ms to 8 s
  const Duration rests =
      draw_duration(draw, 4, 12);  // 16 ms to 4 s, too short to be taken for dead
  scene_.queue.after(lives, [this, &node, times, rests] {
    node.die(false);
    scene_.queue.after(rests, [this, &node, times] {
      start(node);
      crash(node, times + 1);
    });
  });
}

// A copy that fails on an ill node, as its source or as its target, does so when its order times
// out at the latest. After that the block waits, up to a minute, and is given to another node: each
// of those who are ill may fail it once. The nodes that are well serve a number of copies at once,
// so that blocks wait for the failures of others, too.
Duration ill_bound(const Scene& scene) {
  constexpr Duration kLongestWait = seconds(60);
  const namenode::Config& config = scene.plan.namenode;
  const auto ill = static_cast<std::int64_t>(scene.ill.size());
  const auto blocks = static_cast<std::int64_t>(scene.durable.blocks().size());
  const std::int64_t turns = blocks / config.max_copies_per_node + 1;
  return (config.order_timeout * turns + kLongestWait) * ill;
}

}  // namespace dfs::world
