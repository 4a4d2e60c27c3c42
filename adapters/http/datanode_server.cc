#include "adapters/http/datanode_server.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "adapters/http/block_copy.h"
#include "adapters/http/block_receive.h"
#include "adapters/http/block_send.h"
#include "adapters/http/metadata_handlers.h"
#include "core/wire/json.h"

namespace dfs::http {
namespace {

constexpr std::string_view kBlocks = "/blocks/v1/";
constexpr int kTicksPerMeasurement = 10;
constexpr Duration kNameNodeTimeout = seconds(10);
constexpr Duration kTransfersGrace = milliseconds(500);

// Digits only: a block id is never anything else, least of all a path. None is of an epoch that
// cannot be.
std::optional<BlockId> parse_block(std::string_view path) {
  const std::string_view digits = path.substr(kBlocks.size());
  BlockId block;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), block.value);
  if (error != std::errc{} || end != digits.data() + digits.size() || !block) return std::nullopt;
  if (epoch_of(block.value) > kMaxEpoch) return std::nullopt;
  return block;
}

ServerOptions datanode_options_of(const DataNodeOptions& options) {
  ServerOptions result;
  result.listen = options.listen;
  result.max_threads = 1024;  // a transfer holds one, and waits for others' in its pipeline
  return result;
}

// An address that nobody can connect to is not worth registering.
HostPort reachable(HostPort at) {
  if (at.host == "0.0.0.0" || at.host == "::") at.host = host_name();
  return at;
}

// Epoch and position up to which a directory has the NameNode's history.
using Reach = std::pair<std::uint64_t, std::uint64_t>;
Reach reach_of(const std::string& directory) {
  const auto home = disk::MetadataHome::open(directory, disk::MetadataHome::Access::kReader);
  if (!home.ok()) return {};
  const wire::MetadataList list = (*home)->list();
  if (list.checkpoints.empty()) return {};
  return {list.checkpoints[0].checkpoint.epoch, list.checkpoints[0].journal_applied};
}

// In the directory that has most, or the first that works: the store takes one whose disk fails out
// of service. So the home moves to another disk, and does not move back without what it was given
// there.
Result<std::unique_ptr<disk::MetadataHome>> open_metadata(const std::vector<std::string>& folders) {
  std::vector<std::pair<Reach, std::string>> homes;
  for (const std::string& folder : folders) {
    const std::string directory = folder + "/" + disk::kMetadataFolder;
    homes.emplace_back(folders.size() > 1 ? reach_of(directory) : Reach(), directory);
  }
  std::ranges::stable_sort(homes, std::greater{}, [](const auto& home) { return home.first; });
  Status status(Code::kInvalidArgument, "no directory");
  for (const auto& [reach, directory] : homes) {
    Result<std::unique_ptr<disk::MetadataHome>> home =
        disk::MetadataHome::open(directory, disk::MetadataHome::Access::kOwner);
    if (home.ok()) return home;
    status = home.status();
  }
  return status;
}

// Counts a transfer while it lives.
class Counted {
 public:
  explicit Counted(std::atomic<std::uint32_t>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<std::uint32_t>& count_;
};

// A block on its way in or out: counted, and measured at its end.
class Transfer {
 public:
  Transfer(std::atomic<std::uint32_t>& count, Metrics& metrics, std::string method)
      : counted_(count), metrics_(metrics), method_(std::move(method)) {}
  ~Transfer() { metrics_.request(method_, std::to_string(status), monotonic_now() - began_); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  int status = 500;  // of the answer; this one if there will be none of ours

 private:
  const Counted counted_;
  Metrics& metrics_;
  const std::string method_;
  const Instant began_ = monotonic_now();
};

}  // namespace

Result<std::unique_ptr<DataNodeServer>> DataNodeServer::start(DataNodeOptions options) {
  disk::Options disk;
  disk.directories = options.data;
  disk.capacity = options.capacity;
  disk.log = options.log;
  Result<std::unique_ptr<disk::ReplicaStore>> store = disk::ReplicaStore::open(std::move(disk));
  if (!store.ok()) return store.status();
  Result<std::unique_ptr<disk::MetadataHome>> metadata = open_metadata((*store)->directories());
  if (!metadata.ok()) return metadata.status();
  std::unique_ptr<DataNodeServer> server(
      new DataNodeServer(std::move(options), std::move(*store), std::move(*metadata)));
  if (Status status = server->begin(); !status.ok()) return status;
  return server;
}

DataNodeServer::DataNodeServer(DataNodeOptions options, std::unique_ptr<disk::ReplicaStore> store,
                               std::unique_ptr<disk::MetadataHome> metadata)
    : options_(std::move(options)),
      store_(std::move(store)),
      metadata_(std::move(metadata)),
      pace_(options_.scrub_rate),
      server_(datanode_options_of(options_)) {}

DataNodeServer::~DataNodeServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  pace_.stop();
  namenode_.cancel();
  peers_.cancel();  // transfers that wait for a node downstream end here
  server_.stop(kTransfersGrace);
  for (std::thread& thread : threads_) thread.join();
}

