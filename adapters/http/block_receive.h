// Receives one block: the pump of core/datanode/receiver.h, in the thread of its request.
//
// A buffer of 256 KiB comes filled from the sender, is checksummed while it is hot, sent on and
// written, and only then is the next one received: no queue, no second thread.
#pragma once

#include <optional>

#include "adapters/http/block_host.h"
#include "adapters/http/server.h"
#include "core/datanode/receiver.h"

namespace dfs::http {

// Answers PUT /blocks/v1/<id>.
void receive_block(BlockHost& host, BlockId block, const ServerRequest& request,
                   ServerResponse& response);

class ReceivePump {
 public:
  ReceivePump(BlockHost& host, wire::WriteHeader header);

  // Receives the body to its end.
  [[nodiscard]] Result<wire::WriteReply> run(Body& body);

 private:
  void carry_out(datanode::ReceiverEffects effects);
  // Each returns the effects of what it told the receiver.
  [[nodiscard]] datanode::ReceiverEffects open_temporary(std::uint64_t length);
  [[nodiscard]] datanode::ReceiverEffects publish(const datanode::Sidecar& sidecar);
  [[nodiscard]] datanode::ReceiverEffects open_downstream(const wire::NodeAddress& to,
                                                          const wire::WriteHeader& header);
  [[nodiscard]] datanode::ReceiverEffects finish_downstream();
  [[nodiscard]] datanode::ReceiverEffects resend(const datanode::ResendDownstream& resend);
  [[nodiscard]] Status send_replica();
  [[nodiscard]] datanode::ReceiverEffects disk_failed(const Status& status);
  [[nodiscard]] datanode::ReceiverEffects downstream_failed(const Status& status);

  BlockHost& host_;
  const wire::WriteHeader header_;
  datanode::Receiver receiver_;
  std::optional<disk::Temporary> temporary_;
  std::optional<datanode::VolumeId> published_;
  std::optional<BlockUpload> downstream_;
  std::optional<datanode::ReceiverDone> done_;
};

}  // namespace dfs::http
