// Quarantine: moving replicas there and back, and the one place where a replica is unlinked for
// good.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "adapters/disk/store_state.h"

namespace dfs::disk {
namespace {

// Copies of one content in quarantine at a time.
constexpr std::uint32_t kMaxCopies = 1000;

bool cannot_link(int error) {
  return error == -EPERM || error == -EOPNOTSUPP || error == -EMLINK || error == -ENOSYS;
}

// Gives a file a second name; where the file system has no links, moves it.
int link_or_move(System& system, int from_dir, const std::string& from, int to_dir,
                 const std::string& to) {
  const int linked = system.link(from_dir, from.c_str(), to_dir, to.c_str());
  if (!cannot_link(linked)) return linked;
  return system.rename(from_dir, from.c_str(), to_dir, to.c_str());
}

int unlink_if_there(System& system, int dir, const std::string& name) {
  const int gone = system.unlink(dir, name.c_str());
  return gone == -ENOENT ? 0 : gone;
}

std::uint64_t size_of(System& system, int dir, const std::string& name) {
  FileInfo info;
  return system.stat_at(dir, name.c_str(), info) == 0 ? info.size : 0;
}

void subtract(std::atomic<std::uint64_t>& from, std::uint64_t bytes) {
  std::uint64_t now = from;
  while (!from.compare_exchange_weak(now, now - std::min(now, bytes))) {
  }
}

std::string with_meta(const std::string& name) { return name + std::string(kMetaSuffix); }

// Whether a sidecar that is no good was looked at at all. Where the process was short of
// descriptors it may be whole, and be of other content (V3).
bool looked_at(const Result<datanode::Sidecar>& sidecar) {
  return sidecar.status().code() != Code::kUnavailable;
}

// A name in quarantine that neither a data file nor a sidecar has.
std::string free_name(System& system, int dir, const wire::BlockInfo& replica) {
  std::string name;
  FileInfo info;
  for (std::uint32_t n = 0; n < kMaxCopies; ++n) {
    name = quarantine_name(replica, n);
    if (system.stat_at(dir, name.c_str(), info) == -ENOENT &&
        system.stat_at(dir, with_meta(name).c_str(), info) == -ENOENT) {
      break;
    }
  }
  return name;
}

enum class Sidecars { kLeftOut, kFirst };
// The quarantined copies of exactly this content, newest first; their data files, and all sidecars
// before these if they are wanted.
Result<std::vector<std::string>> copies_of(Volume& volume, const wire::BlockInfo& replica,
                                           Sidecars sidecars = Sidecars::kLeftOut) {
  const std::string path = std::string(kQuarantine) + "/" + leaf_of(replica.id);
  std::vector<std::string> names;
  const int listed = volume.system().list(volume.root(), path.c_str(), names);
  if (listed == -ENOENT) {
    return volume.missing(kQuarantine, replica.id, quarantine_name(replica, 0));
  }
  if (listed < 0) return volume.read_error(listed, subject_of(replica.id), "quarantine: list");
  std::vector<QuarantineName> found;
  std::vector<std::string> copies;
  for (const std::string& name : names) {
    const std::optional<QuarantineName> parsed = parse_quarantine(name);
    if (!parsed || parsed->replica != replica) continue;
    if (!parsed->meta) {
      found.push_back(*parsed);
    } else if (sidecars == Sidecars::kFirst) {
      copies.push_back(name);
    }
  }
  if (found.empty()) return Status(Code::kNotFound, subject_of(replica.id) + ": not in quarantine");
  std::sort(found.begin(), found.end(),
            [](const QuarantineName& a, const QuarantineName& b) { return a.n > b.n; });
  for (const QuarantineName& copy : found) copies.push_back(quarantine_name(replica, copy.n));
  return copies;
}

// Whether the copy is whole. kCorrupt only if it was read and is not.
Status check_copy(Volume& volume, int dir, const std::string& copy, const wire::BlockInfo& replica,
                  const ReplicaStore::Pace& pace) {
  const std::string subject = subject_of(replica.id);
  const Result<datanode::Sidecar> sidecar =
      read_sidecar(volume, dir, with_meta(copy), Part::kWhole, subject);
  const Code code = sidecar.status().code();
  if (code != Code::kOk && code != Code::kCorrupt && code != Code::kNotFound) {
    return sidecar.status();
  }
  if (!sidecar.ok() || sidecar->info != replica) {
    return {Code::kCorrupt, subject + ": its sidecar does not describe it"};
  }
  const int fd = volume.system().open(dir, copy.c_str(), O_RDONLY, 0);
  if (fd < 0) return volume.read_error(fd, subject, "quarantine: open");
  const Fd data(volume.system(), fd);
  return verify_data(volume, fd, *sidecar, pace);
}

// Gives a verified copy its names in current/ back; what has them goes to quarantine/ first.
Status put_back(Volume& volume, int from, const std::string& copy, const wire::BlockInfo& replica) {
  System& system = volume.system();
  const std::string subject = subject_of(replica.id);
  const Result<Fd> leaf = volume.durable_leaf(kCurrent, replica.id);
  if (!leaf.ok()) return leaf.status();
  const std::string data = data_name(replica.id);
  const std::string meta = meta_name(replica.id);
  const std::uint64_t bytes = size_of(system, from, copy) + size_of(system, from, with_meta(copy));
  Status kept = keep_present(volume, leaf->get(), replica.id, Originals::kUnlink);
  if (!kept.ok()) return kept;
  int error = link_or_move(system, from, with_meta(copy), leaf->get(), meta);
  if (error == 0) error = link_or_move(system, from, copy, leaf->get(), data);
  if (error == 0) error = volume.sync(leaf->get());
  if (error == 0) error = unlink_if_there(system, from, copy);
  if (error == 0) error = unlink_if_there(system, from, with_meta(copy));
  if (error < 0) return volume.write_error(error, subject, "restore");
  volume.used += bytes;
  subtract(volume.quarantined, bytes);
  return {};
}

}  // namespace

Status link_to_quarantine(Volume& volume, int leaf, const wire::BlockInfo& replica,
                          Originals originals) {
  System& system = volume.system();
  const std::string subject = subject_of(replica.id);
  const Result<Fd> to = volume.durable_leaf(kQuarantine, replica.id);
  if (!to.ok()) return to.status();
  const std::string data = data_name(replica.id);
  const std::string meta = meta_name(replica.id);
  const std::uint64_t bytes = size_of(system, leaf, data) + size_of(system, leaf, meta);
  const std::string name = free_name(system, to->get(), replica);
  int error = link_or_move(system, leaf, meta, to->get(), with_meta(name));
  if (error == 0 || error == -ENOENT) {  // a replica may have lost its sidecar
    error = link_or_move(system, leaf, data, to->get(), name);
  }
  if (error == 0) error = system.set_mtime(to->get(), name.c_str(), system.wall_ms());
  if (error == 0) error = volume.sync(to->get());
  if (error == 0 && originals == Originals::kUnlink) error = unlink_if_there(system, leaf, data);
  if (error == 0 && originals == Originals::kUnlink) error = unlink_if_there(system, leaf, meta);
  if (error < 0) return volume.write_error(error, subject, "quarantine");
  subtract(volume.used, bytes);
  volume.quarantined += bytes;
  return {};
}

Status link_to_unknown(Volume& volume, int dir, const std::string& name, Originals originals) {
  System& system = volume.system();
  const int fd = system.open(volume.root(), kUnknown, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return volume.write_error(fd, "unknown file", name);
  const Fd unknown(system, fd);
  int error = -EEXIST;
  for (std::uint32_t n = 0; error == -EEXIST && n < kMaxCopies; ++n) {
    error = link_or_move(system, dir, name, fd, name + "." + std::to_string(n));
  }
  if (error == 0) error = volume.sync(fd);
  if (error == 0 && originals == Originals::kUnlink) error = unlink_if_there(system, dir, name);
  if (error < 0) return volume.write_error(error, "unknown file", name);
  volume.log(name + ": moved aside to unknown/");
  return {};
}

Status keep_present(Volume& volume, int leaf, BlockId block, Originals originals) {
  System& system = volume.system();
  const std::string subject = subject_of(block);
  FileInfo info;
  bool there[2] = {};
  const std::string names[2] = {data_name(block), meta_name(block)};
  for (int i = 0; i < 2; ++i) {
    const int found = system.stat_at(leaf, names[i].c_str(), info);
    if (found < 0 && found != -ENOENT) return volume.write_error(found, subject, "stat");
    there[i] = found == 0;
  }
  if (there[0] && there[1]) {
    const Result<datanode::Sidecar> head =
        read_sidecar(volume, leaf, names[1], Part::kHead, subject);
    if (!looked_at(head)) return head.status();
    if (head.ok() && head->info.id == block) {
      return link_to_quarantine(volume, leaf, head->info, originals);
    }
  }
  for (int i = 0; i < 2; ++i) {
    if (!there[i]) continue;
    Status kept = link_to_unknown(volume, leaf, names[i], originals);
    if (!kept.ok()) return kept;
  }
  return {};
}

Status ReplicaStore::quarantine(const wire::BlockInfo& replica, datanode::VolumeId id) {
  const std::string subject = subject_of(replica.id);
  Result<VolumePtr> found = state_->volume(id, replica.id);
  if (!found.ok()) return found.status();
  Volume& volume = **found;
  const std::lock_guard guard(state_->names_of(replica.id));
  const std::string path = std::string(kCurrent) + "/" + leaf_of(replica.id);
  const int fd = state_->system.open(volume.root(), path.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (fd == -ENOENT) return volume.missing(kCurrent, replica.id, data_name(replica.id));
  if (fd < 0) return volume.read_error(fd, subject, "open of the directory");
  const Fd leaf(state_->system, fd);
  FileInfo info;
  const int there = state_->system.stat_at(fd, data_name(replica.id).c_str(), info);
  if (there == -ENOENT) return volume.missing(kCurrent, replica.id, data_name(replica.id));
  if (there < 0) return volume.read_error(there, subject, "stat");
  // A damaged sidecar does not protect a rotten replica; one that says something else does.
  const Result<datanode::Sidecar> head =
      read_sidecar(volume, fd, meta_name(replica.id), Part::kHead, subject);
  if (!looked_at(head)) return head.status();
  if (head.ok() && head->info != replica) {
    return {Code::kNotFound, subject + ": the replica here has other content"};
  }
  return link_to_quarantine(volume, fd, replica, Originals::kUnlink);
}

Status ReplicaStore::restore(const wire::BlockInfo& replica, datanode::VolumeId id,
                             const Pace& pace) {
  const std::string subject = subject_of(replica.id);
  Result<VolumePtr> found = state_->volume(id, replica.id);
  if (!found.ok()) return found.status();
  Volume& volume = **found;
  const Result<std::vector<std::string>> copies = copies_of(volume, replica);
  if (!copies.ok()) return copies.status();
  const std::string path = std::string(kQuarantine) + "/" + leaf_of(replica.id);
  const int dir = state_->system.open(volume.root(), path.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (dir < 0) return volume.read_error(dir, subject, "quarantine: open");
  const Fd leaf(state_->system, dir);
  Status status(Code::kCorrupt, subject + ": no copy in quarantine is whole");
  for (const std::string& copy : *copies) {
    const Status whole = check_copy(volume, dir, copy, replica, pace);
    if (!whole.ok()) {
      // One that could not be read may be the good one (V3).
      if (status.code() == Code::kCorrupt) status = whole;
      continue;
    }
    // An error says nothing about what is here (V3). What is published after this look is moved
    // away too, and is no better.
    const Status here = verify(replica, id, pace);
    if (here.ok()) return {Code::kAlreadyExists, subject + ": a whole replica is here"};
    if (here.code() != Code::kCorrupt && here.code() != Code::kNotFound) return here;
    const std::lock_guard guard(state_->names_of(replica.id));
    return put_back(volume, dir, copy, replica);
  }
  return status;
}

Status ReplicaStore::purge(const wire::BlockInfo& replica, datanode::VolumeId id) {
  const std::string subject = subject_of(replica.id);
  Result<VolumePtr> found = state_->volume(id, replica.id);
  if (!found.ok()) return found.status();
  Volume& volume = **found;
  const std::lock_guard guard(state_->names_of(replica.id));
  // The data goes last: while it has its name the replica is known, and a purge that has not come
  // to its end is made again. A sidecar that a move left without data would stay for ever.
  const Result<std::vector<std::string>> files = copies_of(volume, replica, Sidecars::kFirst);
  if (!files.ok()) return files.status();
  const std::string path = std::string(kQuarantine) + "/" + leaf_of(replica.id);
  const int dir = state_->system.open(volume.root(), path.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (dir < 0) return volume.read_error(dir, subject, "quarantine: open");
  const Fd leaf(state_->system, dir);
  // The unlink in current/ that ended the move here is not durable yet. Should it come undone when
  // nothing in quarantine/ tells of the move any more, an old replica would count again.
  const Result<Fd> current = volume.durable_leaf(kCurrent, replica.id);
  if (!current.ok()) return current.status();
  const int synced = volume.sync(current->get());
  if (synced < 0) return volume.write_error(synced, subject, "purge: sync of the directory");
  for (const std::string& file : *files) {
    const std::uint64_t bytes = size_of(state_->system, dir, file);
    const int error = unlink_if_there(state_->system, dir, file);
    if (error < 0) return volume.write_error(error, subject, "purge");
    subtract(volume.quarantined, bytes);
  }
  return {};
}

}  // namespace dfs::disk
