#include "simulator/world/cluster.h"

#include <algorithm>

#include "adapters/sim/address.h"
#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/wire/journal.h"
#include "simulator/world/orders.h"
#include "simulator/world/wire_check.h"

namespace dfs::world {
namespace {

constexpr Address kNameNode = 1;
constexpr std::uint64_t kWireSample = 64;

std::string cluster_id(std::uint64_t seed) {
  return to_hex(mix(seed, key_of("cluster")), 16) + to_hex(seed, 16);
}

sim::ClockSkew skew_of(const Plan& plan, Random draw) {
  if (plan.max_drift_ppm == 0) return {};
  const auto span = static_cast<std::uint64_t>(2 * plan.max_drift_ppm + 1);
  sim::ClockSkew skew;
  skew.drift_ppm = static_cast<std::int64_t>(draw.below(span)) - plan.max_drift_ppm;
  skew.wall_offset_ms = sim::wall_error(draw);
  return skew;
}

}  // namespace

Cluster::Cluster(const Plan& plan)
    : plan_(plan),
      random_(mix(plan.seed, key_of("cluster"))),
      scene_(plan),
      network_(scene_.queue, random_.fork("network"), plan.network),
      host_("namenode", random_.fork("disk"), plan.page_bytes) {
  namenode::Config config = plan.namenode;
  config.cluster = cluster_id(plan.seed);
  namenode_ = std::make_unique<sim::NameNodeNode>(
      scene_.queue, network_, kNameNode, skew_of(plan, random_.fork("skew").fork(kNameNode)),
      config, plan.namenode_times, host_, random_.fork("namenode"), *this);
  if (plan.shipper) {
    shipping_ = std::make_unique<sim::Shipping>(*namenode_, network_, host_, *plan.shipper, *this);
    namenode_->ship_by(*shipping_);
  }
  network_.attach(*namenode_);
  scene_.namenode = namenode_.get();
  scene_.namenode_host = &host_;
  add_datanodes();
  add_clients();
  oracles_ = make_oracles(scene_);
  workload_ = std::make_unique<Workload>(scene_, clients(), oracles_);
  injector_ = std::make_unique<Injector>(
      scene_, Targets{&network_, namenode_.get(), &host_, scene_.datanodes, clients(),
                      [this](std::size_t client) { start_client(client); },
                      [this](Address node) { disks_changed(node); },
                      [this](NodeId home) { home_has_.erase(home); },
                      [this](const wire::Request& request) { operate(request); },
                      [this] { backup_kept(); }, [this] { backup_restored(); }, shipping_.get(),
                      [this](const Rescued& from) { rescued(from); },
                      [this](Address node, Illness illness) {
                        for (const auto& oracle : oracles_) oracle->fell_ill(node, illness);
                      }});
}

Cluster::~Cluster() = default;

std::vector<sim::ClientNode*> Cluster::clients() const {
  std::vector<sim::ClientNode*> clients;
  for (const auto& client : clients_) clients.push_back(client.get());
  return clients;
}

void Cluster::add_datanodes() {
  for (std::uint32_t i = 0; i < plan_.datanodes; ++i) {
    const Address address = kNameNode + 1 + i;
    datanode::Config config = plan_.datanode;
    config.client_address = config.peer_address = sim::name_of(address);
    config.rack = "/rack-" + std::to_string(i % plan_.racks);
    config.host = "host-" + std::to_string(i);
    datanodes_.push_back(std::make_unique<sim::DataNodeNode>(
        scene_.queue, network_, address, skew_of(plan_, random_.fork("skew").fork(address)), config,
        plan_.datanode_times, std::vector<std::uint64_t>(plan_.volumes, plan_.volume_bytes),
        kNameNode, random_.fork("datanode").fork(address), *this));
    network_.attach(*datanodes_.back());
    scene_.atlas.add(*datanodes_.back());
    scene_.datanodes.push_back(datanodes_.back().get());
  }
}

void Cluster::add_clients() {
  for (std::uint32_t i = 0; i < plan_.clients; ++i) {
    const Address address = kNameNode + 1 + plan_.datanodes + i;
    clients_.push_back(std::make_unique<sim::ClientNode>(
        scene_.queue, network_, address, skew_of(plan_, random_.fork("skew").fork(address)),
        random_.fork("client").fork(address)));
    network_.attach(*clients_.back());
    clients_.back()->observe_attempts(
        [this, address](sim::JobId, std::uint64_t call, std::uint64_t attempt, Now now) {
          for (const auto& oracle : oracles_) oracle->attempt(address, call, attempt, now);
        });
  }
}

void Cluster::start_client(std::size_t index) {
  sim::ClientNode& client = *clients_[index];
  sim::ClientOptions options;
  options.client =
      to_hex(mix(plan_.seed, client.address()), 16) + to_hex(client.incarnation() + 1, 16);
  options.cluster = cluster_id(plan_.seed);
  options.namenodes = {kNameNode};
  options.piece_bytes = plan_.piece_bytes;
  client.start(std::move(options));
  workload_->client_starts();
}

void Cluster::begin() {
  namenode_->start();
  for (const auto& datanode : datanodes_) datanode->start();
  for (std::size_t i = 0; i < clients_.size(); ++i) start_client(i);
  workload_->start();
  injector_->schedule();
  every_second();
}

void Cluster::every_second() {
  scene_.queue.after(seconds(1), [this] {
    every_second();
    namenode_->guard([this] {
      for (const auto& oracle : oracles_) oracle->every_second();
    });
  });
}

void Cluster::run_until(Instant until) {
  while (scene_.verdicts.clean() && scene_.queue.next_time() <= until) {
    scene_.verdicts.set_moment(scene_.queue.executed() + 1, scene_.queue.next_time().us);
    scene_.queue.run_next();
    if (trace_log_ != nullptr) {
      trace_log_->push_back({scene_.queue.now().us, scene_.queue.trace_hash()});
    }
  }
}

bool Cluster::run_while(const std::function<bool()>& busy, Duration limit) {
  const Instant end = scene_.queue.now() + limit;
  while (busy() && scene_.verdicts.clean() && scene_.queue.now() < end) {
    run_until(scene_.queue.now() + milliseconds(100));
  }
  return !busy();
}

void Cluster::operate(const wire::Request& request) {
  const auto up = std::find_if(clients_.begin(), clients_.end(), [](const auto& client) {
    return client->up() && !client->paused();
  });
  if (up == clients_.end()) return;
  // An operator who asks for safe mode does not insist: asked for late, it would not end.
  const auto* asked = std::get_if<wire::SafeMode>(&request);
  auto retry = plan_.retry;
  if (asked != nullptr && asked->action == "enter") retry.limit = seconds(1);
  (*up)->call({request, retry, [this, request](const wire::Reply& reply) {
                 // Leaving safe mode must not be forgotten.
                 const auto* safe_mode = std::get_if<wire::SafeMode>(&request);
                 if (safe_mode != nullptr && safe_mode->action == "leave" &&
                     std::holds_alternative<Status>(reply)) {
                   operate(request);
                 }
               }});
}

void Cluster::disks_changed(Address datanode) {
  scene_.atlas.rescan(datanode);
  for (const auto& oracle : oracles_) oracle->disks_changed(datanode);
}

void Cluster::backup_kept() {
  backup_ = Known{scene_.durable, chain_};
  safe_from_lies_ = scene_.durable.position();
}

void Cluster::backup_restored() { give_up_since(Known(*backup_)); }

std::string Cluster::shipping_warning() const {
  const namenode::Shipper* machine = shipping_ == nullptr ? nullptr : shipping_->machine();
  const auto in_service = static_cast<std::uint32_t>(scene_.in_service().size());
  if (machine == nullptr || in_service == 0) return "";
  return machine->warning(namenode_->now(), std::min(plan_.shipper->homes, in_service));
}

void Cluster::home_has(const wire::JournalState& state) {
  Point& known = home_has_[state.node];
  known = std::max(known, Point(state.epoch, state.applied));
}

void Cluster::checkpoint_made(const wire::CheckpointHeader& checkpoint) {
  scene_.verdicts.expect(checkpoint.applied == scene_.durable.position(), "D3", [&] {
    return "a checkpoint is said to be of command " + std::to_string(checkpoint.applied) +
           ", made after " + std::to_string(scene_.durable.position());
  });
  checkpoints_[{Point(checkpoint.epoch, checkpoint.applied), checkpoint.crc}] = {scene_.durable,
                                                                                 chain_};
}

// What a rescue brings back is a state that there was, and not before what the DataNodes that it
// read are known to have of it.
void Cluster::rescued(const Rescued& rescued) {
  const wire::CheckpointHeader& from = rescued.checkpoint;
  const auto known = checkpoints_.find({Point(from.epoch, from.applied), from.crc});
  DFS_ASSERT(known != checkpoints_.end());
  Known state = known->second;
  auto command = rescued.commands.begin();
  for (; command != rescued.commands.end(); ++command) {
    if (std::holds_alternative<namenode::RaiseEpochCommand>(command->first.body)) break;
    extend(state, {command->first, command->second});
    scene_.verdicts.expect(chains_.contains(state.chain), "D3", [&] {
      return "command " + std::to_string(state.model.position()) +
             " as it was rescued is not one that followed the command before it";
    });
  }
  for (const NodeId source : rescued.sources) {
    const auto has = home_has_.find(source);
    if (has == home_has_.end()) continue;
    scene_.verdicts.expect(Point(from.epoch, state.model.position()) >= has->second, "D2", [&] {
      return "DataNode " + std::to_string(source.value) + " had the history up to command " +
             std::to_string(std::get<1>(has->second)) + ", rescued it was up to " +
             std::to_string(state.model.position());
    });
  }
  give_up_since(state);
  for (; command != rescued.commands.end(); ++command) {
    applied(command->first, command->second);
    if (const auto* adopt = std::get_if<namenode::AdoptBlockCommand>(&command->first.body)) {
      adopted(adopt->block);
    }
  }
}

// What its replicas' sidecars say is what it is from now on. Nothing protected them so far.
void Cluster::adopted(const wire::BlockInfo& block) {
  scene_.verdicts.probe("block adopted by a file that a rescue rebuilt");
  scene_.atlas.redefine(block.id, block);
  const BlockTruth& truth = *scene_.atlas.find(block.id);
  if (truth.good.empty() && truth.kept.empty()) scene_.given_up.insert(block.id);
}

void Cluster::extend(Known& known, const InFlight& each) const {
  known.model.apply(each.command, each.outcome);
  if (shipping_ == nullptr) return;
  known.chain = wire::chain_next(known.chain, each.outcome.position, to_text(each.command));
}

Cluster::Known Cluster::past(namenode::Position position) const {
  Known state = base_;
  for (const InFlight& each : history_) {
    if (each.outcome.position <= position) extend(state, each);
  }
  return state;
}

// What the older history names and the later one had given up is nobody's fault, if it is gone when
// the last orders of the later one have been carried out; the rest is to stay.
void Cluster::give_up_since(const Known& known) {
  const NamespaceModel& older = known.model;
  std::vector<BlockId> given_up;
  for (const auto& [block, state] : older.blocks()) {
    const ModelBlockState* later = scene_.durable.block(block);
    if (later != nullptr && later->referenced) continue;
    if (scene_.given_up.insert(block).second) given_up.push_back(block);
  }
  scene_.queue.after(kOrdersKeep, [this, given_up] {
    for (const BlockId block : given_up) {
      const BlockTruth* truth = scene_.atlas.find(block);
      const bool left = truth != nullptr && !(truth->good.empty() && truth->kept.empty());
      if (left) scene_.given_up.erase(block);
    }
  });
  scene_.lost_blocks.push_back(
      {BlockId{older.highest_block().value + 1}, scene_.applied.highest_block()});
  scene_.durable = older;
  scene_.applied = older;
  in_flight_.clear();
  base_ = known;
  history_.clear();
  chain_ = known.chain;
  before_last_commit_ = std::min(before_last_commit_, older.position());
  ++scene_.restores;
  scene_.restored_to.push_back(older.position());
}

void Cluster::starts(namenode::Store& store) {
  // What was applied and not committed is either on the disk or never was.
  const namenode::Position position = store.meta().applied;
  for (const InFlight& each : in_flight_) {
    if (each.outcome.position <= position) commit(each);
  }
  in_flight_.clear();
  const NameNodeDamage remains =
      scene_.namenode_disk_lies ? NameNodeDamage::kLies : NameNodeDamage::kNone;
  const NameNodeDamage damage = std::exchange(scene_.namenode_damage, remains);
  const namenode::Position certain = damage == NameNodeDamage::kNone  ? scene_.durable.position()
                                     : damage == NameNodeDamage::kRot ? before_last_commit_
                                                                      : safe_from_lies_;
  if (position < scene_.durable.position() && position >= certain) give_up_since(past(position));
  // A start in the middle of the lies has found nothing in the log: it would have written it to the
  // database, before which such a disk loses its power. What it has found is from before.
  if (remains == NameNodeDamage::kLies) safe_from_lies_ = position;
  scene_.applied = scene_.durable;
  for (const auto& oracle : oracles_) oracle->namenode_starts(store);
}

void Cluster::asked(const wire::Request& /*request*/) { command_in_step_ = false; }

void Cluster::applied(const namenode::Command& command, const namenode::Outcome& outcome) {
  command_in_step_ = true;
  for (const auto& oracle : oracles_) oracle->applying(command, outcome);
  if (!scene_.verdicts.clean()) return;
  scene_.applied.apply(command, outcome);
  in_flight_.push_back({command, outcome});
}

std::uint64_t Cluster::answered(const wire::Request& request, const wire::Reply& reply,
                                namenode::CommitToken /*after*/) {
  if (answers_++ % kWireSample == 0) check_wire(request, reply);
  for (const auto& oracle : oracles_) oracle->answered(request, reply, command_in_step_);
  return scene_.applied.position();
}

void Cluster::check_wire(const wire::Request& request, const wire::Reply& reply) {
  const std::string wrong = wire_difference(request, reply);
  scene_.verdicts.probe("message through its JSON form");
  if (!wrong.empty()) scene_.verdicts.violated("wire", wrong);
}

void Cluster::released(const wire::Request& request, const wire::Reply& reply, std::uint64_t mark) {
  for (const auto& oracle : oracles_) oracle->released(request, reply, mark);
}

void Cluster::stepped(std::uint64_t rows) {
  for (const auto& oracle : oracles_) oracle->stepped(rows);
}

void Cluster::committed(namenode::CommitToken /*token*/) {
  before_last_commit_ = scene_.durable.position();
  for (const InFlight& each : in_flight_) commit(each);
  in_flight_.clear();
}

void Cluster::commit(const InFlight& each) {
  scene_.durable.apply(each.command, each.outcome);
  if (shipping_ != nullptr) {
    chain_ = wire::chain_next(chain_, each.outcome.position, to_text(each.command));
    chains_.insert(chain_);
  }
  // What was published first may have other bytes: flipped on their way, or those of a lost history
  // that had given out the id, too.
  for (const BlockId block : each.outcome.effects.committed) {
    const ModelBlockState* state = scene_.durable.block(block);
    if (state == nullptr) continue;
    scene_.atlas.redefine(block, state->info);
    if (!scene_.lost(block)) continue;
    // Until now a replica of the lost history passed for one that is left when others were taken.
    const BlockTruth& truth = *scene_.atlas.find(block);
    const bool taken = truth.good.empty() && truth.kept.empty() && !truth.destroyed_us.empty();
    if (taken) scene_.given_up.insert(block);
  }
  if (plan_.profile == Profile::kDisaster) history_.push_back(each);
}

void Cluster::died() {
  for (const auto& oracle : oracles_) oracle->namenode_died();
}

void Cluster::gave_up(const std::string& line) {
  scene_.verdicts.probe("NameNode ended itself");
  for (const auto& oracle : oracles_) oracle->namenode_gave_up(line);
  injector_->namenode_gave_up();
}

void Cluster::published(Address node, BlockId block) {
  const std::string wrong = scene_.atlas.published(node, block);
  for (const auto& oracle : oracles_) oracle->published(node, block, wrong);
}

void Cluster::moved(Address node, BlockId block, sim::Folder from, sim::Folder to) {
  for (const auto& oracle : oracles_) oracle->moving(node, block, from, to);
  scene_.atlas.refresh(node, block);
}

void Cluster::purged(Address node, BlockId block) {
  for (const auto& oracle : oracles_) oracle->purging(node, block);
  scene_.atlas.refresh(node, block);
}

void Cluster::resends(Address /*node*/, BlockId /*block*/) {
  scene_.verdicts.probe("pipeline's rest sent again by its head");
}

void Cluster::found_unreadable(Address /*node*/, BlockId /*block*/) {
  scene_.verdicts.probe("replica unreadable when its DataNode started");
}

void Cluster::says(Address node, const wire::Request& request) {
  for (const auto& oracle : oracles_) oracle->datanode_says(node, request);
}

void Cluster::hears(Address node, const wire::Reply& reply) {
  if (const auto* registered = std::get_if<wire::RegisterReply>(&reply)) {
    scene_.addresses[registered->node] = node;
  }
}

}  // namespace dfs::world
