#include "core/namenode/blocks/state.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/mutant.h"

namespace dfs::namenode {

void RepairQueue::want(BlockId block, std::uint32_t priority) {
  const auto [at, added] = priority_of.try_emplace(block, priority);
  if (!added) {
    if (at->second == priority) return;
    waiting.erase({at->second, block});
    at->second = priority;
  }
  waiting.insert({priority, block});
}

void RepairQueue::done(BlockId block) {
  const auto at = priority_of.find(block);
  if (at == priority_of.end()) return;
  waiting.erase({at->second, block});
  priority_of.erase(at);
}

void VerifyQueue::want(NodeId node, BlockId block, bool doubted) {
  if (doubted) wanted_.erase({node, true, block});
  if (doubted || !wanted_.contains({node, false, block})) wanted_.insert({node, !doubted, block});
}

void VerifyQueue::done(NodeId node, BlockId block) {
  wanted_.erase({node, false, block});
  wanted_.erase({node, true, block});
}

std::optional<BlockId> VerifyQueue::take(NodeId node) {
  const auto at = wanted_.lower_bound({node, false, BlockId{}});
  if (at == wanted_.end() || std::get<0>(*at) != node) return std::nullopt;
  const BlockId block = std::get<2>(*at);
  wanted_.erase(at);
  return block;
}

void VerifyQueue::drop(NodeId node) {
  const auto from = wanted_.lower_bound({node, false, BlockId{}});
  auto to = from;
  while (to != wanted_.end() && std::get<0>(*to) == node) ++to;
  wanted_.erase(from, to);
}

void ScanQueue::want(NodeId node) {
  const auto begun = waiting_.begin() + (next_ == 0 ? 0 : 1);
  if (std::find(begun, waiting_.end(), node) == waiting_.end()) waiting_.push_back(node);
}

std::pair<NodeId, std::uint64_t> ScanQueue::take() {
  DFS_ASSERT(!empty());
  const std::pair<NodeId, std::uint64_t> taken{waiting_.front(), next_};
  if (++next_ == wire::kReportBuckets) {
    waiting_.pop_front();
    next_ = 0;
  }
  return taken;
}

void Refusals::add(BlockId block, NodeId node, Instant running) {
  if (holding_.insert({block, node}).second) until_.push_back({running + kHold, {block, node}});
}

void Refusals::advance(Instant running) {
  while (!until_.empty() && until_.front().first <= running) {
    holding_.erase(until_.front().second);
    until_.pop_front();
  }
}

void Renewals::add(BlockId block, NodeId node, Instant running) {
  Renewal& renewal = renewals_[{block, node}];
  ++renewal.times;
  renewal.last = running;
  by_time_.push_back({running, {block, node}});
}

bool Renewals::hold(BlockId block, NodeId node, Instant running) const {
  const auto at = renewals_.find({block, node});
  if (at == renewals_.end() || mutated(Mutant::kC3RenewAtOnce)) return false;
  const std::uint32_t doublings = std::min<std::uint32_t>(at->second.times - 1, 20);
  const Duration wait = std::min(kLongestHold, kFirstHold * (std::int64_t{1} << doublings));
  return running - at->second.last < wait;
}

void Renewals::advance(Instant running) {
  while (!by_time_.empty() && running - by_time_.front().first >= kLongestHold * 2) {
    const auto at = renewals_.find(by_time_.front().second);
    if (at != renewals_.end() && at->second.last == by_time_.front().first) renewals_.erase(at);
    by_time_.pop_front();
  }
}

std::uint32_t Soft::second(Now now) const {
  return static_cast<std::uint32_t>((now.mono - started).us / seconds(1).us) + 1;
}

std::uint32_t Soft::failures_on(BlockId block, NodeId node) const {
  const auto trouble = troubles.find(block);
  if (trouble == troubles.end() || mutated(Mutant::kC1ForgetFailures)) return 0;
  const auto failures = trouble->second.failed_on.find(node);
  return failures == trouble->second.failed_on.end() ? 0 : failures->second;
}

bool Soft::behind() const {
  const wire::HistoryMark own = history();
  const std::uint64_t behind_epoch = store.meta().behind_epoch;
  if (behind_epoch != 0 && own.epoch <= behind_epoch) return true;
  return own.behind(newest);
}

wire::HistoryMark Soft::history() const {
  const MetaRow& meta = store.meta();
  return {meta.epoch, meta.applied, meta.next_block == 0 ? 0 : meta.next_block - 1};
}

}  // namespace dfs::namenode