Status DataNodeServer::begin() {
  disk::Scan scan = store_->scan();
  options_.log("found " + std::to_string(scan.replicas.size()) + " replicas; " +
               std::to_string(scan.unknown) + " unknown files, " + std::to_string(scan.unreadable) +
               " unreadable, " + std::to_string(scan.foreign) + " foreign, " +
               std::to_string(scan.temporaries) + " temporaries removed");
  add_handlers();
  if (Status status = server_.start(); !status.ok()) return status;
  const datanode::Config config = machine_config();
  {
    const std::lock_guard lock(mutex_);
    machine_ = std::make_unique<datanode::DataNode>(config, Random(random_seed()));
  }
  step([&](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
    machine.start(store_->identity(), scan.replicas, store_->volumes(), now, effects);
  });
  measure();
  threads_.emplace_back([this] { talk_to_namenode(); });
  threads_.emplace_back([this] { tick_until_stopped(); });
  for (std::uint32_t i = 0; i <= config.parallel_tasks; ++i) {
    threads_.emplace_back([this] { work(); });
  }
  return {};
}

datanode::Config DataNodeServer::machine_config() const {
  datanode::Config config;
  config.uuid = store_->uuid();
  config.incarnation = random_identity();
  config.client_address =
      options_.advertise.empty() ? reachable(server_.address()).text() : options_.advertise;
  config.peer_address =
      options_.peer_advertise.empty() ? config.client_address : options_.peer_advertise;
  config.rack = options_.rack;
  config.host = options_.host.empty() ? host_name() : options_.host;
  config.answer_timeout = kNameNodeTimeout;
  config.unreadable_period = options_.unreadable_period;
  return config;
}

void DataNodeServer::add_handlers() {
  server_.handle("PUT", std::string(kBlocks) + "*",
                 [this](const ServerRequest& request, ServerResponse& response) {
                   answer_block(request, response, true);
                 });
  server_.handle("GET", std::string(kBlocks) + "*",
                 [this](const ServerRequest& request, ServerResponse& response) {
                   answer_block(request, response, false);
                 });
  add_metadata_handlers(server_, *metadata_, [this] { return identity(); });
  server_.handle("GET", "/healthz", [this](const ServerRequest&, ServerResponse& response) {
    answer_health(response);
  });
  server_.handle("GET", "/metrics", [this](const ServerRequest&, ServerResponse& response) {
    answer_metrics(response);
  });
}

void DataNodeServer::answer_block(const ServerRequest& request, ServerResponse& response,
                                  bool write) {
  auto transfer = std::make_shared<Transfer>(transfers_, metrics_, write ? "write" : "read");
  const std::optional<BlockId> block = parse_block(request.path);
  if (!block) {
    response.fail({Code::kInvalidArgument, "not a block id"});
  } else if (write) {
    receive_block(*this, *block, request, response);
  } else {
    send_block(*this, *block, request, response);
  }
  transfer->status = response.status;
  // A read has only begun here: what is left of it is in the stream, which goes when it has ended.
  if (response.stream) {
    response.stream = [transfer = std::move(transfer), stream = std::move(response.stream)](
                          const Sink& sink) { return stream(sink); };
  }
}

