// The fleet of fleet.h.
#include "tests/namenode/fleet.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace dfs::namenode {
namespace {

using wire::OrderKind;

wire::BlockInfo info_of(BlockId block) {
  return {block, 1000 + block.value % 1000, static_cast<std::uint32_t>(block.value * 2654435761u)};
}

std::string hex32(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(32 - digits.size(), '0') + digits;
}

std::string name(BlockId block) { return "block " + std::to_string(block.value & 0xffff); }

}  // namespace

Fleet::Fleet(std::uint64_t seed, std::uint64_t nodes)
    : draws_(seed), store_({.file = ":memory:", .vfs = "", .fatal = [](const std::string& line) {
                              throw std::runtime_error(line);
                            }}) {
  config_.order_timeout = seconds(30);
  config_.scrub_period = seconds(100);
  config_.mass_loss_percent = 100;
  store_.begin();
  MetaRow meta;
  meta.cluster = hex32(7);
  meta.next_block = first_id_of_epoch(1);
  store_.put_meta(meta);
  store_.commit();
  start_namenode();
  machines_.resize(nodes);
  for (std::uint64_t i = 0; i < nodes; ++i) {
    machines_[i].id = NodeId{i + 1};
    start(machines_[i]);
  }
}

void Fleet::start_namenode() {
  blocks_ = std::make_unique<Blocks>(config_, store_, draws_.fork(++starts_));
  blocks_->start(now_);
}

void Fleet::start(Machine& machine) {
  const std::string number = std::to_string(machine.id.value);
  datanode::Config config;
  config.uuid = hex32(machine.id.value);
  config.incarnation = hex32(machine.id.value * 1000 + ++machine.starts);
  config.client_address = "c" + number;
  config.peer_address = "p" + number;
  config.rack = machine.id.value % 2 == 0 ? "/even" : "/odd";
  config.host = "h" + number;
  config.answer_timeout = seconds(2);
  config.scrub_period = seconds(60);
  config.quarantine_keep = seconds(90);
  machine.process = std::make_unique<datanode::DataNode>(config, draws_.fork(machine.starts));
  machine.messages.clear();
  machine.tasks.clear();
  std::vector<datanode::FoundReplica> found;
  for (const auto& [block, rotten] : machine.disk.current) {
    found.push_back({info_of(block), 0, false, {}});
  }
  for (const auto& [block, rotten] : machine.disk.quarantine) {
    found.push_back({info_of(block), 0, true, seconds(1)});
  }
  wire::NodeStats stats;
  stats.capacity = std::uint64_t{1} << 40;
  stats.remaining = stats.largest_free = std::uint64_t{1} << 39;
  machine.process->set_space(stats);
  datanode::EffectList effects;
  machine.process->start(machine.disk.identity, std::move(found), 1, now_, effects);
  carry_out(machine, effects);
}

void Fleet::carry_out(Machine& machine, datanode::EffectList& effects) {
  // Carrying one out may bring more.
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const datanode::Effect effect = effects[i];
    if (const auto* send = std::get_if<datanode::SendToNameNode>(&effect)) {
      const auto delay = static_cast<std::int64_t>(draws_.below(4));
      machine.messages.push_back({tick_ + delay, send->message, send->request});
    } else if (const auto* persist = std::get_if<datanode::PersistIdentity>(&effect)) {
      machine.disk.identity = persist->identity;
      machine.process->persisted(now_, effects);
    } else if (const auto* task = std::get_if<datanode::StartTask>(&effect)) {
      machine.tasks.push_back({tick_ + static_cast<std::int64_t>(draws_.below(20)), *task});
    }
  }
}

void Fleet::run(Duration time) {
  for (std::int64_t left = time.us / milliseconds(100).us; left > 0; --left) step();
}

void Fleet::step() {
  ++tick_;
  now_.mono = now_.mono + milliseconds(100);
  now_.wall.ms += 100;
  blocks_->tick(now_);
  if (store_.in_transaction()) store_.commit();
  for (Machine& machine : machines_) {
    if (machine.process == nullptr) continue;
    datanode::EffectList effects;
    machine.process->tick(now_, effects);
    carry_out(machine, effects);
    deliver(machine);
    work(machine);
  }
}

// A message may be lost, its answer too, or a copy of it may come again later.
void Fleet::deliver(Machine& machine) {
  std::vector<Message> due;
  std::erase_if(machine.messages, [&](Message& message) {
    if (message.due > tick_) return false;
    due.push_back(std::move(message));
    return true;
  });
  for (Message& message : due) {
    if (!machine.reachable || draws_.chance(losses_, 100)) continue;
    const wire::Reply reply = answer(message.request);
    if (store_.in_transaction()) store_.commit();
    if (draws_.chance(losses_, 200)) {
      machine.messages.push_back({tick_ + 30, message.number, message.request});
    }
    if (draws_.chance(losses_, 100)) continue;
    datanode::EffectList effects;
    machine.process->answered(message.number, reply, now_, effects);
    carry_out(machine, effects);
  }
}

