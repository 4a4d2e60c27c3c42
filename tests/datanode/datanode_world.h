// The DataNode machine with a scripted NameNode and disk around it.
#pragma once

#include "core/datanode/datanode.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

namespace dfs::datanode {

using wire::OrderKind;
using wire::ReplicaEvent;

inline wire::BlockInfo block(std::uint64_t id, std::uint64_t length = 100, std::uint32_t crc = 7) {
  return {BlockId{id}, length, crc};
}

inline FoundReplica found(std::uint64_t id, VolumeId volume = 0, bool quarantined = false) {
  return {block(id), volume, quarantined, {}};
}

// Owns the machine, its clock and what it has asked for.
class World {
 public:
  explicit World(Config config = default_config()) : machine(config, Random(1)) {}

  static Config default_config() {
    Config config;
    config.uuid = std::string(32, 'a');
    config.scrub_period = {};  // no scrubbing unless a test asks for it
    return config;
  }

  void start(std::vector<FoundReplica> replicas = {}, Identity identity = {}) {
    EffectList effects;
    machine.start(identity, std::move(replicas), 2, now, effects);
    take(effects);
  }
  void pass(Duration time) {
    for (Duration step = milliseconds(100); time > Duration{}; time = time - step) {
      now.mono = now.mono + step;
      now.wall.ms += step.us / 1000;
      EffectList effects;
      machine.tick(now, effects);
      take(effects);
    }
  }
  void answer(const wire::Reply& reply) {
    ASSERT_FALSE(messages.empty()) << "nothing was said";
    const std::uint64_t message = messages.front().message;
    messages.pop_front();
    EffectList effects;
    machine.answered(message, reply, now, effects);
    take(effects);
  }
  void lose_message() {
    ASSERT_FALSE(messages.empty());
    const std::uint64_t message = messages.front().message;
    messages.pop_front();
    EffectList effects;
    machine.unanswered(message, now, effects);
    take(effects);
  }
  void persist() {
    ASSERT_FALSE(persists.empty());
    identity_on_disk = persists.front();
    persists.pop_front();
    EffectList effects;
    machine.persisted(now, effects);
    take(effects);
  }
  void finish(const Status& status, VolumeId volume = 0) {
    ASSERT_FALSE(tasks.empty()) << "nothing is being done";
    const TaskId task = tasks.front().task;
    tasks.pop_front();
    EffectList effects;
    machine.task_done(task, status, volume, now, effects);
    take(effects);
  }
  // The replica that is looked at again turns out to be that.
  void look_finds(const Result<wire::BlockInfo>& found) {
    ASSERT_FALSE(looks.empty()) << "nothing is looked at";
    const ReadSidecar look = looks.front();
    looks.pop_front();
    EffectList effects;
    machine.sidecar_read(look, found, now, effects);
    take(effects);
  }
  void stored(const wire::BlockInfo& info, VolumeId volume = 0) {
    EffectList effects;
    machine.stored(info, volume, now, effects);
    take(effects);
  }
  void suspect(std::uint64_t id) {
    EffectList effects;
    machine.suspect(BlockId{id}, now, effects);
    take(effects);
  }
  void volume_failed(VolumeId volume) {
    EffectList effects;
    machine.volume_failed(volume, now, effects);
    take(effects);
  }

