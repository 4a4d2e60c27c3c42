// A DataNode's data directory as a source of `dfs rescue`, read where it lies. The DataNode may
// run.
#pragma once

#include <memory>
#include <string>

#include "adapters/disk/metadata_home.h"
#include "core/namenode/rescue.h"

namespace dfs::disk {

class RescueDirectory final : public namenode::RescueSource {
 public:
  // `directory`: one of the DataNode's --data directories; the first has the metadata.
  explicit RescueDirectory(std::string directory) : directory_(std::move(directory)) {}

  [[nodiscard]] std::string name() const override { return directory_; }
  [[nodiscard]] Result<wire::MetadataList> list() override;
  [[nodiscard]] Result<wire::SeenEpoch> seen() override;
  [[nodiscard]] Status save_checkpoint(const wire::CheckpointHeader& checkpoint,
                                       const std::string& path) override;
  [[nodiscard]] Result<std::string> journal(const wire::CheckpointHeader& checkpoint) override;
  [[nodiscard]] Status replicas(
      const std::function<void(const namenode::RescuedReplica& replica)>& each) override;

 private:
  std::string directory_;
  std::unique_ptr<MetadataHome> home_;
};

}  // namespace dfs::disk