void DataNodeServer::answer_health(ServerResponse& response) {
  const std::lock_guard lock(mutex_);
  const bool registered = machine_ && machine_->registered();
  response.body = registered ? R"({"healthy":true,"registered":true})"
                             : R"({"healthy":true,"registered":false})";
}

void DataNodeServer::answer_metrics(ServerResponse& response) {
  const wire::NodeStats stats = store_->stats();
  metrics_.set("capacity_bytes", "Bytes that replicas may take.", stats.capacity);
  metrics_.set("used_bytes", "Bytes of replicas.", stats.used);
  metrics_.set("remaining_bytes", "Bytes that can still be stored.", stats.remaining);
  metrics_.set("quarantined_bytes", "Bytes in quarantine.", stats.quarantined);
  metrics_.set("volumes", "Volumes in service.", stats.volumes);
  metrics_.set("failed_volumes", "Volumes out of service.", stats.failed_volumes);
  metrics_.set("transfers", "Reads and writes in progress.", transfers_);
  {
    const std::lock_guard lock(mutex_);
    metrics_.set("replicas", "Replicas.", machine_ ? machine_->replicas() : 0);
    metrics_.set("registered", "1 while registered with the NameNode.",
                 machine_ && machine_->registered() ? 1 : 0);
    metrics_.set("tasks_waiting", "Disk tasks that wait for a worker.", work_.size());
  }
  metrics_.set_server(server_.counters());
  metrics_.write(response);
}

void DataNodeServer::step(
    const std::function<void(datanode::DataNode&, Now, datanode::EffectList&)>& input) noexcept {
  const std::lock_guard lock(mutex_);
  datanode::EffectList effects;
  input(*machine_, clock_.now(), effects);
  for (datanode::Effect& effect : effects) {
    if (auto* send = std::get_if<datanode::SendToNameNode>(&effect)) {
      outbox_.push_back(std::move(*send));
    } else if (auto* identity = std::get_if<datanode::PersistIdentity>(&effect)) {
      work_.emplace_back(std::move(*identity));
    } else if (auto* look = std::get_if<datanode::ReadSidecar>(&effect)) {
      work_.emplace_back(*look);
    } else {
      work_.emplace_back(std::move(std::get<datanode::StartTask>(effect)));
    }
  }
  if (!effects.empty()) changed_.notify_all();
}

datanode::Identity DataNodeServer::identity() {
  const std::lock_guard lock(mutex_);
  return machine_ ? machine_->identity() : datanode::Identity{};
}

Result<datanode::DataNode::Replica> DataNodeServer::find(BlockId block) {
  const std::lock_guard lock(mutex_);
  if (const auto replica = machine_->find(block)) return *replica;
  const std::string subject = "block " + std::to_string(block.value);
  if (machine_->unreadable(block)) {
    return Status(Code::kUnavailable, subject + ": the replica here cannot be read now");
  }
  return Status(Code::kNotFound, subject + ": no replica here");
}

void DataNodeServer::stored(const wire::BlockInfo& info, datanode::VolumeId volume) {
  step([&](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
    machine.stored(info, volume, now, effects);
  });
}

void DataNodeServer::suspect(BlockId block) {
  step([&](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
    machine.suspect(block, now, effects);
  });
}

void DataNodeServer::found_bad(const wire::BadReplica& replica) {
  step([&](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
    machine.found_bad(replica, now, effects);
  });
}

void DataNodeServer::talk_to_namenode() {
  std::size_t current = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !outbox_.empty(); });
    if (stopping_) return;
    const datanode::SendToNameNode send = std::move(outbox_.front());
    outbox_.pop_front();
    lock.unlock();
    const CallResult result =
        namenode_.call(options_.namenodes[current], send.request, kNameNodeTimeout);
    log_contact(options_.namenodes[current], result);
    step([&](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
      if (result.answered) {
        machine.answered(send.message, result.reply, now, effects);
      } else {
        machine.unanswered(send.message, now, effects);
      }
    });
    if (!result.answered) current = (current + 1) % options_.namenodes.size();
    lock.lock();
  }
}

