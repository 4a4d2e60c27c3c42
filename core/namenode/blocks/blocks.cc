// Blocks: the front of core/namenode/blocks/, one short method for each thing that can happen.
#include "core/namenode/blocks.h"

#include <algorithm>
#include <set>

#include "core/base/mutant.h"
#include "core/namenode/blocks/decommission.h"
#include "core/namenode/blocks/heartbeat.h"
#include "core/namenode/blocks/hints.h"
#include "core/namenode/blocks/liveness.h"
#include "core/namenode/blocks/node_report.h"
#include "core/namenode/blocks/placement.h"
#include "core/namenode/blocks/reading.h"
#include "core/namenode/blocks/repair.h"
#include "core/namenode/blocks/report.h"
#include "core/namenode/blocks/sweep.h"

namespace dfs::namenode {
namespace {

using wire::OrderKind;

// Parts of the rows that a tick may touch, about.
constexpr std::uint64_t kAgendaPercent = 25;
constexpr std::uint64_t kDispatchPercent = 10;
constexpr std::uint64_t kSweepPercent = 10;
constexpr std::size_t kMostReportedBad = 1000;

// Which message a mark belongs to, so that a repeated one is recognised by kind as well.
enum MessageKind : std::size_t { kHeartbeat = 1, kDigests = 2, kPiece = 3 };

void take_claims(Soft& soft, const std::vector<wire::CommittedBlock>& commit,
                 const std::set<BlockId>& committed) {
  for (const wire::CommittedBlock& block : commit) {
    if (!committed.contains(block.info.id)) continue;
    for (const NodeId stored : block.stored) {
      Node* node = soft.nodes.find(stored);
      if (node == nullptr) continue;
      if (node->replicas.claim(block.info)) {
        soft.claims.push_back({soft.running() + soft.config.order_timeout, block.info.id, stored});
      }
      open_transaction(soft.store);
      soft.store.put_hint(block.info.id, stored);
    }
    soft.agenda.note(block.info.id);
  }
}

}  // namespace

struct Blocks::State {
  Soft soft;
};

Blocks::Blocks(const Config& config, Store& store, Random random)
    : state_(new State{Soft(config, store, random)}) {}
Blocks::~Blocks() = default;

void Blocks::start(Now now) {
  Soft& soft = state_->soft;
  soft.started = now.mono;
  soft.clock.start(now.mono);
  soft.nodes.load(soft.store);
  for (auto& [id, node] : soft.nodes.all()) {
    if (node.leaving()) node.leaves_before = BlockId{soft.store.meta().next_block};
  }
}

Status Blocks::may_register(const wire::Register& request) {
  history_seen(state_->soft, request.seen);
  return check_single(state_->soft, request);
}

void Blocks::registered(const wire::Register& request, const wire::RegisterReply& reply,
                        Now /*now*/) {
  node_registered(state_->soft, request, reply);
}

wire::Reply Blocks::heartbeat(const wire::Heartbeat& request, Now now) {
  Soft& soft = state_->soft;
  if (const Status status = check(request); !status.ok()) return status;
  Node* node = nullptr;
  if (auto reply = soft.nodes.judge(request.mark, kHeartbeat, soft.running(), node)) return *reply;
  return NodeTable::answered(*node, request.mark, kHeartbeat,
                             take_heartbeat(soft, *node, request, now));
}

wire::Reply Blocks::report_digests(const wire::ReportDigests& request, Now /*now*/) {
  Soft& soft = state_->soft;
  if (const Status status = check(request); !status.ok()) return status;
  Node* node = nullptr;
  if (auto reply = soft.nodes.judge(request.mark, kDigests, soft.running(), node)) return *reply;
  return NodeTable::answered(*node, request.mark, kDigests, begin_report(soft, *node, request));
}

wire::Reply Blocks::report_piece(const wire::ReportPiece& request, Now /*now*/) {
  Soft& soft = state_->soft;
  if (const Status status = check(request); !status.ok()) return status;
  Node* node = nullptr;
  if (auto reply = soft.nodes.judge(request.mark, kPiece, soft.running(), node)) return *reply;
  take_piece(soft, *node, request);
  return NodeTable::answered(*node, request.mark, kPiece, wire::Empty{});
}

void Blocks::report_bad(const wire::ReportBad& request, Now /*now*/) {
  Soft& soft = state_->soft;
  const std::size_t count = std::min(request.replicas.size(), kMostReportedBad);
  for (std::size_t i = 0; i < count; ++i) {
    const wire::BadReplica& bad = request.replicas[i];
    Node* node = soft.nodes.find(bad.node);
    if (node == nullptr || node->session == 0) continue;
    Replica* replica = node->replicas.find(bad.block);
    if (replica == nullptr && node->ever_reported) continue;
    if (replica != nullptr && !replica->is(Replica::kCorrupt))
      replica->set(Replica::kSuspect, true);
    soft.verify.want(bad.node, bad.block, true);
  }
}

void Blocks::applied(const Command& command, const Effects& effects, Now /*now*/) {
  Soft& soft = state_->soft;
  if (const auto* request = std::get_if<RequestCommand>(&command.body)) {
    const std::set<BlockId> committed(effects.committed.begin(), effects.committed.end());
    if (const auto* allocate = std::get_if<wire::Allocate>(&request->body)) {
      take_claims(soft, allocate->commit, committed);
    } else if (const auto* complete = std::get_if<wire::Complete>(&request->body)) {
      take_claims(soft, complete->commit, committed);
    }
  }
  if (const auto* service = std::get_if<DecommissionCommand>(&command.body)) {
    set_leaving(soft, service->node, service->on);
  }
  // No node is sent for what is not there any more, not even until the agenda comes to it (N2).
  for (const BlockId block : effects.forgotten) {
    if (mutated(Mutant::kN2CopyForgotten)) break;
    soft.orders.withdraw(block, OrderKind::kCopy);
    soft.orders.withdraw(block, OrderKind::kRestore);
  }
  for (const auto* touched : {&effects.freed, &effects.forgotten, &effects.retargeted}) {
    for (const BlockId block : *touched) soft.agenda.note(block);
  }
}

void Blocks::tick(Now now) {
  Soft& soft = state_->soft;
  soft.clock.advance(now.mono);
  age_nodes(soft);
  expire_orders(soft);
  expire_claims(soft);
  soft.refusals.advance(soft.running());
  soft.unread.advance(soft.running());
  soft.renewals.advance(soft.running());
  scan_replicas(soft);
  const auto part = [&soft](std::uint64_t percent) {
    return RowBudget(soft.store, soft.config.rows_per_tick * percent / 100);
  };
  work_off_agenda(soft, part(kAgendaPercent), now);
  sweep(soft, part(kSweepPercent), now);
  dispatch_repairs(soft, part(kDispatchPercent));
}

Result<std::vector<wire::NodeAddress>> Blocks::choose_targets(std::uint32_t replication,
                                                              std::uint64_t block_size,
                                                              const std::vector<NodeId>& exclude,
                                                              Now /*now*/) {
  return place_new(state_->soft, replication, block_size, exclude);
}

std::vector<wire::NodeAddress> Blocks::locations(BlockId block, Now /*now*/) const {
  return read_from(look(state_->soft, block));
}

BlockHealth Blocks::health(const BlockRow& block, Now /*now*/) const {
  const BlockView view = look(state_->soft, block.id, block);
  return {block.replication, view.good + view.leaving_good, view.rotten,
          view.unknown + view.leaving_unknown + view.unreadable};
}

std::uint64_t Blocks::scrub(BlockId block, Now /*now*/) {
  Soft& soft = state_->soft;
  std::uint64_t ordered = 0;
  for (const Copy& copy : look(soft, block).copies) {
    if (copy.node->session == 0) continue;
    soft.verify.want(copy.id, block, false);
    ++ordered;
  }
  return ordered;
}

std::uint64_t Blocks::scrubs_waiting() const {
  return state_->soft.verify.size() + state_->soft.orders.count(OrderKind::kVerify);
}

std::uint32_t Blocks::writable_hosts(Now /*now*/) const { return writable_hosts_of(state_->soft); }

wire::HistoryMark Blocks::newest_seen() const { return state_->soft.newest; }

const Ledger& Blocks::ledger() const { return state_->soft.ledger; }

void Blocks::describe(wire::ClusterReportReply& report, Now /*now*/) const {
  const Soft& soft = state_->soft;
  for (const auto& [id, node] : soft.nodes.all()) report.nodes.push_back(report_of(soft, node));
  report.repairs_waiting = soft.repairs.waiting.size();
  for (const auto& [block, trouble] : soft.troubles) {
    if (!soft.repairs.priority_of.contains(block)) ++report.repairs_waiting;
  }
  report.repairs_running = soft.orders.count(OrderKind::kCopy);
  if (std::string note = mass_loss_note(soft); !note.empty()) report.notes.push_back(note);
  if (std::string note = departures_note(soft); !note.empty()) report.notes.push_back(note);
  if (!soft.strangers.empty()) {
    report.notes.push_back(std::to_string(soft.strangers.size()) +
                           " blocks on DataNodes are of a history that this NameNode does not know;"
                           " their replicas are kept");
  }
}

wire::NodeReport Blocks::describe_node(NodeId node, Now /*now*/) const {
  return report_of(state_->soft, *state_->soft.nodes.find(node));
}

Result<NodeId> Blocks::find_node(const std::string& name) const {
  return node_named(state_->soft, name);
}

Result<NodeId> Blocks::may_leave(const std::string& name) const {
  Result<NodeId> node = node_named(state_->soft, name);
  if (!node.ok()) return node;
  if (Status status = check_leaving(state_->soft, *node); !status.ok()) return status;
  return node;
}

}  // namespace dfs::namenode
