// The start-up scan: what is on the volumes. It deletes nothing but left-over temporaries.
//
// An error is not a finding (V3). A replica that cannot be read stays where it is and is told of by
// its name. A folder that cannot be read leaves even that unknown: its volume goes out of service,
// which the NameNode is told.
//
// What is found is reported as stored, so it must be durable: a process before this one may have
// died between a rename and its sync.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <system_error>
#include <tuple>

#include "adapters/disk/store_state.h"

namespace dfs::disk {
namespace {

struct Found {
  datanode::FoundReplica replica;
  std::int64_t mtime_ms = 0;
  std::uint64_t bytes = 0;
};

// Names of one block.
struct Files {
  bool data = false;
  bool meta = false;
};

// One volume's part of the scan.
class VolumeScan {
 public:
  VolumeScan(Volume& volume, const std::string& cluster, Scan& scan)
      : volume_(volume), system_(volume.system()), cluster_(cluster), scan_(scan) {}

  void run() {
    empty_temporaries();
    each_leaf(kCurrent, [this](const std::string& leaf, int dir) { current_leaf(leaf, dir); });
    if (!volume_.in_service()) return;
    each_leaf(kQuarantine,
              [this](const std::string& leaf, int dir) { quarantine_leaf(leaf, dir); });
  }

  // What has names of the block in the leaf of current/ opened as `dir`.
  void replica(BlockId block, Files files, int dir) {
    if (files.data && files.meta) {
      pair(block, dir);
    } else {
      move_aside(dir, files.data ? data_name(block) : meta_name(block));
    }
  }

  std::vector<Found> found;  // in current/
  std::vector<Found> quarantined;

 private:
  bool list(const std::string& path, std::vector<std::string>& names) {
    const int listed = system_.list(volume_.root(), path.c_str(), names);
    std::sort(names.begin(), names.end());
    if (listed < 0) folder_fails(path, listed);
    return listed == 0;
  }

  void folder_fails(const std::string& path, int error) {
    volume_.take_out(path + " cannot be read (" + std::generic_category().message(-error) +
                     "), so what is there is not known; mend it and start the DataNode again");
  }

  void empty_temporaries() {
    std::vector<std::string> names;
    if (system_.list(volume_.root(), kTemporary, names) < 0) ++scan_.unreadable;
    for (const std::string& name : names) {
      if (!name.starts_with("blk_") && name != "probe") {
        ++scan_.foreign;
        continue;
      }
      const std::string path = std::string(kTemporary) + "/" + name;
      if (system_.unlink(volume_.root(), path.c_str()) == 0) ++scan_.temporaries;
    }
  }

  template <class Visit>
  void each_leaf(const std::string& top, Visit visit) {
    std::vector<std::string> uppers;
    if (!list(top, uppers)) return;
    for (const std::string& upper : uppers) {
      std::vector<std::string> leaves;
      if (!is_directory(top + "/" + upper) || !list(top + "/" + upper, leaves)) continue;
      for (const std::string& leaf : leaves) {
        if (!volume_.in_service()) return;
        const std::string path = top + "/" + upper + "/" + leaf;
        if (!is_directory(path)) continue;
        const int fd = system_.open(volume_.root(), path.c_str(), O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0) return folder_fails(path, fd);
        const Fd dir(system_, fd);
        std::string relative = upper;
        relative += '/';
        relative += leaf;
        visit(relative, fd);
      }
    }
  }

  bool is_directory(const std::string& path) {
    FileInfo info;
    const int error = system_.stat_at(volume_.root(), path.c_str(), info);
    if (error == 0 && info.directory) return true;
    if (error == 0) {
      foreign(path);
    } else {
      folder_fails(path, error);
    }
    return false;
  }

  void foreign(const std::string& path) {
    ++scan_.foreign;
    volume_.log(path + ": not of this DataNode, left alone");
  }

  void current_leaf(const std::string& leaf, int dir) {
    std::vector<std::string> names;
    if (!list(std::string(kCurrent) + "/" + leaf, names)) return;
    std::map<BlockId, Files> blocks;
    for (const std::string& name : names) {
      const std::optional<CurrentName> parsed = parse_current(name);
      if (!parsed || leaf_of(parsed->block) != leaf) {
        foreign(std::string(kCurrent) + "/" + leaf + "/" + name);
      } else if (parsed->meta) {
        blocks[parsed->block].meta = true;
      } else {
        blocks[parsed->block].data = true;
      }
    }
    for (const auto& [block, files] : blocks) {
      if (!volume_.in_service()) return;
      replica(block, files, dir);
    }
  }