wire::Reply Fleet::answer(const wire::Request& request) {
  if (const auto* registration = std::get_if<wire::Register>(&request)) {
    return answer_register(*registration);
  }
  if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&request)) {
    wire::Reply reply = blocks_->heartbeat(*heartbeat, now_);
    if (const auto* orders = std::get_if<wire::HeartbeatReply>(&reply)) {
      for (const wire::Order& order : orders->orders) {
        const bool disturbs =
            order.kind == OrderKind::kCopy || order.kind == OrderKind::kQuarantine;
        disturbances_ += disturbs ? 1u : 0u;
      }
    }
    return reply;
  }
  if (const auto* digests = std::get_if<wire::ReportDigests>(&request)) {
    return blocks_->report_digests(*digests, now_);
  }
  return blocks_->report_piece(std::get<wire::ReportPiece>(request), now_);
}

wire::Reply Fleet::answer_register(const wire::Register& request) {
  store_.begin();
  MetaRow meta = store_.meta();
  wire::RegisterReply reply;
  reply.cluster = meta.cluster;
  reply.node = NodeId{std::stoull(request.uuid)};
  reply.session = meta.next_session++;
  ++meta.applied;
  store_.put_meta(meta);
  DataNodeRow row;
  row.id = reply.node;
  row.uuid = request.uuid;
  row.client_address = request.client_address;
  row.peer_address = request.peer_address;
  row.rack = request.rack;
  row.host = request.host;
  store_.put_datanode(row);
  reply.history = {meta.epoch, meta.applied, meta.next_block - 1};
  reply.heartbeat_interval = seconds(1);
  blocks_->registered(request, reply, now_);
  return reply;
}

void Fleet::work(Machine& machine) {
  std::vector<Task> due;
  std::erase_if(machine.tasks, [&](Task& task) {
    if (task.due > tick_) return false;
    due.push_back(std::move(task));
    return true;
  });
  for (const Task& task : due) {
    const Status status = done(machine, task.task);
    datanode::EffectList effects;
    machine.process->task_done(task.task.task, status, 0, now_, effects);
    carry_out(machine, effects);
  }
}

Status Fleet::done(Machine& machine, const datanode::StartTask& task) {
  const BlockId block = task.order.block.id;
  const auto found = machine.disk.current.find(block);
  const auto kept = machine.disk.quarantine.find(block);
  const Status absent(Code::kNotFound, "absent");
  switch (task.kind) {
    case OrderKind::kVerify:
      if (found == machine.disk.current.end()) return absent;
      if (draws_.chance(losses_, 200)) return {Code::kIo, "Input/output error"};
      return found->second ? Status(Code::kCorrupt, "checksum mismatch") : Status();
    case OrderKind::kCopy:
      return copy(machine, task.order);
    case OrderKind::kQuarantine:
      if (found == machine.disk.current.end()) return absent;
      return move_to_quarantine(machine, block);
    case OrderKind::kRestore:
      if (kept == machine.disk.quarantine.end()) return absent;
      if (kept->second) return {Code::kCorrupt, "checksum mismatch"};
      if (found != machine.disk.current.end() && !found->second) {
        return {Code::kAlreadyExists, "a whole replica is here"};
      }
      if (found == machine.disk.current.end()) machine.disk.quarantine.erase(kept);
      if (found != machine.disk.current.end()) kept->second = true;
      machine.disk.current[block] = false;
      return {};
    case OrderKind::kPurge:
      if (kept != machine.disk.quarantine.end()) purge(machine, block);
      return {};
    case OrderKind::kConfirm:
      break;
  }
  return {Code::kInternal, "no such task"};
}

// A copy that rots right after it has confirmed is nobody's fault, so any other copy counts here;
// the last good one then waits in its quarantine.
Status Fleet::move_to_quarantine(Machine& machine, BlockId block) {
  machine.disk.quarantine[block] = machine.disk.current.at(block);
  machine.disk.current.erase(block);
  const bool others = std::any_of(machines_.begin(), machines_.end(), [block](const Machine& m) {
    return m.disk.current.contains(block);
  });
  if (wanted_.contains(block) && !others) {
    violations_.push_back("the last copy of " + name(block) + " goes into quarantine");
  }
  return {};
}

void Fleet::purge(Machine& machine, BlockId block) {
  machine.disk.quarantine.erase(block);
  if (wanted_.contains(block) && good_copies(block) == 0) {
    violations_.push_back("the last good copy of " + name(block) + " is purged");
  }
}

Status Fleet::copy(Machine& machine, const wire::Order& order) {
  const BlockId block = order.block.id;
  bool whole = false;
  for (const wire::NodeAddress& source : order.sources) {
    const Machine& from = machines_.at(source.node.value - 1);
    const auto replica = from.disk.current.find(block);
    if (from.process != nullptr && replica != from.disk.current.end()) whole |= !replica->second;
  }
  if (!whole) return {Code::kCorrupt, "no source has it"};
  if (const auto old = machine.disk.current.find(block); old != machine.disk.current.end()) {
    machine.disk.quarantine[block] = old->second;
  }
  machine.disk.current[block] = false;
  return {};
}

