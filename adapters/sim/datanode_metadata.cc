// Copies of the NameNode's metadata: the real keeper over simulated files.
#include <cerrno>
#include <utility>

#include "adapters/sim/datanode_node.h"

namespace dfs::sim {
namespace {

const std::string& cluster_of(const Message& message) {
  const auto* journal = std::get_if<JournalPost>(&message);
  return journal != nullptr ? journal->append.cluster
                            : std::get<CheckpointPut>(message).header.cluster;
}

}  // namespace

// A crash leaves it after any of its calls.
void DataNodeNode::take_metadata(ConnectionId connection, Message&& message) {
  const auto shared = std::make_shared<const Message>(std::move(message));
  const std::uint64_t work = next_work_++;
  half_done_[work] = [this, shared](int steps) {
    metadata_->stop_after(steps * 3);  // there are more than of a publication
    static_cast<void>(store_metadata(*shared));
    home_.reset();
    metadata_->stop_after(std::nullopt);
  };
  after(disk_time("metadata", size_of(*shared)), [this, connection, shared, work] {
    half_done_.erase(work);
    Result<wire::JournalState> state = store_metadata(*shared);
    HomeAnswer answer{.status = state.status(), .state = {}};
    if (state.ok()) {
      answer.state = std::move(*state);
      answer.state.node = identity_.node;
    }
    network_.send(connection, address(), std::move(answer));
  });
}

Result<wire::JournalState> DataNodeNode::store_metadata(const Message& message) {
  if (identity_.cluster.empty() || cluster_of(message) != identity_.cluster) {
    return {Code::kWrongCluster, "not a DataNode of this cluster"};
  }
  if (home_ == nullptr) {
    auto home = open_metadata(disk::MetadataHome::Access::kOwner);
    if (!home.ok()) return home.status();
    home_ = std::move(*home);
  }
  const SimDisk& disk = disks_.front();
  metadata_->set_error(!disk.in_service() ? -EIO : disk.free() == 0 ? -ENOSPC : 0);
  if (const auto* journal = std::get_if<JournalPost>(&message)) {
    return home_->append(journal->append);
  }
  const auto& put = std::get<CheckpointPut>(message);
  if (put.header.epoch > identity_.seen.epoch) return {Code::kUnavailable, "an unheard-of epoch"};
  Result<disk::MetadataHome::Incoming> incoming = home_->begin(put.header);
  if (!incoming.ok()) return incoming.status();
  if (Status status = incoming->write(as_bytes(*put.file)); !status.ok()) return status;
  return home_->finish(std::move(*incoming));
}

Result<std::unique_ptr<disk::MetadataHome>> DataNodeNode::open_metadata(
    disk::MetadataHome::Access access) {
  metadata_->set_error(disks_.front().in_service() ? 0 : -EIO);
  return disk::MetadataHome::open("metadata", access, *metadata_);
}

Result<std::unique_ptr<disk::MetadataHome>> DataNodeNode::read_metadata() {
  return open_metadata(disk::MetadataHome::Access::kReader);
}

}  // namespace dfs::sim
