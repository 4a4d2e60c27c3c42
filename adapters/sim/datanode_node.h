// A simulated DataNode process: the machine, its transfers and tasks, and its disks.
//
// The glue carries bytes between connections, receivers and disks, gives disk work a duration and
// every wait a limit, and tells the machine how things ended. A crash leaves disk work after any
// of its steps, an ambush after a chosen one; a power loss also drops what was not synced. A disk
// whose writing fails is out of service until the process starts again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "adapters/disk/metadata_home.h"
#include "adapters/sim/disk.h"
#include "adapters/sim/network.h"
#include "adapters/sim/process.h"
#include "adapters/sim/system.h"
#include "core/datanode/copy_task.h"
#include "core/datanode/datanode.h"
#include "core/datanode/receiver.h"

namespace dfs::sim {

// Follows what happens to replicas on disk and what the DataNode says of them.
class DataNodeObserver {
 public:
  virtual ~DataNodeObserver() = default;
  virtual void published(Address node, BlockId block) = 0;
  virtual void moved(Address node, BlockId block, Folder from, Folder to) = 0;
  virtual void purged(Address node, BlockId block) = 0;
  // The rest of its pipeline failed: it sends its replica to the targets that are left.
  virtual void resends(Address node, BlockId block) = 0;
  // It starts and cannot read what the replica in its directory is.
  virtual void found_unreadable(Address node, BlockId block) = 0;
  // A message to the NameNode leaves.
  virtual void says(Address node, const wire::Request& request) = 0;
  // The NameNode's answer to it is about to be taken in.
  virtual void hears(Address node, const wire::Reply& reply) = 0;
};

// What lies on a DataNode's disks.
struct DataNodeDirectory {
  std::vector<SimDisk> disks;
  datanode::Identity identity;
  std::string uuid;
  std::unique_ptr<SimSystem> metadata = std::make_unique<SimSystem>();  // copies of the NameNode's
};

struct DataNodeTimes {
  Duration disk = microseconds(300);  // an operation that syncs, typically …
  bool spread = true;                 // … and by chance around it, sometimes far above
  Duration read = microseconds(50);   // a read, typically
  Duration tick = milliseconds(100);
  Duration answer_limit = seconds(10);     // of a message to the NameNode
  Duration receive_limit = seconds(10);    // from a block's header to the end of its body
  Duration downstream_limit = seconds(5);  // for an answer, times the nodes that are left
  Duration fetch_limit = seconds(5);       // of a range from another DataNode
};

class DataNodeNode final : public Process, public Endpoint {
 public:
  DataNodeNode(EventQueue& queue, Network& network, Address address, ClockSkew skew,
               datanode::Config config, DataNodeTimes times,
               const std::vector<std::uint64_t>& volumes, Address namenode, Random random,
               DataNodeObserver& observer);
  ~DataNodeNode() override;

  void start();
  // `power`: the machine loses power, so the disks lose what was not synced.
  void die(bool power);
  // While down: the directory is lost, the node comes back as a new one.
  void wipe();
  // While both are down: their directories change places, and with them who they are.
  void swap_directories(DataNodeNode& other);
  // While down: the directory is exchanged for this one.
  void swap_directory(DataNodeDirectory& other);
  [[nodiscard]] DataNodeDirectory copy_directory() const;

  Process& process() override { return *this; }
  void on_message(ConnectionId connection, Message&& message) override;
  void on_broken(ConnectionId connection, const Status& status, bool sent) override;

  [[nodiscard]] SimDisk& disk(datanode::VolumeId volume) { return disks_.at(volume); }
  [[nodiscard]] const SimDisk& disk(datanode::VolumeId volume) const { return disks_.at(volume); }
  [[nodiscard]] const std::string& rack() const { return config_.rack; }
  [[nodiscard]] std::uint32_t volumes() const { return static_cast<std::uint32_t>(disks_.size()); }
  [[nodiscard]] const datanode::Identity& identity() const { return identity_; }
  [[nodiscard]] const std::string& uuid() const { return uuid_; }
  // Its copies of the NameNode's metadata, on the first disk, as anybody finds them there.
  [[nodiscard]] Result<std::unique_ptr<disk::MetadataHome>> read_metadata();
  // Some of its disks are out of service.
  [[nodiscard]] bool has_failed_volumes() const;
  [[nodiscard]] datanode::DataNode* machine() { return machine_.get(); }
  [[nodiscard]] const datanode::DataNode* machine() const { return machine_.get(); }
  // Multiplies the duration of disk work.
  void slow_down(std::int64_t factor) { slowness_ = factor; }

