#include "adapters/sim/datanode_node.h"

#include <algorithm>

#include "adapters/sim/address.h"
#include "adapters/sim/datanode_work.h"
#include "core/base/assert.h"

namespace dfs::sim {

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
}

DataNodeNode::~DataNodeNode() = default;

void DataNodeNode::start() {
  begin();
  network_.came_back(address());
  datanode::Config config = config_;
  config.uuid = to_hex(mix(address(), wiped_), 16) + to_hex(wiped_, 16);
  config.incarnation = to_hex(mix(address(), incarnation()), 16) + to_hex(incarnation(), 16);
  machine_ =
      std::make_unique<datanode::DataNode>(config, random_.fork("machine").fork(incarnation()));
  std::vector<datanode::FoundReplica> found;
  for (std::uint32_t volume = 0; volume < disks_.size(); ++volume) {
    disks_[volume].clean();
    for (const Folder folder : {Folder::kCurrent, Folder::kQuarantine}) {
      for (const BlockId block : disks_[volume].list(folder)) {
        // A replica that cannot be read now is not absent: the directory shows it (V3).
        const datanode::Sidecar* sidecar = disks_[volume].sidecar(block, folder);
        DFS_ASSERT(sidecar != nullptr);
        found.push_back({sidecar->info, volume, folder == Folder::kQuarantine});
      }
    }
  }
  machine_->set_space(measure());
  datanode::EffectList effects;
  machine_->start(identity_, found, volumes(), now(), effects);
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
  if (power) {
    for (SimDisk& disk : disks_) disk.power_loss(draw.fork(draw.next()));
  }
  machine_.reset();
  open_.clear();
  messages_.clear();
  receiving_.clear();
  copies_.clear();
  network_.died(address(), power);
}

void DataNodeNode::wipe() {
  DFS_ASSERT(!up());
  for (SimDisk& disk : disks_) disk.wipe();
  identity_ = {};
  ++wiped_;
}

void DataNodeNode::tick() {
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
    stats.capacity += disk.capacity();
    stats.remaining += disk.free();
    stats.used += disk.used();
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
    }
  }
}

void DataNodeNode::send(datanode::SendToNameNode message) {
  observer_.says(address(), message.request);
  const ConnectionId connection = network_.connect(address(), namenode_);
  open_[connection] = {Purpose::kMessage, message.message, 0};
  messages_[message.message] = message.request;
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
    identity_ = identity;
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
    messages_.erase(open.number);
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

void DataNodeNode::on_message(ConnectionId connection, Message message) {
  if (const auto* write = std::get_if<WriteOpen>(&message)) {
    return accept_write(connection, write->header);
  }
  if (const auto* read = std::get_if<ReadAsk>(&message)) {
    return answer_read(connection, read->header);
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
    observer_.hears(address(), messages_.at(open.number), answer->reply);
    messages_.erase(open.number);
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
