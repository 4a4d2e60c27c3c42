// The small cluster language of cluster.h.
#include "tests/namenode/cluster.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

namespace dfs::namenode {
namespace {

using wire::OrderKind;
using wire::ReplicaEvent;

sqlite::Options in_memory() {
  return {.file = ":memory:", .vfs = "", .fatal = [](const std::string& line) {
            throw std::runtime_error(line);
          }};
}

Status not_found() { return {Code::kNotFound, "no such replica"}; }

}  // namespace

Cluster::Cluster(std::uint64_t nodes, std::vector<std::string> racks, bool silent)
    : store_(in_memory()) {
  store_.begin();
  MetaRow meta;
  meta.cluster = "0123456789abcdef0123456789abcdef";
  meta.next_block = first_id_of_epoch(1);
  meta.next_node = nodes + 1;
  store_.put_meta(meta);
  for (std::uint64_t i = 1; i <= nodes; ++i) {
    PretendedNode& node = nodes_[NodeId{i}];
    const std::string number = std::to_string(i);
    node.id = NodeId{i};
    node.host = "h" + number;
    node.address = "c" + number;
    node.rack = racks[(i - 1) % racks.size()];
    node.stats.capacity = std::uint64_t{1} << 40;
    node.stats.remaining = node.stats.largest_free = std::uint64_t{1} << 39;
    node.stats.volumes = 1;
    DataNodeRow row;
    row.id = node.id;
    row.uuid = "uuid" + number;
    row.client_address = node.address;
    row.peer_address = "p" + number;
    row.rack = node.rack;
    row.host = node.host;
    store_.put_datanode(row);
  }
  store_.commit();
  restart_namenode();
  if (!silent) run(seconds(2));
}

void Cluster::restart_namenode() {
  blocks_ = std::make_unique<Blocks>(config_, store_, Random(++starts_));
  blocks_->start(now_);
  for (auto& [id, node] : nodes_) node.registered = false;
}

void Cluster::suspend(Duration gap) {
  now_.mono = now_.mono + gap;
  now_.wall.ms += gap.us / 1000;
}

BlockId Cluster::allocate(std::uint32_t replication) {
  store_.begin();
  MetaRow meta = store_.meta();
  BlockRow row;
  row.id = BlockId{meta.next_block++};
  row.replication = replication;
  row.owner = InodeId{1000};
  ++meta.applied;
  store_.put_meta(meta);
  store_.put_block(row);
  store_.commit();
  return row.id;
}

wire::BlockInfo Cluster::info(BlockId block) {
  return {block, 1000 + block.value % 1000, static_cast<std::uint32_t>(block.value * 2654435761u)};
}

void Cluster::store_on(BlockId block, std::uint64_t number) {
  PretendedNode& node = at(number);
  node.replicas[block] = {info(block), {}};
  node.changes.push_back({ReplicaEvent::kStored, info(block)});
}

void Cluster::commit(BlockId block, const std::vector<std::uint64_t>& stored_on) {
  store_.begin();
  BlockRow row = *store_.block(block);
  row.state = BlockState::kCommitted;
  row.length = info(block).length;
  row.crc = info(block).crc;
  row.references = 1;
  store_.put_block(row);
  wire::CommittedBlock committed;
  committed.info = info(block);
  for (const std::uint64_t node : stored_on) committed.stored.push_back(NodeId{node});
  wire::Allocate allocate;
  allocate.commit.push_back(committed);
  Effects effects;
  effects.committed.push_back(block);
  apply({now_.wall, RequestCommand{allocate, {}}}, effects);
}

BlockId Cluster::write(const std::vector<std::uint64_t>& on, std::uint32_t replication) {
  const BlockId block = allocate(replication);
  for (const std::uint64_t node : on) store_on(block, node);
  commit(block, on);
  run(seconds(2));
  return block;
}

void Cluster::set_leaving(std::uint64_t node, bool leaves) {
  store_.begin();
  DataNodeRow row = *store_.datanode(NodeId{node});
  row.decommissioned = leaves;
  store_.put_datanode(row);
  apply({now_.wall, DecommissionCommand{NodeId{node}, leaves}}, {});
}

void Cluster::set_obedient(const std::vector<std::uint64_t>& nodes, bool obedient) {
  for (const std::uint64_t node : nodes) at(node).obedient = obedient;
}

void Cluster::set_replication(BlockId block, std::uint32_t replication) {
  store_.begin();
  BlockRow row = *store_.block(block);
  row.replication = replication;
  store_.put_block(row);
  Effects effects;
  effects.retargeted.push_back(block);
  apply({now_.wall, ReapCommand{}}, effects);
}

void Cluster::free(BlockId block) {
  store_.begin();
  BlockRow row = *store_.block(block);
  row.state = BlockState::kFreed;
  row.references = 0;
  row.freed = now_.wall;
  store_.put_block(row);
  Effects effects;
  effects.freed.push_back(block);
  apply({now_.wall, ReapCommand{}}, effects);
}

void Cluster::forget(BlockId block) {
  store_.begin();
  store_.erase_block(block);
  Effects effects;
  effects.forgotten.push_back(block);
  apply({now_.wall, ForgetBlocksCommand{}}, effects);
}

void Cluster::apply(const Command& command, const Effects& effects) {
  MetaRow meta = store_.meta();
  ++meta.applied;
  store_.put_meta(meta);
  blocks_->applied(command, effects, now_);
  end_round();
}

void Cluster::end_round() {
  if (store_.in_transaction()) store_.commit();
}

void Cluster::doubt(BlockId block, std::uint64_t node) {
  wire::ReportBad bad;
  bad.replicas.push_back({block, NodeId{node}});
  blocks_->report_bad(bad, now_);
}

void Cluster::start(std::uint64_t number) {
  PretendedNode& node = at(number);
  node.up = true;
  node.registered = false;
  node.incarnation += "'";
  node.changes.clear();
  node.results.clear();
}

void Cluster::rot(BlockId block, std::uint64_t node, int granule) {
  at(node).replicas.at(block).rot.insert(granule);
}

void Cluster::find_rot(BlockId block, std::uint64_t node) {
  at(node).changes.push_back({ReplicaEvent::kCorrupt, info(block)});
}

void Cluster::join(std::uint64_t number) {
  PretendedNode& node = at(number);
  store_.begin();
  MetaRow meta = store_.meta();
  wire::RegisterReply reply;
  reply.cluster = meta.cluster;
  reply.node = node.id;
  reply.session = meta.next_session++;
  ++meta.applied;
  store_.put_meta(meta);
  const std::string text = std::to_string(number);
  wire::Register request;
  request.uuid = "uuid" + text;
  request.incarnation = node.incarnation;
  request.client_address = node.address;
  request.peer_address = "p" + text;
  request.rack = node.rack;
  request.host = node.host;
  request.seen = node.seen;
  blocks_->registered(request, reply, now_);
  end_round();
  node.registered = true;
  node.session = reply.session;
  node.sequence = 0;
  for (const auto& [id, replica] : node.replicas) {
    if (!replica.rot.empty()) node.changes.push_back({ReplicaEvent::kCorrupt, replica.info});
  }
}

wire::SessionMark Cluster::next_mark(std::uint64_t number) {
  PretendedNode& node = at(number);
  return {node.id, node.session, ++node.sequence};
}

wire::Heartbeat Cluster::heartbeat_of(std::uint64_t number) {
  PretendedNode& node = at(number);
  wire::Heartbeat message;
  message.mark = next_mark(number);
  message.seen = node.seen;
  message.stats = node.stats;
  message.changes.swap(node.changes);
  message.results.swap(node.results);
  message.purge_wanted.swap(node.purge_wanted);
  return message;
}

wire::ReportDigests Cluster::digests_of(std::uint64_t node) {
  std::map<std::uint64_t, std::uint64_t> sums;
  for (const auto& [id, replica] : at(node).replicas) {
    sums[wire::bucket_of(id)] += wire::replica_digest(replica.info);
  }
  wire::ReportDigests message;
  message.mark = next_mark(node);
  for (const auto& [bucket, digest] : sums) message.digests.push_back({bucket, digest});
  return message;
}

// Two pieces a bucket, so that there are seams.
std::vector<wire::ReportPiece> Cluster::pieces_of(std::uint64_t number,
                                                  const std::vector<std::uint64_t>& wanted) {
  std::vector<wire::ReportPiece> pieces;
  for (const std::uint64_t bucket : wanted) {
    std::vector<wire::BlockInfo> all;
    for (const auto& [id, replica] : at(number).replicas) {
      if (wire::bucket_of(id) == bucket) all.push_back(replica.info);
    }
    wire::ReportPiece low;
    low.mark = next_mark(number);
    low.bucket = bucket;
    low.through = all.empty() ? BlockId{77} : all[all.size() / 2].id;
    wire::ReportPiece high;
    high.mark = next_mark(number);
    high.bucket = bucket;
    high.after = low.through;
    high.through = BlockId{UINT64_MAX};
    for (const wire::BlockInfo& replica : all) {
      (replica.id <= low.through ? low : high).replicas.push_back(replica);
    }
    pieces.push_back(low);
    pieces.push_back(high);
  }
  if (!pieces.empty()) pieces.back().last = true;
  return pieces;
}

wire::Reply Cluster::send(const wire::Heartbeat& message) {
  wire::Reply reply = blocks_->heartbeat(message, now_);
  end_round();
  return hear(at(message.mark.node.value), reply);
}
wire::Reply Cluster::send(const wire::ReportDigests& message) {
  return blocks_->report_digests(message, now_);
}
wire::Reply Cluster::send(const wire::ReportPiece& message) {
  return blocks_->report_piece(message, now_);
}

void Cluster::report(std::uint64_t node) {
  const wire::Reply reply = send(digests_of(node));
  const auto* digests = std::get_if<wire::ReportDigestsReply>(&reply);
  if (digests == nullptr) {
    at(node).registered = false;
    return;
  }
  for (const wire::ReportPiece& piece : pieces_of(node, digests->wanted)) (void)send(piece);
}

wire::Reply Cluster::heartbeat(std::uint64_t number) { return send(heartbeat_of(number)); }

wire::Reply Cluster::hear(PretendedNode& node, const wire::Reply& reply) {
  const auto* answer = std::get_if<wire::HeartbeatReply>(&reply);
  if (answer == nullptr) {
    node.registered = false;
    return reply;
  }
  node.seen = std::max(node.seen, answer->history);
  for (const wire::Order& order : answer->orders) {
    node.taken.push_back(order);
    if (node.obedient) carry_out(node, order);
  }
  if (answer->report) node.reporting = true;
  return reply;
}

void Cluster::carry_out(PretendedNode& node, const wire::Order& order) {
  const auto found = node.replicas.find(order.block.id);
  Status status;
  switch (order.kind) {
    case OrderKind::kCopy:
      status = copy(node, order);
      break;
    case OrderKind::kQuarantine:
      status = quarantine(node, order);
      break;
    case OrderKind::kRestore:
      status = restore(node, order);
      break;
    case OrderKind::kPurge:
      if (node.quarantine.erase(order.block.id) == 0) status = not_found();
      break;
    case OrderKind::kVerify:
      status = verify(node, order);
      break;
    case OrderKind::kConfirm:
      if (found == node.replicas.end() || found->second.info != order.block) status = not_found();
      break;
  }
  node.results.push_back({order.order, status});
}

Status Cluster::quarantine(PretendedNode& node, const wire::Order& order) {
  const auto found = node.replicas.find(order.block.id);
  if (found == node.replicas.end() || found->second.info != order.block) return not_found();
  if (!node.stubborn.ok()) return node.stubborn;
  node.quarantine[order.block.id] = found->second;
  node.replicas.erase(found);
  node.changes.push_back({ReplicaEvent::kRemoved, order.block});
  return {};
}

Status Cluster::restore(PretendedNode& node, const wire::Order& order) {
  const auto here = node.replicas.find(order.block.id);
  const bool bad = here != node.replicas.end() &&
                   (here->second.info != order.block || !here->second.rot.empty());
  if (here != node.replicas.end() && !bad) return {};
  const auto kept = node.quarantine.find(order.block.id);
  if (kept == node.quarantine.end() || kept->second.info != order.block ||
      !kept->second.rot.empty()) {
    if (!bad) return not_found();
    const bool other = here->second.info != order.block;
    return {other ? Code::kAlreadyExists : Code::kCorrupt, "nothing better is in quarantine"};
  }
  if (bad) {
    std::swap(here->second, kept->second);
  } else {
    node.replicas[order.block.id] = kept->second;
    node.quarantine.erase(kept);
  }
  node.changes.push_back({ReplicaEvent::kStored, order.block});
  return {};
}

Status Cluster::verify(PretendedNode& node, const wire::Order& order) {
  const auto found = node.replicas.find(order.block.id);
  if (found == node.replicas.end()) {
    if (!node.forgetful) node.changes.push_back({ReplicaEvent::kRemoved, order.block});
    return not_found();
  }
  if (node.unreadable) {
    node.changes.push_back({ReplicaEvent::kUnread, found->second.info});
    return {Code::kIo, "Input/output error"};
  }
  const bool whole = found->second.rot.empty();
  node.changes.push_back(
      {whole ? ReplicaEvent::kVerified : ReplicaEvent::kCorrupt, found->second.info});
  return {};
}

// Granule by granule: a block can be rebuilt if every granule is good in some source.
Status Cluster::copy(PretendedNode& node, const wire::Order& order) {
  std::optional<std::set<int>> bad_everywhere;
  for (const wire::NodeAddress& source : order.sources) {
    const PretendedNode& from = nodes_.at(source.node);
    const auto replica = from.replicas.find(order.block.id);
    if (!from.up || !from.reachable || replica == from.replicas.end()) continue;
    if (replica->second.info != order.block) continue;
    const std::set<int>& rot = replica->second.rot;
    if (!bad_everywhere) {
      bad_everywhere = rot;
    } else {
      std::erase_if(*bad_everywhere, [&rot](int granule) { return !rot.contains(granule); });
    }
  }
  if (!bad_everywhere || !bad_everywhere->empty()) {
    return {Code::kCorrupt, "no source has all of it"};
  }
  if (const auto old = node.replicas.find(order.block.id); old != node.replicas.end()) {
    const bool sound = old->second.rot.empty() && !node.unreadable;
    if (sound && old->second.info == order.block) return {};
    node.quarantine[order.block.id] = old->second;
  }
  node.replicas[order.block.id] = {order.block, {}};
  node.changes.push_back({ReplicaEvent::kStored, order.block});
  return {};
}

void Cluster::tick(Duration time) {
  const Instant end = now_.mono + time;
  while (now_.mono < end) {
    now_.mono = now_.mono + milliseconds(100);
    now_.wall.ms += 100;
    blocks_->tick(now_);
    end_round();
  }
}

void Cluster::run(Duration time) {
  for (std::int64_t second = 0; second < time.us / seconds(1).us; ++second) {
    tick(seconds(1));
    for (auto& [id, node] : nodes_) {
      if (!node.up || !node.reachable) continue;
      if (!node.registered) join(id.value);
      (void)heartbeat(id.value);
      if (!node.registered || !node.reporting || !node.reports) continue;
      node.reporting = false;
      report(id.value);
    }
  }
}

std::vector<std::uint64_t> Cluster::holders(BlockId block) const {
  std::vector<std::uint64_t> found;
  for (const auto& [id, node] : nodes_) {
    if (node.replicas.contains(block)) found.push_back(id.value);
  }
  return found;
}

std::uint32_t Cluster::good(BlockId block) const {
  std::uint32_t count = 0;
  for (const auto& [id, node] : nodes_) {
    const auto replica = node.replicas.find(block);
    if (!node.up || replica == node.replicas.end()) continue;
    if (replica->second.rot.empty() && replica->second.info == info(block)) ++count;
  }
  return count;
}

BlockHealth Cluster::health(BlockId block) { return blocks_->health(*store_.block(block), now_); }

std::vector<std::uint64_t> Cluster::located(BlockId block) {
  std::vector<std::uint64_t> found;
  for (const wire::NodeAddress& address : blocks_->locations(block, now_)) {
    found.push_back(address.node.value);
  }
  return found;
}

std::vector<wire::Order> Cluster::orders(std::uint64_t node, wire::OrderKind kind) const {
  std::vector<wire::Order> found;
  for (const wire::Order& order : nodes_.at(NodeId{node}).taken) {
    if (order.kind == kind) found.push_back(order);
  }
  return found;
}

std::size_t Cluster::orders_of(wire::OrderKind kind) const {
  std::size_t count = 0;
  for (const auto& [id, node] : nodes_) count += orders(id.value, kind).size();
  return count;
}

wire::ClusterReportReply Cluster::describe() {
  wire::ClusterReportReply report;
  blocks_->describe(report, now_);
  return report;
}

}  // namespace dfs::namenode
