#include "adapters/disk/replica_store.h"

#include <sys/random.h>

#include <algorithm>

#include "adapters/disk/store_state.h"

namespace dfs::disk {
namespace {

Result<std::string> new_uuid() {
  std::uint8_t bytes[16];
  if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) {
    return Status(Code::kIo, "no randomness for a new identity");
  }
  return to_hex(Bytes(bytes));
}

// Takes over what another volume of the same DataNode says; the newest history wins.
Status merge(Version& version, const Version& other, const std::string& directory,
             const std::string& first) {
  const datanode::Identity& theirs = other.identity;
  datanode::Identity& ours = version.identity;
  if (!ours.cluster.empty() && !theirs.cluster.empty() && ours.cluster != theirs.cluster) {
    return {Code::kWrongCluster, directory + ": belongs to cluster " + theirs.cluster + ", but " +
                                     first + " to cluster " + ours.cluster};
  }
  if (version.uuid != other.uuid) {
    return {Code::kWrongCluster, directory + ": belongs to another DataNode than " + first + " (" +
                                     other.uuid + ", " + version.uuid + ")"};
  }
  if (ours.cluster.empty()) ours.cluster = theirs.cluster;
  if (!ours.node) ours.node = theirs.node;
  ours.seen.block = std::max(ours.seen.block, theirs.seen.block);
  if (std::pair(theirs.seen.epoch, theirs.seen.applied) >
      std::pair(ours.seen.epoch, ours.seen.applied)) {
    ours.seen.epoch = theirs.seen.epoch;
    ours.seen.applied = theirs.seen.applied;
  }
  return {};
}

struct Opened {
  bool any = false;     // a volume with an identity
  bool failed = false;  // a volume that is left out
  std::string first;    // directory whose identity was read first
  Status failure;       // the first
  VolumeList listed;    // by the volumes with an identity
};

void leave_out(Volume& volume, Status status, Opened& opened) {
  volume.log("volume left out of service: " + status.message());
  volume.take_out(status.message());
  if (!opened.failed) opened.failure = std::move(status);
  opened.failed = true;
}

// ok: in service, or left out of it. Anything else: the DataNode must not start.
Status open_volume(Volume& volume, Version& version, Opened& opened) {
  const auto outcome = [&](Status status) {
    if (status.code() != Code::kIo) return status;
    leave_out(volume, std::move(status), opened);
    return Status();
  };
  if (Status status = volume.open(); !status.ok()) return outcome(std::move(status));
  const Result<Version> found = volume.read_version();
  if (found.status().code() == Code::kNotFound) return {};
  if (!found.ok()) return outcome(found.status());
  Result<VolumeList> list = volume.read_list();
  if (!list.ok()) return outcome(list.status());
  opened.listed.merge(*list);
  if (opened.any) return merge(version, *found, volume.directory(), opened.first);
  opened.any = true;
  opened.first = volume.directory();
  version = *found;
  return {};
}

// One that has never been a volume as far as it tells itself. What its disk would say, if that is
// not mounted, the others do: then nothing is made in its place on another disk.
Status open_newcomer(Volume& volume, Version& version, Opened& opened) {
  if (!opened.listed.contains(listed_name(volume.directory()))) {
    return open_volume(volume, version, opened);
  }
  leave_out(
      volume,
      {Code::kIo, volume.directory() +
                      ": was a volume of this DataNode and is empty: is its disk mounted? (To "
                      "start with an empty one in its place delete the file VOLUMES in the "
                      "other directories)"},
      opened);
  return {};
}

// Volumes before newcomers: they know what these are.
Status open_volumes(const std::vector<VolumePtr>& volumes, Version& version, Opened& opened) {
  std::vector<VolumePtr> newcomers;
  for (const VolumePtr& volume : volumes) {
    if (volume->look().code() == Code::kNotFound) {
      newcomers.push_back(volume);
    } else if (Status status = open_volume(*volume, version, opened); !status.ok()) {
      return status;
    }
  }
  for (const VolumePtr& volume : newcomers) {
    if (Status status = open_newcomer(*volume, version, opened); !status.ok()) return status;
  }
  return {};
}

// What a volume cannot be made to know, because it is full for instance, the others may.
void tell_volumes(const std::vector<VolumePtr>& volumes, VolumeList list) {
  for (const VolumePtr& volume : volumes) {
    if (volume->in_service()) list.insert(listed_name(volume->directory()));
  }
  for (const VolumePtr& volume : volumes) {
    if (!volume->in_service()) continue;
    const Result<VolumeList> there = volume->read_list();
    if (there.ok() && *there == list) continue;
    if (Status status = volume->write_list(list); !status.ok()) volume->log(status.message());
  }
}

}  // namespace

Result<VolumePtr> ReplicaStore::State::volume(datanode::VolumeId id, BlockId block) const {
  if (id < volumes.size() && volumes[id]->in_service()) return volumes[id];
  return Status(Code::kUnavailable, subject_of(block) + ": its volume is out of service");
}

