#include "adapters/sim/datanode_node.h"

#include <algorithm>
#include <tuple>

#include "adapters/sim/address.h"
#include "adapters/sim/datanode_work.h"
#include "core/base/assert.h"

namespace dfs::sim {
namespace {

std::string new_uuid(Address address, std::uint64_t wiped) {
  return to_hex(mix(address, wiped), 16) + to_hex(wiped, 16);
}

// What is about to be done with an answer of the NameNode; nullopt: nothing of interest.
std::optional<Work> work_of(const wire::Reply& reply) {
  if (std::holds_alternative<wire::RegisterReply>(reply)) return Work::kRegister;
  const auto* heartbeat = std::get_if<wire::HeartbeatReply>(&reply);
  if (heartbeat == nullptr) return Work::kReport;
  return heartbeat->orders.empty() ? std::nullopt : std::optional(Work::kOrders);
}

}  // namespace

DataNodeNode::DataNodeNode(EventQueue& queue, Network& network, Address address, ClockSkew skew,
                           datanode::Config config, DataNodeTimes times,
                           const std::vector<std::uint64_t>& volumes, Address namenode,
                           Random random, DataNodeObserver& observer)
    : Process(queue, address, skew),
      network_(network),
      config_(std::move(config)),
      times_(times),
      namenode_(namenode),
      random_(random),
      observer_(observer) {
  for (const std::uint64_t capacity : volumes) disks_.emplace_back(capacity);
  uuid_ = new_uuid(Process::address(), wiped_);
}

DataNodeNode::~DataNodeNode() = default;

void DataNodeNode::start() {
  begin();
  network_.came_back(address());
  datanode::Config config = config_;
  config.uuid = uuid_;
  config.incarnation = to_hex(mix(address(), incarnation()), 16) + to_hex(incarnation(), 16);
  machine_ =
      std::make_unique<datanode::DataNode>(config, random_.fork("machine").fork(incarnation()));
  std::vector<datanode::FoundReplica> found;
  for (std::uint32_t volume = 0; volume < disks_.size(); ++volume) {
    disks_[volume].clean();
    if (!disks_[volume].in_service()) continue;
    for (const BlockId block : disks_[volume].list()) {
      // A replica that cannot be read now is not absent: the directory shows it (V3).
      if (const Result<wire::BlockInfo> read = disks_[volume].read_sidecar(block); read.ok()) {
        found.push_back({*read, volume, false, {}});
      } else {
        found.push_back({{block, 0, 0}, volume, false, {}, true});
        observer_.found_unreadable(address(), block);
      }
    }
    for (const Quarantined& copy : disks_[volume].quarantined()) {
      found.push_back({copy.info, volume, true, {}});
    }
  }
  // Of several of one block the newer one comes first.
  std::ranges::stable_sort(found, {}, [this](const datanode::FoundReplica& each) {
    const std::int64_t made_ms = each.quarantined ? 0 : disks_[each.volume].made_ms(each.info.id);
    return std::tuple(each.info.id, each.quarantined, -made_ms);
  });
  machine_->set_space(measure());
  datanode::EffectList effects;
  machine_->start(identity_, found, volumes(), now(), effects);
  told_failed_.clear();
  tell_failed_volumes();
  carry_out(std::move(effects));
  tick();
}

void DataNodeNode::die(bool power) {
  if (!up()) return;
  end();
  Random draw = random_.fork("death").fork(incarnation());
  for (auto& [work, half_done] : half_done_) {
    half_done(static_cast<int>(draw.below(kPublishSteps + 1)));
  }
  half_done_.clear();
  home_.reset();
  if (power) {
    for (SimDisk& disk : disks_) disk.power_loss(draw.fork(draw.next()));
    metadata_->power_loss(draw.fork("metadata"));
  }
  machine_.reset();
  open_.clear();
  receiving_.clear();
  copies_.clear();
  network_.died(address(), power);
}

void DataNodeNode::wipe() {
  DFS_ASSERT(!up());
  for (SimDisk& disk : disks_) disk.wipe();
  metadata_->files().wipe();
  identity_ = {};
  uuid_ = new_uuid(address(), ++wiped_);
}

void DataNodeNode::swap_directory(DataNodeDirectory& other) {
  DFS_ASSERT(!up());
  std::swap(disks_, other.disks);
  std::swap(identity_, other.identity);
  std::swap(uuid_, other.uuid);
  std::swap(metadata_, other.metadata);
}

DataNodeDirectory DataNodeNode::copy_directory() const {
  DFS_ASSERT(!up());
  DataNodeDirectory copy;
  for (const SimDisk& disk : disks_) copy.disks.push_back(disk.copy());
  copy.identity = identity_;
  copy.uuid = uuid_;
  for (const std::string& name : metadata_->files().names()) {
    copy.metadata->files().put(name, metadata_->files().find(name)->bytes());
  }
  return copy;
}

void DataNodeNode::swap_directories(DataNodeNode& other) {
  DataNodeDirectory none;
  swap_directory(none);
  other.swap_directory(none);
  swap_directory(none);
}

bool DataNodeNode::has_failed_volumes() const {
  return std::any_of(disks_.begin(), disks_.end(),
                     [](const SimDisk& disk) { return !disk.in_service(); });
}

void DataNodeNode::tell_failed_volumes() {
  for (datanode::VolumeId volume = 0; volume < disks_.size(); ++volume) {
    if (disks_[volume].in_service() || !told_failed_.insert(volume).second) continue;
    datanode::EffectList effects;
    machine_->volume_failed(volume, now(), effects);
    carry_out(std::move(effects));
  }
}

std::optional<Status> DataNodeNode::in_steps(Work work, datanode::VolumeId volume, int all,
                                             const std::function<Status(int steps)>& what) {
  const std::optional<Ambush> ambush = ambushes().spring(work, volume);
  if (!ambush) return what(all);
  Status done = what(ambush->point.steps);
  if (ambush->blow == Blow::kDiskError) return disks_.at(volume).fail();
  pause();
  return std::nullopt;
}

void DataNodeNode::tick() {
  tell_failed_volumes();
  machine_->set_space(measure());
  datanode::EffectList effects;
  machine_->tick(now(), effects);
  carry_out(std::move(effects));
  after(times_.tick, [this] { tick(); });
}

wire::NodeStats DataNodeNode::measure() const {
  wire::NodeStats stats;
  stats.volumes = volumes();
  for (const SimDisk& disk : disks_) {
    const std::uint64_t quarantined = disk.quarantined_bytes();
    stats.capacity += disk.capacity();
    stats.remaining += disk.free() + quarantined;  // it can be had
    stats.used += disk.used() - quarantined;
    stats.quarantined += quarantined;
    stats.largest_free = std::max(stats.largest_free, disk.free());
  }
  stats.replicas = machine_->replicas();
  stats.transfers = static_cast<std::uint32_t>(receiving_.size());
  return stats;
}

datanode::VolumeId DataNodeNode::roomiest() const {
  datanode::VolumeId best = 0;
  for (datanode::VolumeId volume = 1; volume < disks_.size(); ++volume) {
    if (disks_[volume].free() > disks_[best].free()) best = volume;
  }
  return best;
}

Duration DataNodeNode::disk_time(const char* what, std::uint64_t bytes) {
  Random draw = random_.fork(what).fork(incarnation()).fork(draws_++);
  const auto typical = static_cast<std::uint64_t>(times_.disk.us);
  std::uint64_t us = times_.spread ? typical / 2 + draw.below(typical) : typical;
  us += bytes / 400;
  if (times_.spread && draw.chance(1, 100)) us += draw.below(typical * 100);
  return microseconds(static_cast<std::int64_t>(us) * slowness_);
}

void DataNodeNode::carry_out(datanode::EffectList effects) {
  for (datanode::Effect& effect : effects) {
    if (auto* message = std::get_if<datanode::SendToNameNode>(&effect)) {
      send(std::move(*message));
    } else if (const auto* identity = std::get_if<datanode::PersistIdentity>(&effect)) {
      persist(identity->identity);
    } else if (const auto* task = std::get_if<datanode::StartTask>(&effect)) {
      start_task(*task);
    } else if (const auto* look = std::get_if<datanode::ReadSidecar>(&effect)) {
      look_again(*look);
    }
  }
}

void DataNodeNode::send(datanode::SendToNameNode message) {
  observer_.says(address(), message.request);
  const ConnectionId connection = network_.connect(address(), namenode_);
  open_[connection] = {Purpose::kMessage, message.message, 0};
  network_.send(connection, address(), CallMessage{std::move(message.request)});
  limit(connection, times_.answer_limit);
}

void DataNodeNode::persist(const datanode::Identity& identity) {
  const std::uint64_t work = next_work_++;
  half_done_[work] = [this, identity](int steps) {
    if (steps > kPublishSteps / 2) identity_ = identity;
  };
  after(disk_time("identity", 0), [this, work, identity] {
    half_done_.erase(work);
    const std::optional<Ambush> ambush = ambushes().spring(Work::kPersist);
    if (!ambush || ambush->point.steps > 0) identity_ = identity;
    if (ambush) return pause();
    datanode::EffectList effects;
    machine_->persisted(now(), effects);
    carry_out(std::move(effects));
  });
}

void DataNodeNode::limit(ConnectionId connection, Duration timeout) {
  at(now().mono + timeout, [this, connection] {
    const auto found = open_.find(connection);
    if (found == open_.end()) return;
    const Open open = found->second;
    open_.erase(found);
    network_.abort(connection, address());
    fail(connection, open, no_answer());
  });
}

void DataNodeNode::on_broken(ConnectionId connection, const Status& status, bool /*sent*/) {
  const auto found = open_.find(connection);
  if (found == open_.end()) return;
  const Open open = found->second;
  open_.erase(found);
  fail(connection, open, status);
}

// What waited for the connection does not get its answer.
void DataNodeNode::fail(ConnectionId /*connection*/, const Open& open, const Status& status) {
  if (open.purpose == Purpose::kMessage) {
    datanode::EffectList effects;
    machine_->unanswered(open.number, now(), effects);
    carry_out(std::move(effects));
    return;
  }
  if (open.purpose == Purpose::kFetch) {
    fetched(open, RangeAnswer{.status = status});
    return;
  }
  const auto found = receiving_.find(open.number);
  if (found == receiving_.end()) return;
  datanode::ReceiverEffects effects;
  if (open.purpose == Purpose::kUpstream) {
    found->second->machine.sender_failed(status, effects);
  } else {
    found->second->downstream = 0;
    found->second->machine.downstream_failed(status, effects);
  }
  carry_out(open.number, std::move(effects));
}

void DataNodeNode::on_message(ConnectionId connection, Message&& message) {
  if (const auto* write = std::get_if<WriteOpen>(&message)) {
    return accept_write(connection, write->header);
  }
  if (const auto* read = std::get_if<ReadAsk>(&message)) {
    return answer_read(connection, read->header);
  }
  if (std::holds_alternative<JournalPost>(message) ||
      std::holds_alternative<CheckpointPut>(message)) {
    return take_metadata(connection, std::move(message));
  }
  const auto found = open_.find(connection);
  if (found == open_.end()) return;
  const Open open = found->second;
  if (open.purpose == Purpose::kUpstream) {
    return take_body(open.number, message);
  }
  open_.erase(found);
  network_.finish(connection);
  if (const auto* answer = std::get_if<CallAnswer>(&message)) {
    if (const auto work = work_of(answer->reply); work && struck_at(*work)) return;
    observer_.hears(address(), answer->reply);
    datanode::EffectList effects;
    machine_->answered(open.number, answer->reply, now(), effects);
    carry_out(std::move(effects));
  } else if (const auto* written = std::get_if<WriteAnswer>(&message)) {
    downstream_answered(open.number, *written);
  } else if (const auto* range = std::get_if<RangeAnswer>(&message)) {
    fetched(open, *range);
  }
}

}  // namespace dfs::sim
