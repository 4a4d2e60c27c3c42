// A simulated DataNode's transfers: blocks in and down the pipeline, ranges out.

#include "adapters/sim/address.h"
#include "adapters/sim/datanode_work.h"

namespace dfs::sim {

void DataNodeNode::accept_write(ConnectionId connection, const wire::WriteHeader& header) {
  if (!machine_->registered() || header.cluster != identity_.cluster) {
    network_.send(connection, address(),
                  WriteAnswer{{Code::kWrongCluster, "not a DataNode of this cluster"}, {}});
    return;
  }
  const std::uint64_t id = next_receiving_++;
  auto receiving = std::make_unique<Receiving>(header, identity_.node);
  receiving->upstream = connection;
  open_[connection] = {Purpose::kUpstream, id, 0};
  datanode::ReceiverEffects effects;
  receiving->machine.start(effects);
  receiving_[id] = std::move(receiving);
  limit(connection, times_.receive_limit);
  carry_out(id, std::move(effects));
}

void DataNodeNode::take_body(std::uint64_t id, const Message& message) {
  const auto found = receiving_.find(id);
  if (found == receiving_.end()) return;
  Receiving& receiving = *found->second;
  datanode::ReceiverEffects effects;
  if (const auto* piece = std::get_if<BodyPiece>(&message)) {
    receiving.piece = piece->data;
    receiving.machine.data(receiving.piece.view(), effects);
  } else {
    open_.erase(receiving.upstream);  // nothing more is expected from there: no limit either
    receiving.machine.end(effects);
  }
  carry_out(id, std::move(effects));
}

void DataNodeNode::downstream_answered(std::uint64_t id, const WriteAnswer& answer) {
  const auto found = receiving_.find(id);
  if (found == receiving_.end()) return;
  found->second->downstream = 0;
  datanode::ReceiverEffects effects;
  if (answer.status.ok()) {
    found->second->machine.downstream_replied(answer.reply, effects);
  } else {
    found->second->machine.downstream_failed(answer.status, effects);
  }
  carry_out(id, std::move(effects));
}

void DataNodeNode::open_downstream(std::uint64_t id, const wire::NodeAddress& to,
                                   const wire::WriteHeader& header) {
  Receiving& receiving = *receiving_.at(id);
  receiving.downstream = network_.connect(address(), address_of(to.peer));
  receiving.downstream_nodes = header.targets.size() + 1;
  open_[receiving.downstream] = {Purpose::kDownstream, id, 0};
  network_.send(receiving.downstream, address(), WriteOpen{header});
}

// Each node of the rest gets its share of time, so that the last one's silence is not blamed on the
// first.
void DataNodeNode::resend(std::uint64_t id, const datanode::ResendDownstream& resend) {
  Receiving& receiving = *receiving_.at(id);
  const Result<ReplicaFiles> files = disks_[receiving.volume].open(receiving.header.block);
  if (!files.ok()) {
    datanode::ReceiverEffects effects;
    receiving.machine.disk_failed(files.status(), effects);
    return carry_out(id, std::move(effects));
  }
  observer_.resends(address(), receiving.header.block);
  open_downstream(id, resend.to, resend.header);
  if (!files->data->empty()) {
    network_.send(receiving.downstream, address(), BodyPiece{files->data->all()});
  }
  network_.send(receiving.downstream, address(), BodyEnd{});
  limit(receiving.downstream,
        times_.downstream_limit * static_cast<std::int64_t>(receiving.downstream_nodes));
}

// No transfer takes the place of a replica with other content, on whichever disk.
Status DataNodeNode::publish_received(datanode::VolumeId volume, std::uint64_t file,
                                      const SharedSidecar& sidecar, int steps) {
  for (const SimDisk& disk : disks_) {
    if (disk.in_service() && disk.has_other(sidecar->info)) {
      return {Code::kAlreadyExists, "a replica with other content is here"};
    }
  }
  return disks_[volume].publish(file, sidecar, steps);
}

void DataNodeNode::publish(std::uint64_t id, const SharedSidecar& sidecar) {
  Receiving& receiving = *receiving_.at(id);
  const std::uint64_t work = next_work_++;
  half_done_[work] = [this, file = *receiving.file, volume = receiving.volume, sidecar](int steps) {
    (void)publish_received(volume, file, sidecar, steps).ok();
  };
  after(disk_time("publish", sidecar->info.length),
        [this, work, id, file = *receiving.file, volume = receiving.volume, sidecar] {
          half_done_.erase(work);
          const std::optional<Status> status =
              in_steps(Work::kPublish, volume, kPublishSteps,
                       [&](int steps) { return publish_received(volume, file, sidecar, steps); });
          if (!status) return;
          datanode::ReceiverEffects effects;
          const auto found = receiving_.find(id);  // gone if it did not wait
          if (status->ok()) {
            observer_.published(address(), sidecar->info.id);
            datanode::EffectList stored;
            machine_->stored(sidecar->info, volume, now(), stored);
            carry_out(std::move(stored));
            if (found != receiving_.end()) found->second->machine.published(effects);
          } else if (found != receiving_.end()) {
            found->second->machine.disk_failed(*status, effects);
          }
          carry_out(id, std::move(effects));
        });
}

void DataNodeNode::carry_out(std::uint64_t id, datanode::ReceiverEffects effects) {
  for (datanode::ReceiverEffect& effect : effects) {
    const auto found = receiving_.find(id);
    if (found == receiving_.end()) return;
    Receiving& receiving = *found->second;
    if (const auto* open = std::get_if<datanode::OpenTemporary>(&effect)) {
      receiving.volume = roomiest();
      const Result<std::uint64_t> file = disks_[receiving.volume].create(open->length, now().wall);
      if (!file.ok()) {
        datanode::ReceiverEffects failed;
        receiving.machine.disk_failed(file.status(), failed);
        return carry_out(id, std::move(failed));
      }
      receiving.file = *file;
    } else if (const auto* write = std::get_if<datanode::WriteTemporary>(&effect)) {
      const std::optional<Status> status = in_steps(Work::kReceive, receiving.volume, 1, [&](int) {
        return disks_[receiving.volume].write(*receiving.file, write->offset,
                                              receiving.piece.of(write->data));
      });
      if (!status) return;
      if (!status->ok()) {
        datanode::ReceiverEffects failed;
        receiving.machine.disk_failed(*status, failed);
        return carry_out(id, std::move(failed));
      }
    } else if (auto* ready = std::get_if<datanode::Publish>(&effect)) {
      publish(id, std::make_shared<const datanode::Sidecar>(std::move(ready->sidecar)));
    } else if (std::holds_alternative<datanode::DiscardTemporary>(effect)) {
      if (receiving.file) disks_[receiving.volume].discard(*receiving.file);
    } else if (const auto* downstream = std::get_if<datanode::OpenDownstream>(&effect)) {
      open_downstream(id, downstream->to, downstream->header);
    } else if (const auto* pass_on = std::get_if<datanode::SendDownstream>(&effect)) {
      network_.send(receiving.downstream, address(), BodyPiece{receiving.piece.of(pass_on->data)});
    } else if (std::holds_alternative<datanode::FinishDownstream>(effect)) {
      network_.send(receiving.downstream, address(), BodyEnd{});
      limit(receiving.downstream,
            times_.downstream_limit * static_cast<std::int64_t>(receiving.downstream_nodes));
    } else if (std::holds_alternative<datanode::CloseDownstream>(effect)) {
      open_.erase(receiving.downstream);
      network_.abort(receiving.downstream, address());
      receiving.downstream = 0;
    } else if (const auto* again = std::get_if<datanode::ResendDownstream>(&effect)) {
      resend(id, *again);
    } else if (auto* done = std::get_if<datanode::ReceiverDone>(&effect)) {
      open_.erase(receiving.upstream);
      if (receiving.downstream != 0) open_.erase(receiving.downstream);
      network_.send(receiving.upstream, address(),
                    WriteAnswer{done->status, std::move(done->reply)});
      after({}, [this, id] { receiving_.erase(id); });
    }
  }
}

RangeAnswer DataNodeNode::read_range(const wire::ReadHeader& header) {
  RangeAnswer answer;
  if (identity_.cluster.empty() || header.cluster != identity_.cluster ||
      (header.node && header.node != identity_.node)) {
    answer.status = Status(Code::kWrongCluster, "another DataNode is meant");
    return answer;
  }
  const std::optional<datanode::DataNode::Replica> replica = machine_->find(header.block.id);
  if (!replica) {
    answer.status = Status(Code::kNotFound, "no replica of this block here");
    return answer;
  }
  const wire::GranuleRange range = wire::widen(header.offset, header.length, header.block.length);
  const Result<ReplicaFiles> files =
      disks_[replica->volume].open(header.block.id, {range.offset, range.offset + range.length});
  if (!files.ok()) {
    answer.status = files.status();
  } else if (files->sidecar == nullptr || files->sidecar->info != header.block ||
             files->data->size() < range.offset + range.length) {
    answer.status = Status(Code::kCorrupt, "the replica here does not match");
  }
  if (!answer.status.ok()) {
    datanode::EffectList effects;
    machine_->suspect(header.block.id, now(), effects);
    carry_out(std::move(effects));
    return answer;
  }
  answer.header = {header.block, range.offset, range.length};
  answer.granule_crcs = files->sidecar->granule_crcs;
  answer.data = files->data->slice(range.offset, range.length);
  return answer;
}

void DataNodeNode::answer_read(ConnectionId connection, const wire::ReadHeader& header) {
  after(times_.read * slowness_,
        [this, connection, header] { network_.send(connection, address(), read_range(header)); });
}

}  // namespace dfs::sim