ReplicaStore::ReplicaStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReplicaStore::~ReplicaStore() = default;

Result<std::unique_ptr<ReplicaStore>> ReplicaStore::open(Options options, System& system) {
  if (options.directories.empty()) {
    return Status(Code::kInvalidArgument, "no directory to keep replicas in");
  }
  auto state = std::make_unique<State>(std::move(options), system);
  Opened opened;
  for (const std::string& directory : state->options.directories) {
    if (directory.empty()) return Status(Code::kInvalidArgument, "a directory without a name");
    const auto id = static_cast<datanode::VolumeId>(state->volumes.size());
    state->volumes.push_back(std::make_shared<Volume>(id, directory, system, state->options.log));
  }
  if (Status status = open_volumes(state->volumes, state->version, opened); !status.ok()) {
    return status;
  }
  // With the only known identity on a disk that fails, a new one would make a second DataNode of
  // it.
  if (!opened.any && opened.failed) return opened.failure;
  if (!opened.any) {
    Result<std::string> uuid = new_uuid();
    if (!uuid.ok()) return uuid.status();
    state->version.uuid = *uuid;
  }
  Status last = opened.failure;
  for (const VolumePtr& volume : state->volumes) {
    if (!volume->in_service()) continue;
    Status status = volume->make_folders();
    // A disk that is full still serves what it has: its own identity, perhaps an older mark, is
    // there.
    const Result<Version> there = volume->read_version();
    if (status.ok() && !(there.ok() && *there == state->version)) {
      status = volume->write_version(state->version);
      if (there.ok() && volume->in_service()) status = {};
    }
    if (status.ok()) continue;
    last = Status(status.code(), volume->directory() + ": " + status.message());
    if (last.code() == Code::kUnavailable) return last;
    volume->take_out(status.message());
  }
  tell_volumes(state->volumes, opened.listed);
  std::unique_ptr<ReplicaStore> store(new ReplicaStore(std::move(state)));
  if (store->directories().empty()) return last;
  return store;
}

const std::string& ReplicaStore::uuid() const { return state_->version.uuid; }

datanode::Identity ReplicaStore::identity() const {
  const std::lock_guard guard(state_->mutex);
  return state_->version.identity;
}

Status ReplicaStore::persist(const datanode::Identity& identity) {
  if (!valid_cluster(identity.cluster)) {
    return {Code::kInvalidArgument, "identity: the cluster's name is malformed"};
  }
  const std::lock_guard persisting(state_->persist_mutex);
  const Version version{state_->version.uuid, identity};
  Status failure(Code::kIo, "identity: no volume is in service");
  bool written = false;
  for (const VolumePtr& volume : state_->volumes) {
    if (!volume->in_service()) continue;
    Status status = volume->write_version(version);
    // One volume that is full or read-only must not stop the node: at start the newest counts.
    if (status.ok()) {
      written = true;
    } else {
      failure = status;
    }
  }
  if (!written) return failure;
  const std::lock_guard guard(state_->mutex);
  state_->version.identity = identity;
  return {};
}

wire::NodeStats ReplicaStore::stats() const {
  wire::NodeStats stats;
  std::uint64_t physical = 0;
  std::uint64_t pending = 0;
  stats.volumes = volumes();
  for (const VolumePtr& volume : state_->volumes) {
    SpaceInfo space;
    if (!volume->in_service() || state_->system.space(volume->root(), space) < 0) {
      if (!volume->in_service()) ++stats.failed_volumes;
      continue;
    }
    const std::uint64_t free =
        space.free > state_->options.reserve ? space.free - state_->options.reserve : 0;
    physical += free;
    stats.capacity += space.total;
    stats.used += volume->used;
    stats.quarantined += volume->quarantined;
    pending += volume->pending;
    stats.largest_free = std::max(stats.largest_free, free);
  }
  if (state_->options.capacity != 0) {
    stats.capacity = std::min(stats.capacity, state_->options.capacity);
    const std::uint64_t taken = stats.used + stats.quarantined + pending;
    const std::uint64_t left = stats.capacity > taken ? stats.capacity - taken : 0;
    physical = std::min(physical, left);
    stats.largest_free = std::min(stats.largest_free, left);
  }
  stats.remaining = physical + stats.quarantined;
  return stats;
}

std::vector<std::string> ReplicaStore::directories() const {
  std::vector<std::string> directories;
  for (const VolumePtr& volume : state_->volumes) {
    if (volume->in_service()) directories.push_back(volume->directory());
  }
  return directories;
}

std::uint32_t ReplicaStore::volumes() const {
  return static_cast<std::uint32_t>(state_->volumes.size());
}

std::vector<datanode::VolumeId> ReplicaStore::failed_volumes() {
  const std::lock_guard guard(state_->mutex);
  std::vector<datanode::VolumeId> failed;
  for (const VolumePtr& volume : state_->volumes) {
    if (!volume->in_service() && state_->told_failed.insert(volume->id()).second) {
      failed.push_back(volume->id());
    }
  }
  return failed;
}

}  // namespace dfs::disk
