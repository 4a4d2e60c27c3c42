#include "core/namenode/blocks/node_table.h"

#include "core/base/mutant.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kNodesAtOnce = 1000;
constexpr std::size_t kReplacedKept = 8;  // incarnations of a node

}  // namespace

bool Node::has_room(std::uint64_t length) const {
  if (!measured || (stats.capacity == 0 && stats.failed_volumes == 0)) return true;
  return stats.remaining >= length && stats.largest_free >= length && stats.remaining > 0;
}

void NodeTable::load(Store& store) {
  NodeId after;
  for (;;) {
    const std::vector<DataNodeRow> page = store.scan_datanodes(after, kNodesAtOnce);
    for (const DataNodeRow& row : page) {
      nodes_[row.id].row = row;
      after = row.id;
    }
    if (page.size() < kNodesAtOnce) return;
  }
}

Node& NodeTable::registered(const wire::Register& request, const wire::RegisterReply& reply,
                            bool decommissioned, Instant running) {
  Node& node = nodes_[reply.node];
  node.row = {reply.node,   request.uuid, request.client_address, request.peer_address,
              request.rack, request.host, decommissioned};
  if (node.incarnation != request.incarnation) {
    node.incarnation_changed = true;
    if (!node.incarnation.empty()) node.replaced.push_back(node.incarnation);
    if (node.replaced.size() > kReplacedKept) node.replaced.pop_front();
    std::erase(node.replaced, request.incarnation);
  }
  node.incarnation = request.incarnation;
  // Registering again is no sign of life where nothing has followed the last time.
  if (node.hears) {
    node.state = wire::NodeState::kLive;
    node.heard = running;
  }
  node.hears = false;
  node.session = reply.session;
  node.sequence = 0;
  node.answer = wire::Empty{};
  node.reported = false;
  node.report = {};
  return node;
}

std::optional<wire::Reply> NodeTable::judge(const wire::SessionMark& mark, std::size_t message_kind,
                                            Instant running, Node*& node) {
  node = find(mark.node);
  if (node == nullptr || node->session == 0 || mark.session != node->session) {
    return Status(Code::kStale, "this session is over; register again");
  }
  if (mark.sequence == node->sequence && node->sequence != 0 &&
      message_kind == node->message_kind) {
    if (mutated(Mutant::kC1CountDeaf)) node->heard = running;
    return node->answer;
  }
  if (mark.sequence != node->sequence + 1) {
    return Status(Code::kStale, "message " + std::to_string(mark.sequence) +
                                    " of the session is not the next one; register again");
  }
  node->heard = running;
  node->hears = true;
  node->state = wire::NodeState::kLive;
  return std::nullopt;
}

wire::Reply NodeTable::answered(Node& node, const wire::SessionMark& mark, std::size_t message_kind,
                                wire::Reply reply) {
  node.sequence = mark.sequence;
  node.message_kind = message_kind;
  node.answer = reply;
  return reply;
}

std::vector<NodeId> NodeTable::age(const Config& config, Instant running) {
  std::vector<NodeId> died;
  for (auto& [id, node] : nodes_) {
    if (!node.alive()) continue;
    const Duration silent = running - node.heard;
    if (silent >= config.dead_after) {
      node.state = wire::NodeState::kDead;
      died.push_back(id);
    } else if (silent >= config.suspect_after) {
      node.state = wire::NodeState::kSuspect;
    }
  }
  return died;
}

Node* NodeTable::find(NodeId id) {
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? nullptr : &at->second;
}

const Node* NodeTable::find(NodeId id) const {
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? nullptr : &at->second;
}

bool NodeTable::hints_matter() const {
  for (const auto& [id, node] : nodes_) {
    if (node.alive() && !node.ever_reported) return true;
  }
  return false;
}

}  // namespace dfs::namenode