  // Registers and answers everything until only heartbeats are left; collects what was reported.
  void register_and_report(std::uint64_t session = 1, std::set<std::uint64_t> wanted = {}) {
    pass(seconds(5));
    ASSERT_TRUE(said<wire::Register>());
    answer(registration(session));
    if (!persists.empty()) persist();
    for (int i = 0; i < 10'000 && !settled(); ++i) settle_one(wanted);
  }
  bool settled() {
    if (messages.empty()) pass(milliseconds(100));
    return !messages.empty() && said<wire::Heartbeat>() && reported &&
           last<wire::Heartbeat>().changes.empty();
  }
  void settle_one(const std::set<std::uint64_t>& wanted) {
    if (messages.empty()) return pass(milliseconds(100));
    if (said<wire::Heartbeat>()) {
      for (const auto& change : last<wire::Heartbeat>().changes) changes.push_back(change);
      answer(reply_with({}));
    } else if (said<wire::ReportDigests>()) {
      reported = wanted.empty();
      answer(wire::ReportDigestsReply{{wanted.begin(), wanted.end()}});
    } else if (said<wire::ReportPiece>()) {
      pieces.push_back(last<wire::ReportPiece>());
      reported = pieces.back().last;
      answer(wire::Empty{});
    }
  }
  // Answers the next heartbeat with these orders and has their mark persisted.
  void order(std::vector<wire::Order> orders) {
    next_heartbeat();
    answer(reply_with(std::move(orders)));
    if (!persists.empty()) persist();
  }
  wire::Heartbeat next_heartbeat() {
    for (int i = 0; i < 100 && messages.empty(); ++i) pass(milliseconds(100));
    EXPECT_TRUE(said<wire::Heartbeat>());
    return last<wire::Heartbeat>();
  }
  // Answers heartbeats until one of them tells the result of the order.
  std::optional<Status> result_of(std::uint64_t number) {
    for (int i = 0; i < 5; ++i) {
      const wire::Heartbeat heartbeat = next_heartbeat();
      for (const auto& change : heartbeat.changes) changes.push_back(change);
      std::optional<Status> result;
      for (const auto& r : heartbeat.results) {
        if (r.order == number) result = r.status;
      }
      answer(reply_with({}));
      if (result) return result;
    }
    return std::nullopt;
  }
  std::vector<wire::ReplicaChange> news() {
    changes.clear();
    for (int i = 0; i < 3; ++i) {
      for (const auto& change : next_heartbeat().changes) changes.push_back(change);
      answer(reply_with({}));
    }
    return changes;
  }

  wire::RegisterReply registration(std::uint64_t session) const {
    return {"c1", NodeId{4}, session, mark, seconds(1)};
  }
  wire::HeartbeatReply reply_with(std::vector<wire::Order> orders) const {
    return {mark, std::move(orders), false};
  }
  template <class T>
  [[nodiscard]] bool said() const {
    return !messages.empty() && std::holds_alternative<T>(messages.front().request);
  }
  template <class T>
  [[nodiscard]] const T& last() const {
    return std::get<T>(messages.front().request);
  }

  DataNode machine;
  Now now{{1'000'000}, {1'700'000'000'000}};
  wire::HistoryMark mark{1, 10, 100};
  std::deque<SendToNameNode> messages;
  std::deque<PersistIdentity> persists;
  std::deque<StartTask> tasks;
  std::deque<ReadSidecar> looks;
  PersistIdentity identity_on_disk;
  std::vector<wire::ReplicaChange> changes;
  std::vector<wire::ReportPiece> pieces;
  bool reported = false;

 private:
  void take(EffectList& effects) {
    for (Effect& effect : effects) {
      if (auto* message = std::get_if<SendToNameNode>(&effect)) messages.push_back(*message);
      if (auto* identity = std::get_if<PersistIdentity>(&effect)) persists.push_back(*identity);
      if (auto* task = std::get_if<StartTask>(&effect)) tasks.push_back(*task);
      if (auto* look = std::get_if<ReadSidecar>(&effect)) looks.push_back(*look);
    }
    EXPECT_LE(messages.size(), 1u) << "one message at a time";
  }
};

inline wire::Order order(std::uint64_t number, OrderKind kind, const wire::BlockInfo& info,
                         std::vector<std::uint64_t> sources = {}) {
  wire::Order order;
  order.order = number;
  order.kind = kind;
  order.block = info;
  for (const std::uint64_t node : sources) order.sources.push_back({NodeId{node}, "", ""});
  return order;
}

inline const Status kRotten(Code::kCorrupt, "checksum mismatch");
inline const Status kUnreadable(Code::kIo, "the disk failed");
inline const Status kAbsent(Code::kNotFound, "no replica here");

inline std::vector<ReplicaEvent> events_of(const std::vector<wire::ReplicaChange>& changes,
                                           std::uint64_t id) {
  std::vector<ReplicaEvent> events;
  for (const auto& change : changes) {
    if (change.replica.id.value == id) events.push_back(change.event);
  }
  return events;
}

}  // namespace dfs::datanode
