// What happened to replicas and has not been answered by the NameNode yet, in order, bounded.
//
// When it overflows it forgets everything: the caller then makes a full report instead.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "core/wire/datanode_messages.h"

namespace dfs::datanode {

class ChangeQueue {
 public:
  explicit ChangeQueue(std::size_t limit) : limit_(limit) {}

  // False if it overflowed.
  [[nodiscard]] bool push(wire::ReplicaEvent event, const wire::BlockInfo& replica) {
    if (changes_.size() >= limit_) {
      clear();
      return false;
    }
    changes_.push_back({event, replica});
    ++waiting_[wire::bucket_of(replica.id)];
    return true;
  }
  // The first ones, which stay until answered().
  [[nodiscard]] std::vector<wire::ReplicaChange> send(std::size_t limit) {
    sent_ = std::min(limit, changes_.size());
    return {changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(sent_)};
  }
  void answered() {
    past_ += sent_;
    for (; sent_ > 0; --sent_) {
      --waiting_[wire::bucket_of(changes_.front().replica.id)];
      changes_.pop_front();
    }
  }
  void clear() {
    past_ += changes_.size();
    forgot_ = forgot_ || !changes_.empty();
    changes_.clear();
    waiting_.fill(0);
    sent_ = 0;
  }
  // Some were forgotten that no full report has told since.
  [[nodiscard]] bool forgot() const { return forgot_; }
  void reported() { forgot_ = false; }
  [[nodiscard]] bool empty() const { return changes_.empty(); }
  // How many changes there have been, and how many of these are in the message that is out, in one
  // before, or forgotten.
  [[nodiscard]] std::uint64_t pushed() const { return past_ + changes_.size(); }
  [[nodiscard]] std::uint64_t sent() const { return past_ + sent_; }
  // Of the replicas of that block, in the message that is out or before.
  [[nodiscard]] bool all_sent(BlockId block) const {
    return std::none_of(
        changes_.begin() + static_cast<std::ptrdiff_t>(sent_), changes_.end(),
        [block](const wire::ReplicaChange& change) { return change.replica.id == block; });
  }
  [[nodiscard]] bool concerns(std::uint64_t bucket) const { return waiting_[bucket] != 0; }

 private:
  std::size_t limit_;
  std::deque<wire::ReplicaChange> changes_;
  std::size_t sent_ = 0;    // of them, in the message that is out
  std::uint64_t past_ = 0;  // changes that are not in the queue any more
  bool forgot_ = false;
  std::array<std::uint32_t, wire::kReportBuckets> waiting_{};
};

}  // namespace dfs::datanode
