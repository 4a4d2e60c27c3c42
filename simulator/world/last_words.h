// What DataNodes have last told the NameNode of their replicas: whole, rotten or unreadable, and
// whether they have answered when it asked whether one is there. By it the judges of deletions know
// what the fence may believe.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/namenode/blocks/running_clock.h"
#include "simulator/world/oracle.h"

namespace dfs::world {

class LastWords {
 public:
  explicit LastWords(const Scene& scene) : scene_(scene) {}

  void namenode_starts();
  void datanode_says(const wire::Request& request);
  void answered(const wire::Request& request, const wire::Reply& reply);
  void stepped();

  struct Whole {
    std::int64_t told_us = 0;
    std::int64_t read_after_us = 0;  // else its node would have told sooner
  };
  // What the node has told of a whole replica; nullopt if that is not its last word. Only the word
  // given to the NameNode's present incarnation counts.
  [[nodiscard]] std::optional<Whole> whole(NodeId node, const wire::BlockInfo& replica) const;
  // The newest word of these is that the replica is rotten or cannot be read, and so old that no
  // order can still rely on an older one.
  [[nodiscard]] bool long_bad(const std::vector<NodeId>& numbers, BlockId block) const;
  // It has told the NameNode's present incarnation that the replica is rotten, and not since that
  // it is whole.
  [[nodiscard]] bool rotten(NodeId node, BlockId block) const;
  // It has answered a question whether the replica is there so short a while ago that the fence
  // could count it, by the time in which the NameNode ran.
  [[nodiscard]] bool confirmed(NodeId node, BlockId block) const;

 private:
  using Key = std::pair<NodeId, BlockId>;
  struct Word {
    wire::ReplicaEvent event = wire::ReplicaEvent::kStored;
    wire::BlockInfo replica;
    std::int64_t at_us = 0;
    std::int64_t read_after_us = 0;
    std::uint64_t incarnation = 0;  // of the NameNode
    bool rotten = false;            // also when it could not be read since
    [[nodiscard]] bool whole() const {
      return event == wire::ReplicaEvent::kStored || event == wire::ReplicaEvent::kVerified;
    }
  };

  // A heartbeat has all that happened until it was made and has not been answered yet.
  struct Said {
    wire::SessionMark mark;
    std::int64_t made_us = 0;
    std::int64_t answered_us = 0;  // when the last one before it that was answered was made
  };

  void take(NodeId node, const wire::ReplicaChange& change, std::int64_t read_after_us);
  const Scene& scene_;
  std::uint64_t incarnation_ = 0;
  namenode::RunningClock running_;
  std::map<NodeId, Said> said_;
  std::map<NodeId, wire::SessionMark> heard_;  // the last heartbeat of each node
  std::map<Key, Word> words_;
  std::map<std::uint64_t, Key> asked_;  // orders to confirm, by number
  std::map<Key, Instant> confirmed_;    // running time
};

}  // namespace dfs::world