std::uint64_t Fleet::good_copies(BlockId block) const {
  std::uint64_t good = 0;
  for (const Machine& machine : machines_) {
    const auto replica = machine.disk.current.find(block);
    good += replica != machine.disk.current.end() && !replica->second ? 1u : 0u;
  }
  return good;
}

void Fleet::trouble() {
  Machine& machine = some_machine();
  switch (draws_.below(16)) {
    case 0:
      machine.process.reset();
      break;
    case 1:
    case 2:
      if (machine.process == nullptr) start(machine);
      break;
    case 3:
      machine.reachable = false;
      break;
    case 4:
    case 5:
    case 6:
      machine.reachable = true;
      break;
    case 7:
    case 8:
      rot();
      break;
    case 9:
      forget();
      break;
    case 10:
      set_replication();
      break;
    case 11:
      if (draws_.chance(1, 3)) start_namenode();
      break;
    default:
      write();
      break;
  }
}

void Fleet::calm() {
  losses_ = 0;
  for (Machine& machine : machines_) {
    machine.reachable = true;
    if (machine.process == nullptr) start(machine);
  }
}

void Fleet::write() {
  const auto replication = static_cast<std::uint32_t>(draws_.between(1, 3));
  const auto targets = blocks_->choose_targets(replication, 1 << 20, {}, now_);
  if (!targets.ok()) return;
  store_.begin();
  MetaRow meta = store_.meta();
  const BlockId block{meta.next_block++};
  ++meta.applied;
  store_.put_meta(meta);
  BlockRow row;
  row.id = block;
  row.replication = replication;
  row.state = draws_.chance(1, 5) ? BlockState::kAllocated : BlockState::kCommitted;
  row.length = row.state == BlockState::kCommitted ? info_of(block).length : 0;
  row.crc = row.state == BlockState::kCommitted ? info_of(block).crc : 0;
  wire::CommittedBlock committed;
  committed.info = info_of(block);
  for (const wire::NodeAddress& target : *targets) {
    Machine& machine = machines_.at(target.node.value - 1);
    if (machine.process == nullptr || !machine.process->registered()) continue;
    machine.disk.current[block] = false;
    committed.stored.push_back(target.node);
    datanode::EffectList effects;
    machine.process->stored(info_of(block), 0, now_, effects);
    carry_out(machine, effects);
  }
  wire::Allocate allocate;
  Effects effects;
  if (committed.stored.empty() || row.state == BlockState::kAllocated) {
    effects.forgotten.push_back(block);  // its writer gives up
  } else {
    store_.put_block(row);
    wanted_[block] = replication;
    allocate.commit.push_back(committed);
    effects.committed.push_back(block);
  }
  applied(effects, RequestCommand{allocate, {}});
}

void Fleet::applied(const Effects& effects, const RequestCommand& command) {
  Command whole;
  whole.time = now_.wall;
  whole.body = command;
  blocks_->applied(whole, effects, now_);
  store_.commit();
}

void Fleet::forget() {
  if (wanted_.empty()) return;
  const auto at =
      std::next(wanted_.begin(), static_cast<std::ptrdiff_t>(draws_.below(wanted_.size())));
  Effects effects;
  effects.forgotten.push_back(at->first);
  store_.begin();
  store_.erase_block(at->first);
  wanted_.erase(at);
  applied(effects, RequestCommand{wire::Allocate{}, {}});
}

void Fleet::set_replication() {
  if (wanted_.empty()) return;
  const auto at =
      std::next(wanted_.begin(), static_cast<std::ptrdiff_t>(draws_.below(wanted_.size())));
  at->second = static_cast<std::uint32_t>(draws_.between(1, 3));
  store_.begin();
  BlockRow row = *store_.block(at->first);
  row.replication = at->second;
  store_.put_block(row);
  Effects effects;
  effects.retargeted.push_back(at->first);
  applied(effects, RequestCommand{wire::Allocate{}, {}});
}

// Never the last good copy.
void Fleet::rot() {
  Machine& machine = some_machine();
  if (machine.disk.current.empty()) return;
  const auto at = std::next(machine.disk.current.begin(),
                            static_cast<std::ptrdiff_t>(draws_.below(machine.disk.current.size())));
  if (good_copies(at->first) > 1) at->second = true;
}

std::vector<std::string> Fleet::check() const {
  std::vector<std::string> wrong;
  for (const auto& [block, wanted] : wanted_) {
    const std::uint64_t good = good_copies(block);
    const std::uint64_t should = std::min<std::uint64_t>(wanted, machines_.size());
    if (good != should) {
      wrong.push_back(name(block) + " has " + std::to_string(good) + " good copies instead of " +
                      std::to_string(should));
    }
  }
  for (const Machine& machine : machines_) {
    for (const auto& [block, rotten] : machine.disk.current) {
      const std::string what = name(block) + " on node " + std::to_string(machine.id.value);
      if (!wanted_.contains(block)) wrong.push_back(what + " is forgotten and still there");
      if (rotten) wrong.push_back(what + " is rotten");
    }
  }
  return wrong;
}

}  // namespace dfs::namenode