  void pair(BlockId block, int dir) {
    FileInfo info;
    const std::string subject = subject_of(block);
    const int error = system_.stat_at(dir, data_name(block).c_str(), info);
    const Result<datanode::Sidecar> sidecar =
        read_sidecar(volume_, dir, meta_name(block), Part::kHead, subject);
    if (error < 0 || (!sidecar.ok() && sidecar.status().code() != Code::kCorrupt)) {
      ++scan_.unreadable;
      volume_.log(subject + ": cannot be read now, left where it is");
      found.push_back({{{block, 0, 0}, volume_.id(), false, {}, true}, info.mtime_ms, info.size});
      return;
    }
    const bool good = sidecar.ok() && sidecar->info.id == block && info.regular &&
                      info.size == sidecar->info.length &&
                      (cluster_.empty() || sidecar->cluster == cluster_);
    if (!good) {
      move_aside(dir, data_name(block));
      move_aside(dir, meta_name(block));
      return;
    }
    found.push_back({{sidecar->info, volume_.id(), false, {}}, info.mtime_ms, footprint(*sidecar)});
  }

  void move_aside(int dir, const std::string& name) {
    if (link_to_unknown(volume_, dir, name, Originals::kUnlink).ok()) {
      ++scan_.unknown;
    } else {
      ++scan_.unreadable;
    }
  }

  void quarantine_leaf(const std::string& leaf, int dir) {
    std::vector<std::string> names;
    if (!list(std::string(kQuarantine) + "/" + leaf, names)) return;
    std::uint64_t metas = 0;
    for (const std::string& name : names) {
      const std::optional<QuarantineName> parsed = parse_quarantine(name);
      FileInfo info;
      if (!parsed || leaf_of(parsed->replica.id) != leaf) {
        foreign(std::string(kQuarantine) + "/" + leaf + "/" + name);
        continue;
      }
      // The name says what it is; since when it is there is not known then.
      if (system_.stat_at(dir, name.c_str(), info) < 0) {
        ++scan_.unreadable;
        info.mtime_ms = system_.wall_ms();
      }
      if (parsed->meta) {
        metas += info.size;
        continue;
      }
      const std::int64_t age = std::max<std::int64_t>(0, system_.wall_ms() - info.mtime_ms);
      quarantined.push_back(
          {{parsed->replica, volume_.id(), true, milliseconds(age)}, info.mtime_ms, info.size});
    }
    volume_.quarantined += metas;
  }

  Volume& volume_;
  System& system_;
  const std::string& cluster_;
  Scan& scan_;
};

// Whether the directory has the name; its absence is proven.
Result<bool> has_name(Volume& volume, int dir, BlockId block, const std::string& name) {
  FileInfo info;
  const int there = volume.system().stat_at(dir, name.c_str(), info);
  if (there == 0) return true;
  if (there != -ENOENT) return volume.read_error(there, subject_of(block), "stat");
  Status missing = volume.missing(kCurrent, block, name);
  if (missing.code() != Code::kNotFound) return missing;
  return false;
}

}  // namespace

Result<wire::BlockInfo> ReplicaStore::scan_again(BlockId block, datanode::VolumeId id) {
  const std::string cluster = identity().cluster;
  const Result<VolumePtr> volume = state_->volume(id, block);
  if (!volume.ok()) return volume.status();
  const std::lock_guard guard(state_->names_of(block));
  const std::string path = std::string(kCurrent) + "/" + leaf_of(block);
  const int fd = state_->system.open((*volume)->root(), path.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (fd == -ENOENT) return (*volume)->missing(kCurrent, block, data_name(block));
  if (fd < 0) return (*volume)->read_error(fd, subject_of(block), "open of the directory");
  const Fd leaf(state_->system, fd);
  const Result<bool> data = has_name(**volume, fd, block, data_name(block));
  if (!data.ok()) return data.status();
  const Result<bool> meta = has_name(**volume, fd, block, meta_name(block));
  if (!meta.ok()) return meta.status();
  Scan scan;
  VolumeScan part(**volume, cluster, scan);
  if (*data || *meta) part.replica(block, {*data, *meta}, fd);
  if (scan.unreadable != 0) return Status(Code::kIo, subject_of(block) + ": cannot be read now");
  if (part.found.empty()) return Status(Code::kNotFound, subject_of(block) + ": no replica here");
  return part.found.front().replica.info;
}

// Of two replicas of one block on different volumes (HDFS-8486: never one compared with itself; a
// directory cannot be opened twice) the newer one comes first; the DataNode decides.
Scan ReplicaStore::scan() {
  Scan scan;
  const std::string cluster = identity().cluster;
  std::vector<Found> found;
  for (const VolumePtr& volume : state_->volumes) {
    if (volume->in_service()) volume->sync_all();
    if (!volume->in_service()) continue;
    VolumeScan part(*volume, cluster, scan);
    part.run();
    // What a volume that failed meanwhile has is not here any more; the others go on (HDFS-15644).
    if (!volume->in_service()) continue;
    for (const Found& one : part.quarantined) volume->quarantined += one.bytes;
    for (const Found& one : part.found) volume->used += one.bytes;
    for (auto* each : {&part.quarantined, &part.found}) {
      std::move(each->begin(), each->end(), std::back_inserter(found));
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::tuple(a.replica.info.id, a.replica.quarantined, -a.mtime_ms) <
           std::tuple(b.replica.info.id, b.replica.quarantined, -b.mtime_ms);
  });
  scan.replicas.reserve(found.size());
  for (const Found& one : found) scan.replicas.push_back(one.replica);
  return scan;
}

}  // namespace dfs::disk