 private:
  struct Receiving;
  struct Copy;
  enum class Purpose { kMessage, kUpstream, kDownstream, kFetch };
  struct Open {
    Purpose purpose = Purpose::kMessage;
    std::uint64_t number = 0;  // message, receiving, or fetch of `task`
    std::uint64_t task = 0;
  };

  void tick();
  void tell_failed_volumes();
  // Carries out disk work of `all` steps, or as many as an ambush lets it. nullopt: the process is
  // dying and does nothing any more.
  [[nodiscard]] std::optional<Status> in_steps(Work work, datanode::VolumeId volume, int all,
                                               const std::function<Status(int steps)>& what);
  void carry_out(datanode::EffectList effects);
  void send(datanode::SendToNameNode message);
  void persist(const datanode::Identity& identity);
  void limit(ConnectionId connection, Duration timeout);
  void fail(ConnectionId connection, const Open& open, const Status& status);
  [[nodiscard]] Duration disk_time(const char* what, std::uint64_t bytes);
  [[nodiscard]] datanode::VolumeId roomiest() const;
  [[nodiscard]] wire::NodeStats measure() const;

  // datanode_transfers.cc
  void accept_write(ConnectionId connection, const wire::WriteHeader& header);
  void take_body(std::uint64_t receiving, const Message& message);
  void downstream_answered(std::uint64_t receiving, const WriteAnswer& answer);
  void carry_out(std::uint64_t receiving, datanode::ReceiverEffects effects);
  void open_downstream(std::uint64_t receiving, const wire::NodeAddress& to,
                       const wire::WriteHeader& header);
  void resend(std::uint64_t receiving, const datanode::ResendDownstream& resend);
  void publish(std::uint64_t receiving, const SharedSidecar& sidecar);
  [[nodiscard]] Status publish_received(datanode::VolumeId volume, std::uint64_t file,
                                        const SharedSidecar& sidecar, int steps);
  void answer_read(ConnectionId connection, const wire::ReadHeader& header);
  [[nodiscard]] RangeAnswer read_range(const wire::ReadHeader& header);

  // datanode_metadata.cc
  void take_metadata(ConnectionId connection, Message&& message);
  [[nodiscard]] Result<wire::JournalState> store_metadata(const Message& message);
  [[nodiscard]] Result<std::unique_ptr<disk::MetadataHome>> open_metadata(
      disk::MetadataHome::Access access);

  // datanode_tasks.cc
  void start_task(const datanode::StartTask& start);
  void finish_task(const datanode::StartTask& start);
  // Does some of a piece of work, or all of it; nullopt: it was cut short.
  using InSteps = std::function<std::optional<Status>(
      Work work, int all, const std::function<Status(int steps)>& what)>;
  std::optional<Status> change_disk(const datanode::StartTask& start, const InSteps& run);
  std::optional<Status> restore(const datanode::StartTask& start, const InSteps& run);
  [[nodiscard]] Status verify(const wire::BlockInfo& replica, datanode::VolumeId volume) const;
  void look_again(const datanode::ReadSidecar& what);
  void start_copy(const datanode::StartTask& start);
  void carry_out(datanode::TaskId task, datanode::CopyEffects effects);
  void write_copy(Copy& copy, const datanode::WriteTemporary& write,
                  datanode::CopyEffects& effects);
  void publish_copy(datanode::TaskId task, const SharedSidecar& sidecar);
  void fetch(datanode::TaskId task, const client::Fetch& fetch);
  void fetched(const Open& open, const RangeAnswer& answer);
  void wake_copy(datanode::TaskId task);
  void task_done(datanode::TaskId task, const Status& status, datanode::VolumeId volume);

  Network& network_;
  datanode::Config config_;
  DataNodeTimes times_;
  Address namenode_;
  Random random_;
  DataNodeObserver& observer_;
  std::int64_t slowness_ = 1;

  // Durable.
  std::vector<SimDisk> disks_;
  datanode::Identity identity_;
  std::string uuid_;
  std::uint64_t wiped_ = 0;
  std::unique_ptr<SimSystem> metadata_ = std::make_unique<SimSystem>();

  std::unique_ptr<datanode::DataNode> machine_;
  std::unique_ptr<disk::MetadataHome> home_;  // once it was asked for
  std::set<datanode::VolumeId> told_failed_;
  std::map<ConnectionId, Open> open_;
  std::map<std::uint64_t, std::unique_ptr<Receiving>> receiving_;
  std::map<datanode::TaskId, std::unique_ptr<Copy>> copies_;
  // Disk work that a crash may leave half done: what to do if it gets that far.
  std::map<std::uint64_t, std::function<void(int steps)>> half_done_;
  std::uint64_t next_receiving_ = 1;
  std::uint64_t next_work_ = 1;
  std::uint64_t draws_ = 0;
};

}  // namespace dfs::sim
