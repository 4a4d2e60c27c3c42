// `dfs datanode`: the DataNode machine, its directories and its transfers behind HTTP.
//
// The machine is stepped under a lock by whoever has an input; what it asks for is queued under the
// same lock, in order: messages for the thread that talks to the NameNode, disk tasks and
// identities to persist for a few workers. Transfers run in their request's thread.
//
//   PUT, GET /blocks/v1/<id>   block transfer (core/wire/transfer.h)
//   /metadata/v1/…             the metadata's second home (core/wire/metadata_messages.h)
//   GET      /healthz          200 while the machine answers; says whether it is registered
//   GET      /metrics          Prometheus
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "adapters/disk/metadata_home.h"
#include "adapters/http/block_host.h"
#include "adapters/http/metrics.h"
#include "adapters/http/pace.h"
#include "adapters/http/process.h"
#include "adapters/http/server.h"

namespace dfs::http {

struct DataNodeOptions {
  std::vector<std::string> data;       // directories
  std::vector<std::string> namenodes;  // "host:port"
  HostPort listen{"127.0.0.1", 8001};
  std::string advertise;       // for clients; the listening address if empty
  std::string peer_advertise;  // for other DataNodes; `advertise` if empty
  std::string rack = "/default-rack";
  std::string host;            // failure domain; this machine's name if empty
  std::uint64_t capacity = 0;  // bytes; 0: what the disks have
  std::uint64_t scrub_rate = std::uint64_t{32} << 20;  // bytes a second
  Duration unreadable_period = datanode::Config().unreadable_period;
  std::function<void(const std::string& line)> log = [](const std::string&) {};
};

class DataNodeServer final : private BlockHost {
 public:
  // Takes the directories, scans them, serves, and begins to register.
  [[nodiscard]] static Result<std::unique_ptr<DataNodeServer>> start(DataNodeOptions options);
  ~DataNodeServer() override;

  [[nodiscard]] HostPort address() const { return server_.address(); }

 private:
  using Work = std::variant<datanode::PersistIdentity, datanode::StartTask, datanode::ReadSidecar>;

  DataNodeServer(DataNodeOptions options, std::unique_ptr<disk::ReplicaStore> store,
                 std::unique_ptr<disk::MetadataHome> metadata);

  // BlockHost, for transfers.
  datanode::Identity identity() override;
  Result<datanode::DataNode::Replica> find(BlockId block) override;
  void stored(const wire::BlockInfo& info, datanode::VolumeId volume) override;
  void suspect(BlockId block) override;
  void found_bad(const wire::BadReplica& replica) override;
  disk::ReplicaStore& store() override { return *store_; }
  SocketClient& peers() override { return peers_; }

  [[nodiscard]] Status begin();
  [[nodiscard]] datanode::Config machine_config() const;
  void add_handlers();
  void answer_block(const ServerRequest& request, ServerResponse& response, bool write);
  void answer_health(ServerResponse& response);
  void answer_metrics(ServerResponse& response);

  // Steps the machine and queues what it asks for. An exception would leave the machine halfway: it
  // ends the process.
  void step(
      const std::function<void(datanode::DataNode&, Now, datanode::EffectList&)>& input) noexcept;

  void talk_to_namenode();
  void log_contact(const std::string& namenode, const CallResult& result);
  void work();
  void tick_until_stopped();
  void measure();
  void persist(const datanode::Identity& identity);
  void run_task(const datanode::StartTask& task);
  void look_again(const datanode::ReadSidecar& what);
  [[nodiscard]] Result<datanode::VolumeId> carry_out(const datanode::StartTask& task);

  const DataNodeOptions options_;
  const Clock clock_;
  std::unique_ptr<disk::ReplicaStore> store_;
  std::unique_ptr<disk::MetadataHome> metadata_;
  SocketClient namenode_;
  SocketClient peers_;
  Pace pace_;
  Metrics metrics_{"datanode"};
  Server server_;
  std::atomic<std::uint32_t> transfers_{0};
  std::string trouble_;  // of the last talk with the NameNode; of that thread only

  std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  bool stopping_ = false;
  std::unique_ptr<datanode::DataNode> machine_;
  std::deque<datanode::SendToNameNode> outbox_;
  std::deque<Work> work_;
  std::vector<std::thread> threads_;
};

}  // namespace dfs::http
