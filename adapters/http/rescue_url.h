// A running DataNode, reached over HTTP, as a source of `dfs rescue`.
#pragma once

#include <string>
#include <utility>

#include "adapters/http/socket_client.h"
#include "core/namenode/rescue.h"

namespace dfs::http {

class RescueUrl final : public namenode::RescueSource {
 public:
  // `address` is "host:port".
  explicit RescueUrl(std::string address) : address_(std::move(address)) {}

  [[nodiscard]] std::string name() const override { return "http://" + address_; }
  [[nodiscard]] Result<wire::MetadataList> list() override;
  [[nodiscard]] Result<wire::SeenEpoch> seen() override;  // as of list()
  [[nodiscard]] Status save_checkpoint(const wire::CheckpointHeader& checkpoint,
                                       const std::string& path) override;
  [[nodiscard]] Result<std::string> journal(const wire::CheckpointHeader& checkpoint) override;
  // Not over HTTP: says so.
  [[nodiscard]] Status replicas(
      const std::function<void(const namenode::RescuedReplica& replica)>& each) override;

 private:
  std::string address_;
  SocketClient client_;
  bool answered_ = false;
  wire::SeenEpoch seen_;
};

}  // namespace dfs::http
