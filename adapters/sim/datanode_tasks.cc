// A simulated DataNode's disk tasks: verify, quarantine, restore, purge, and copies that it pulls.
#include <algorithm>

#include "adapters/sim/address.h"
#include "adapters/sim/datanode_work.h"

namespace dfs::sim {
namespace {

Status checksum_mismatch() { return {Code::kCorrupt, "checksum mismatch"}; }

}  // namespace

void DataNodeNode::start_task(const datanode::StartTask& start) {
  if (start.kind == wire::OrderKind::kCopy) return start_copy(start);
  const std::uint64_t work = next_work_++;
  half_done_[work] = [this, start](int steps) {
    change_disk(start, [steps](Work, int all, const auto& what) -> std::optional<Status> {
      const Status done = what(std::min(steps, all));
      return steps < all ? std::nullopt : std::optional(done);
    });
  };
  after(disk_time("task", start.order.block.length), [this, work, start] {
    half_done_.erase(work);
    finish_task(start);
  });
}

void DataNodeNode::finish_task(const datanode::StartTask& start) {
  const std::optional<Status> status =
      start.kind == wire::OrderKind::kVerify
          ? verify(start.order.block, start.volume)
          : change_disk(start, [&](Work work, int all, const auto& what) {
              return in_steps(work, start.volume, all, what);
            });
  if (status) task_done(start.task, *status, start.volume);
}

std::optional<Status> DataNodeNode::change_disk(const datanode::StartTask& start,
                                                const InSteps& run) {
  const BlockId block = start.order.block.id;
  SimDisk& disk = disks_.at(start.volume);
  switch (start.kind) {
    case wire::OrderKind::kQuarantine:
      return run(Work::kQuarantine, kMoveSteps, [&](int steps) {
        Status moved = disk.quarantine(start.order.block, steps);
        if (moved.ok() && steps >= kMovedAfter) {
          observer_.moved(address(), block, Folder::kCurrent, Folder::kQuarantine);
        }
        return moved;
      });
    case wire::OrderKind::kRestore:
      return restore(start, run);
    case wire::OrderKind::kPurge:
      return run(Work::kPurge, kPurgeSteps, [&](int steps) {
        Status purged = disk.purge(start.order.block, steps);
        if (purged.ok() && steps > 0) observer_.purged(address(), block);
        return purged;
      });
    case wire::OrderKind::kVerify:
    case wire::OrderKind::kCopy:
    case wire::OrderKind::kConfirm:
      break;
  }
  return std::nullopt;
}

std::optional<Status> DataNodeNode::restore(const datanode::StartTask& start, const InSteps& run) {
  const wire::BlockInfo& replica = start.order.block;
  const BlockId block = replica.id;
  SimDisk& disk = disks_.at(start.volume);
  const Result<std::vector<Quarantined>> copies = disk.open_quarantined(replica);
  if (!copies.ok()) return copies.status();
  const auto sound = std::ranges::find_if(*copies, &Quarantined::whole);
  if (sound == copies->end()) return checksum_mismatch();
  Status here = verify(replica, start.volume);
  if (here.ok()) return Status(Code::kAlreadyExists, "a whole replica is here");
  if (here.code() != Code::kCorrupt && here.code() != Code::kNotFound) return here;
  if (here.code() == Code::kCorrupt) {
    const std::optional<Status> way =
        run(Work::kQuarantine, kMoveSteps, [&](int steps) { return disk.make_way(block, steps); });
    if (!way || !way->ok()) return way;
  }
  return run(Work::kRestore, kMoveSteps, [&](int steps) {
    Status moved = disk.restore(replica, sound->copy, steps);
    if (moved.ok() && steps == kMoveSteps) {
      observer_.moved(address(), block, Folder::kQuarantine, Folder::kCurrent);
    }
    return moved;
  });
}

Status DataNodeNode::verify(const wire::BlockInfo& replica, datanode::VolumeId volume) const {
  const Result<ReplicaFiles> files = disks_.at(volume).open(replica.id);
  if (!files.ok()) return files.status();
  return files->whole() && files->sidecar->info == replica ? Status() : checksum_mismatch();
}

void DataNodeNode::task_done(datanode::TaskId task, const Status& status,
                             datanode::VolumeId volume) {
  datanode::EffectList effects;
  machine_->task_done(task, status, volume, now(), effects);
  carry_out(std::move(effects));
}

void DataNodeNode::look_again(const datanode::ReadSidecar& what) {
  after(disk_time("sidecar", 0), [this, what] {
    const Result<wire::BlockInfo> found = disks_.at(what.volume).read_sidecar(what.block);
    datanode::EffectList effects;
    machine_->sidecar_read(what, found, now(), effects);
    carry_out(std::move(effects));
  });
}

void DataNodeNode::start_copy(const datanode::StartTask& start) {
  client::BlockReaderOptions options;
  options.hedge_after = times_.fetch_limit / 2;
  auto copy = std::make_unique<Copy>(
      Copy{start, datanode::CopyTask(start.order, identity_.cluster, options), roomiest(), {}});
  datanode::CopyEffects effects;
  copy->machine.start(now().mono, effects);
  copies_[start.task] = std::move(copy);
  carry_out(start.task, std::move(effects));
  wake_copy(start.task);
}

void DataNodeNode::wake_copy(datanode::TaskId task) {
  after(times_.fetch_limit / 4, [this, task] {
    const auto found = copies_.find(task);
    if (found == copies_.end()) return;
    datanode::CopyEffects effects;
    found->second->machine.tick(now().mono, effects);
    carry_out(task, std::move(effects));
    wake_copy(task);
  });
}

void DataNodeNode::fetch(datanode::TaskId task, const client::Fetch& fetch) {
  const Address from = address_of(fetch.from.peer);
  if (from == address()) {
    after(times_.read * slowness_, [this, task, fetch] {
      fetched({Purpose::kFetch, fetch.fetch, task}, read_range(fetch.header));
    });
    return;
  }
  const ConnectionId connection = network_.connect(address(), from);
  open_[connection] = {Purpose::kFetch, fetch.fetch, task};
  network_.send(connection, address(), ReadAsk{fetch.header});
  limit(connection, times_.fetch_limit);
}

void DataNodeNode::fetched(const Open& open, const RangeAnswer& answer) {
  const auto found = copies_.find(open.task);
  if (found == copies_.end()) return;
  datanode::CopyEffects effects;
  if (answer.status.ok()) {
    found->second->machine.fetched(open.number, answer.header, answer.granule_crcs,
                                   answer.data.view(), now().mono, effects);
  } else {
    found->second->machine.fetch_failed(open.number, answer.status, now().mono, effects);
  }
  carry_out(open.task, std::move(effects));
}

void DataNodeNode::carry_out(datanode::TaskId task, datanode::CopyEffects effects) {
  for (std::size_t i = 0; i < effects.size(); ++i) {
    Copy& copy = *copies_.at(task);
    const datanode::CopyEffect effect = effects[i];
    if (const auto* open = std::get_if<datanode::OpenTemporary>(&effect)) {
      const Result<std::uint64_t> created = disks_[copy.volume].create(open->length, now().wall);
      if (created.ok()) {
        copy.file = *created;
      } else {
        copy.machine.disk_failed(created.status(), effects);
      }
    } else if (const auto* wanted = std::get_if<client::Fetch>(&effect)) {
      if (!copy.machine.done()) fetch(task, *wanted);
    } else if (const auto* write = std::get_if<datanode::WriteTemporary>(&effect)) {
      if (!copy.machine.done()) write_copy(copy, *write, effects);
    } else if (const auto* publish = std::get_if<datanode::Publish>(&effect)) {
      if (!copy.machine.done()) {
        publish_copy(task, std::make_shared<const datanode::Sidecar>(publish->sidecar));
      }
    } else if (std::get_if<datanode::DiscardTemporary>(&effect) != nullptr) {
      if (copy.file) disks_[copy.volume].discard(*copy.file);
    } else if (const auto* bad = std::get_if<client::FoundBad>(&effect)) {
      datanode::EffectList suspicion;
      machine_->found_bad(bad->replica, now(), suspicion);
      carry_out(std::move(suspicion));
    } else {
      const Status status = std::get<datanode::CopyDone>(effect).status;
      after({}, [this, task, status, volume = copy.volume] {
        copies_.erase(task);
        task_done(task, status, volume);
      });
    }
  }
}

void DataNodeNode::write_copy(Copy& copy, const datanode::WriteTemporary& write,
                              datanode::CopyEffects& effects) {
  const std::optional<Status> status = in_steps(Work::kPull, copy.volume, 1, [&](int) {
    return disks_[copy.volume].write(*copy.file, write.offset, write.data);
  });
  if (status && !status->ok()) copy.machine.disk_failed(*status, effects);
}

void DataNodeNode::publish_copy(datanode::TaskId task, const SharedSidecar& sidecar) {
  const Copy& copying = *copies_.at(task);
  const std::uint64_t work = next_work_++;
  half_done_[work] = [this, file = *copying.file, volume = copying.volume, sidecar](int steps) {
    (void)disks_[volume].publish(file, sidecar, steps).ok();
  };
  after(disk_time("copy", sidecar->info.length), [this, work, task, sidecar] {
    half_done_.erase(work);
    Copy& copy = *copies_.at(task);
    const std::optional<Status> status = in_steps(
        Work::kPublishCopy, copy.volume, kPublishSteps,
        [&](int steps) { return disks_[copy.volume].publish(*copy.file, sidecar, steps); });
    if (!status) return;
    datanode::CopyEffects effects;
    if (status->ok()) {
      observer_.published(address(), sidecar->info.id);
      copy.machine.published(effects);
    } else {
      copy.machine.disk_failed(*status, effects);
    }
    carry_out(task, std::move(effects));
  });
}

}  // namespace dfs::sim
