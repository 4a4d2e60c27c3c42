#include "adapters/http/block_receive.h"

#include <algorithm>
#include <type_traits>

#include "adapters/http/errors.h"
#include "core/wire/json.h"

namespace dfs::http {

void receive_block(BlockHost& host, BlockId block, const ServerRequest& request,
                   ServerResponse& response) {
  const std::string* text = request.header("X-Dfs-Write");
  if (text == nullptr) {
    return response.fail({Code::kInvalidArgument, "a block needs the header X-Dfs-Write"});
  }
  Result<wire::WriteHeader> header =
      wire::from_json_text<wire::WriteHeader>(*text, wire::UnknownKeys::kReject);
  if (!header.ok()) return response.fail(header.status());
  if (header->block != block || request.body->length() != header->length) {
    return response.fail(
        {Code::kInvalidArgument, "X-Dfs-Write does not agree with the path or Content-Length"});
  }
  const datanode::Identity identity = host.identity();
  if (identity.cluster.empty() || header->cluster != identity.cluster) {
    return response.fail({Code::kWrongCluster, "not a DataNode of this cluster"});
  }
  // Its replica would prove a history that there may be none of, and the NameNode is behind that.
  if (const std::uint64_t epoch = epoch_of(block.value); epoch > identity.seen.epoch) {
    return response.fail({Code::kUnavailable, "block " + std::to_string(block.value) +
                                                  ": this DataNode has not heard of epoch " +
                                                  std::to_string(epoch)});
  }
  Result<wire::WriteReply> reply = ReceivePump(host, std::move(*header)).run(*request.body);
  if (!reply.ok()) return response.fail(reply.status());
  response.body = wire::to_json_text(*reply);
}

ReceivePump::ReceivePump(BlockHost& host, wire::WriteHeader header)
    : host_(host), header_(std::move(header)), receiver_(header_, host.identity().node) {}

Result<wire::WriteReply> ReceivePump::run(Body& body) {
  datanode::ReceiverEffects effects;
  receiver_.start(effects);
  carry_out(std::move(effects));
  Status status;
  if (!done_) {
    status = body.receive([this](Bytes piece) {
      datanode::ReceiverEffects more;
      receiver_.data(piece, more);
      carry_out(std::move(more));
      return !done_.has_value();
    });
  }
  if (!done_) {
    datanode::ReceiverEffects last;
    if (status.ok()) {
      receiver_.end(last);
    } else {
      receiver_.sender_failed(status, last);
    }
    carry_out(std::move(last));
  }
  DFS_ASSERT(done_.has_value());
  if (!done_->status.ok()) return done_->status;
  return std::move(done_->reply);
}

// Effects that follow from an effect come after all that were there before it, except that a failed
// disk ends the transfer and makes the rest pointless.
void ReceivePump::carry_out(datanode::ReceiverEffects effects) {
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const bool was_done = receiver_.done();
    const datanode::ReceiverEffect effect = std::move(effects[i]);
    datanode::ReceiverEffects more = std::visit(
        [this]<class T>(const T& e) -> datanode::ReceiverEffects {
          if constexpr (std::is_same_v<T, datanode::OpenTemporary>) {
            return open_temporary(e.length);
          } else if constexpr (std::is_same_v<T, datanode::WriteTemporary>) {
            const Status status = temporary_->write(e.offset, e.data);
            return status.ok() ? datanode::ReceiverEffects{} : disk_failed(status);
          } else if constexpr (std::is_same_v<T, datanode::Publish>) {
            return publish(e.sidecar);
          } else if constexpr (std::is_same_v<T, datanode::DiscardTemporary>) {
            temporary_.reset();
          } else if constexpr (std::is_same_v<T, datanode::OpenDownstream>) {
            return open_downstream(e.to, e.header);
          } else if constexpr (std::is_same_v<T, datanode::SendDownstream>) {
            const Status status = downstream_->send(e.data);
            return status.ok() ? datanode::ReceiverEffects{} : downstream_failed(status);
          } else if constexpr (std::is_same_v<T, datanode::FinishDownstream>) {
            return finish_downstream();
          } else if constexpr (std::is_same_v<T, datanode::CloseDownstream>) {
            downstream_.reset();
          } else if constexpr (std::is_same_v<T, datanode::ResendDownstream>) {
            return resend(e);
          } else {
            static_assert(std::is_same_v<T, datanode::ReceiverDone>);
            done_ = e;
          }
          return {};
        },
        effect);
    if (!was_done && receiver_.done()) effects.resize(i + 1);
    std::move(more.begin(), more.end(), std::back_inserter(effects));
  }
}

