#include "simulator/world/last_words.h"

#include "core/namenode/blocks/fence.h"
#include "simulator/world/orders.h"

namespace dfs::world {

void LastWords::namenode_starts() {
  ++incarnation_;
  running_ = {};
  running_.start(scene_.namenode->now().mono);
  heard_.clear();
  asked_.clear();
  confirmed_.clear();
}

void LastWords::stepped() { running_.advance(scene_.namenode->now().mono); }

void LastWords::datanode_says(const wire::Request& request) {
  const auto* heartbeat = std::get_if<wire::Heartbeat>(&request);
  if (heartbeat == nullptr) return;
  Said& said = said_[heartbeat->mark.node];
  if (said.mark == heartbeat->mark) return;  // the same one again
  // Within a session one follows only when the one before was answered.
  const bool answered = said.mark.session == heartbeat->mark.session;
  said = {heartbeat->mark, scene_.now_us(), answered ? said.made_us : said.answered_us};
}

void LastWords::answered(const wire::Request& request, const wire::Reply& reply) {
  const auto* heartbeat = std::get_if<wire::Heartbeat>(&request);
  const auto* answer = std::get_if<wire::HeartbeatReply>(&reply);
  if (heartbeat == nullptr || answer == nullptr) return;
  const NodeId node = heartbeat->mark.node;
  wire::SessionMark& last = heard_[node];
  if (last == heartbeat->mark) return;  // the same message again gets the same answer
  last = heartbeat->mark;
  const Said& said = said_[node];
  const std::int64_t read_after_us = said.mark == heartbeat->mark ? said.answered_us : 0;
  for (const wire::ReplicaChange& change : heartbeat->changes) take(node, change, read_after_us);
  for (const wire::OrderResult& result : heartbeat->results) {
    const auto question = asked_.find(result.order);
    if (question == asked_.end()) continue;
    if (result.status.ok()) confirmed_[question->second] = running_.now();
    asked_.erase(question);
  }
  for (const wire::Order& order : answer->orders) {
    if (order.kind == wire::OrderKind::kConfirm) asked_[order.order] = {node, order.block.id};
  }
}

void LastWords::take(NodeId node, const wire::ReplicaChange& change, std::int64_t read_after_us) {
  const Key key{node, change.replica.id};
  const auto known = words_.find(key);
  const bool same = known != words_.end() && known->second.replica == change.replica;
  if (change.event == wire::ReplicaEvent::kRemoved) {
    if (same) words_.erase(known);
    return;
  }
  const bool still_rotten = change.event == wire::ReplicaEvent::kUnread && same &&
                            known->second.rotten && known->second.incarnation == incarnation_;
  words_[key] = {change.event,    change.replica,
                 scene_.now_us(), read_after_us,
                 incarnation_,    still_rotten || change.event == wire::ReplicaEvent::kCorrupt};
}

std::optional<LastWords::Whole> LastWords::whole(NodeId node,
                                                 const wire::BlockInfo& replica) const {
  const auto word = words_.find({node, replica.id});
  if (word == words_.end() || word->second.incarnation != incarnation_) return std::nullopt;
  if (!word->second.whole() || word->second.replica != replica) return std::nullopt;
  return Whole{word->second.at_us, word->second.read_after_us};
}

bool LastWords::long_bad(const std::vector<NodeId>& numbers, BlockId block) const {
  const Word* newest = nullptr;
  for (const NodeId node : numbers) {
    const auto word = words_.find({node, block});
    if (word == words_.end()) continue;
    if (newest == nullptr || word->second.at_us > newest->at_us) newest = &word->second;
  }
  return newest != nullptr && !newest->whole() && scene_.now_us() - newest->at_us > kOrdersKeep.us;
}

bool LastWords::rotten(NodeId node, BlockId block) const {
  const auto word = words_.find({node, block});
  return word != words_.end() && word->second.rotten && word->second.incarnation == incarnation_;
}

bool LastWords::confirmed(NodeId node, BlockId block) const {
  const auto at = confirmed_.find({node, block});
  return at != confirmed_.end() &&
         running_.now() - at->second <= namenode::kConfirmationHolds + kOrdersKeep;
}

}  // namespace dfs::world