// One line when the NameNode's word changes from good to bad, from one reason to another, or back.
void DataNodeServer::log_contact(const std::string& namenode, const CallResult& result) {
  const auto* status = std::get_if<Status>(&result.reply);
  const std::string trouble = status == nullptr ? "" : status->message();
  if (trouble == trouble_) return;
  trouble_ = trouble;
  options_.log("NameNode " + namenode + ": " + (trouble.empty() ? "answers" : trouble));
}

void DataNodeServer::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !work_.empty(); });
    if (stopping_) return;
    const Work work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    if (const auto* persist = std::get_if<datanode::PersistIdentity>(&work)) {
      this->persist(persist->identity);
    } else if (const auto* look = std::get_if<datanode::ReadSidecar>(&work)) {
      look_again(*look);
    } else {
      run_task(std::get<datanode::StartTask>(work));
    }
    lock.lock();
  }
}

// Without the mark on disk no order may be carried out: after a failure the machine waits and asks
// again. The store takes a failing volume out of service and a later measurement says so.
void DataNodeServer::persist(const datanode::Identity& identity) {
  if (Status status = store_->persist(identity); !status.ok()) {
    options_.log("cannot store the identity: " + status.message());
    step([](datanode::DataNode& machine, Now now, datanode::EffectList&) {
      machine.persist_failed(now);
    });
    return;
  }
  step([](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
    machine.persisted(now, effects);
  });
}

void DataNodeServer::run_task(const datanode::StartTask& task) {
  const Result<datanode::VolumeId> result = carry_out(task);
  const Status status = result.ok() ? Status() : result.status();
  const datanode::VolumeId volume = result.ok() ? *result : task.volume;
  metrics_.request(std::string(to_string(task.kind)), std::string(to_string(status.code())), {});
  step([&](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
    machine.task_done(task.task, status, volume, now, effects);
  });
}

void DataNodeServer::look_again(const datanode::ReadSidecar& what) {
  const Result<wire::BlockInfo> found = store_->scan_again(what.block, what.volume);
  step([&](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
    machine.sidecar_read(what, found, now, effects);
  });
}

Result<datanode::VolumeId> DataNodeServer::carry_out(const datanode::StartTask& task) {
  const auto pace = [this](std::uint64_t bytes) { return pace_.take(bytes); };
  const wire::BlockInfo& replica = task.order.block;
  Status status;
  switch (task.kind) {
    case wire::OrderKind::kCopy: {
      const Counted counted(transfers_);
      return copy_block(*this, task.order);
    }
    case wire::OrderKind::kVerify:
      status = store_->verify(replica, task.volume, pace);
      break;
    case wire::OrderKind::kQuarantine:
      status = store_->quarantine(replica, task.volume);
      break;
    case wire::OrderKind::kRestore:
      status = store_->restore(replica, task.volume, pace);
      break;
    case wire::OrderKind::kPurge:
      status = store_->purge(replica, task.volume);
      break;
    case wire::OrderKind::kConfirm:
      DFS_ASSERT(false);
  }
  if (!status.ok()) return status;
  return task.volume;
}

void DataNodeServer::tick_until_stopped() {
  std::unique_lock lock(mutex_);
  for (int ticks = 0; !changed_.wait_for(lock, kTick, [this] { return stopping_; }); ++ticks) {
    lock.unlock();
    if (ticks % kTicksPerMeasurement == 0) measure();
    step([](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
      machine.tick(now, effects);
    });
    lock.lock();
  }
}

void DataNodeServer::measure() {
  wire::NodeStats stats = store_->stats();
  stats.transfers = transfers_;
  const std::vector<datanode::VolumeId> failed = store_->failed_volumes();
  step([&](datanode::DataNode& machine, Now now, datanode::EffectList& effects) {
    stats.replicas = machine.replicas();
    machine.set_space(stats);
    for (datanode::VolumeId volume : failed) machine.volume_failed(volume, now, effects);
  });
}

}  // namespace dfs::http