datanode::ReceiverEffects ReceivePump::open_temporary(std::uint64_t length) {
  Result<disk::Temporary> temporary = host_.store().create(header_.block, length);
  if (!temporary.ok()) return disk_failed(temporary.status());
  temporary_ = std::move(*temporary);
  return {};
}

datanode::ReceiverEffects ReceivePump::publish(const datanode::Sidecar& sidecar) {
  Result<datanode::VolumeId> volume =
      host_.store().publish(std::move(*temporary_), sidecar, disk::Replaces::kSameContent);
  temporary_.reset();
  if (!volume.ok()) return disk_failed(volume.status());
  published_ = *volume;
  host_.stored(sidecar.info, *volume);
  datanode::ReceiverEffects effects;
  receiver_.published(effects);
  return effects;
}

datanode::ReceiverEffects ReceivePump::open_downstream(const wire::NodeAddress& to,
                                                       const wire::WriteHeader& header) {
  Result<BlockUpload> upload = BlockUpload::open(host_.peers(), to.peer, header);
  if (!upload.ok()) return downstream_failed(upload.status());
  downstream_ = std::move(*upload);
  return {};
}

datanode::ReceiverEffects ReceivePump::finish_downstream() {
  Result<wire::WriteReply> reply = downstream_->finish();
  downstream_.reset();
  if (!reply.ok()) return downstream_failed(reply.status());
  datanode::ReceiverEffects effects;
  receiver_.downstream_replied(*reply, effects);
  return effects;
}

datanode::ReceiverEffects ReceivePump::resend(const datanode::ResendDownstream& resend) {
  datanode::ReceiverEffects failed = open_downstream(resend.to, resend.header);
  if (!downstream_) return failed;
  const Status status = send_replica();
  if (!downstream_) return disk_failed(status);
  if (!status.ok()) return downstream_failed(status);
  return finish_downstream();
}

// Sends the published replica, whole. A failure to read it closes downstream_.
Status ReceivePump::send_replica() {
  Result<disk::OpenReplica> replica = host_.store().open_replica(header_.block, *published_);
  const auto unreadable = [this](const Status& status) {
    downstream_.reset();
    return status;
  };
  if (!replica.ok()) return unreadable(replica.status());
  Buffer buffer;
  for (std::uint64_t at = 0; at < header_.length; at += kIoBytes) {
    const std::uint64_t size = std::min<std::uint64_t>(kIoBytes, header_.length - at);
    const MutableBytes piece = buffer.resize(static_cast<std::size_t>(size));
    if (Status status = replica->read(at, piece); !status.ok()) return unreadable(status);
    if (Status status = downstream_->send(piece); !status.ok()) return status;
  }
  return {};
}

datanode::ReceiverEffects ReceivePump::disk_failed(const Status& status) {
  datanode::ReceiverEffects effects;
  receiver_.disk_failed(status, effects);
  return effects;
}

datanode::ReceiverEffects ReceivePump::downstream_failed(const Status& status) {
  downstream_.reset();
  datanode::ReceiverEffects effects;
  receiver_.downstream_failed(status, effects);
  return effects;
}

}  // namespace dfs::http
