// Rounds: commands are applied in one transaction, and replies wait for its commit (law 4).
#include <algorithm>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/mutant.h"
#include "core/namenode/state.h"

namespace dfs::namenode {

NameNode::State::State(Config config_in, Store& store_in, Random seed)
    : config(std::move(config_in)),
      store(store_in),
      random(seed.fork("namenode")),
      blocks(config, store_in, seed.fork("blocks")),
      leases(config.lease_limit) {}

void NameNode::State::start(Now now) {
  clock.start(now.mono);
  last_step = now;
  leases.start(lease_time());
  const MetaRow meta = store.meta();
  if (meta.next_inode == 0) {
    time_at_start = now.wall;
    FormatCommand format;
    format.cluster = config.cluster;
    if (format.cluster.empty()) {
      format.cluster = to_hex(random.next(), 16);
      format.cluster += to_hex(random.next(), 16);
    }
    format.owner = config.superuser;
    format.group = "supergroup";
    format.default_replication = config.default_replication;
    format.default_block_size = config.default_block_size;
    static_cast<void>(run(format, now));
  } else {
    time_at_start = meta.time;
  }
  blocks.start(now);
}

void NameNode::State::step(Now now) {
  clock.advance(now.mono);
  last_step = now;
}

Instant NameNode::State::lease_time() const {
  if (mutated(Mutant::kT1LeasesByWallClock)) return Instant{last_step.wall.ms * 1000};
  return clock.now();
}

WallTime NameNode::State::name_node_time() const {
  if (mutated(Mutant::kT1RecordByWallClock)) return last_step.wall;
  return {time_at_start.ms + clock.now().us / 1000};
}

Outcome NameNode::State::run(decltype(Command::body) body, Now now) {
  if (!store.in_transaction()) store.begin();
  Command command;
  command.time = name_node_time();
  command.wall = now.wall;
  command.body = std::move(body);
  Outcome outcome = apply(store, command);
  dirty = true;
  if (observer != nullptr) observer->applied(command, outcome);
  leases.applied(outcome.effects, lease_time());
  blocks.applied(command, outcome.effects, now);
  if (ship.commands.empty()) ship.first = outcome.position;
  ship.commands.push_back(std::move(command));
  return outcome;
}

CommitToken NameNode::State::must_wait_for() const {
  if (mutated(Mutant::kD2ReplyBeforeCommit)) return 0;
  return dirty ? round : unsettled;
}

void NameNode::State::flush(EffectList& effects) {
  if (!store.in_transaction()) return;
  effects.push_back(Commit{round});
  if (dirty) {
    unsettled = round;
    flushed.emplace(round, std::exchange(ship, Ship{}));
  }
  dirty = false;
  ++round;
}

void NameNode::State::committed(CommitToken token, EffectList& effects) {
  if (unsettled <= token) unsettled = 0;
  while (!flushed.empty() && flushed.begin()->first <= token) {
    effects.push_back(std::move(flushed.begin()->second));
    flushed.erase(flushed.begin());
  }
}

}  // namespace dfs::namenode
