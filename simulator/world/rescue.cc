#include "simulator/world/rescue.h"

#include <deque>
#include <utility>

#include "adapters/sqlite/store.h"
#include "core/base/crc32c.h"

namespace dfs::world {
namespace {

constexpr const char* kDatabase = "metadata.db";

Result<std::string> text_of(const Result<disk::HomeFile>& file) {
  if (!file.ok()) return file.status();
  std::string text(file->size(), '\0');
  const Status status = file->read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (!status.ok()) return status;
  return text;
}

// A DataNode's directory, whether its process runs or not.
class Directory final : public namenode::RescueSource {
 public:
  Directory(sim::DataNodeNode& node, sim::SimStoreHost& host) : node_(node), host_(host) {}

  [[nodiscard]] std::string name() const override { return node_.uuid(); }
  [[nodiscard]] bool readable() const { return home_ != nullptr; }
  [[nodiscard]] NodeId node() const { return node_.identity().node; }

  [[nodiscard]] Result<wire::MetadataList> list() override {
    auto home = node_.read_metadata();
    if (!home.ok()) return home.status();
    home_ = std::move(*home);
    return home_->list();
  }
  [[nodiscard]] Result<wire::SeenEpoch> seen() override {
    return wire::SeenEpoch{node_.identity().cluster, node_.identity().seen.epoch};
  }
  [[nodiscard]] Status save_checkpoint(const wire::CheckpointHeader& checkpoint,
                                       const std::string& path) override {
    const Result<std::string> bytes =
        text_of(home_->checkpoint(checkpoint.cluster, checkpoint.epoch, checkpoint.applied));
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() != checkpoint.length || crc32c(as_bytes(*bytes)) != checkpoint.crc) {
      return {Code::kCorrupt, "the checkpoint is damaged"};
    }
    host_.disk().files().put(path, *bytes);
    return {};
  }
  [[nodiscard]] Result<std::string> journal(const wire::CheckpointHeader& checkpoint) override {
    return text_of(home_->journal(checkpoint.cluster, checkpoint.epoch, checkpoint.applied));
  }
  [[nodiscard]] Status replicas(
      const std::function<void(const namenode::RescuedReplica&)>& each) override {
    for (datanode::VolumeId volume = 0; volume < node_.volumes(); ++volume) {
      const sim::SimDisk& disk = node_.disk(volume);
      if (!disk.in_service()) continue;
      for (const BlockId block : disk.list()) {
        const datanode::Sidecar& sidecar = *disk.sidecar(block);
        each({sidecar.cluster, sidecar.info, sidecar.inode, sidecar.index, sidecar.path_hint});
      }
    }
    return {};
  }

 private:
  sim::DataNodeNode& node_;
  sim::SimStoreHost& host_;
  std::unique_ptr<disk::MetadataHome> home_;
};

struct Recorder final : namenode::CommandObserver {
  void applied(const namenode::Command& command, const namenode::Outcome& outcome) override {
    commands.emplace_back(command, outcome);
  }
  std::vector<std::pair<namenode::Command, namenode::Outcome>> commands;
};

Status rebuild(sim::SimStoreHost& host, const namenode::RescueMaterial& material,
               const namenode::RescueOffer& offer, WallTime now, Random& random,
               namenode::RescueReport& report, Recorder& recorder) try {
  host.disk().files().wipe();
  const Status saved = offer.source->save_checkpoint(offer.stored.checkpoint, kDatabase);
  if (!saved.ok()) return saved;
  const std::unique_ptr<namenode::Store> store = host.open();
  const std::string problem = static_cast<sqlite::SqliteStore&>(*store).integrity_problem();
  if (!problem.empty()) return {Code::kCorrupt, problem};
  return material.rebuild(offer, *store, now, random, report, &recorder);
} catch (const sim::StoreDied& reason) {
  return {Code::kIo, reason.line};
}

}  // namespace

Result<Rescued> rescue(sim::SimStoreHost& host, const std::vector<sim::DataNodeNode*>& from,
                       WallTime now, Random random) {
  std::deque<Directory> directories;
  std::vector<namenode::RescueSource*> sources;
  for (sim::DataNodeNode* node : from) sources.push_back(&directories.emplace_back(*node, host));
  namenode::RescueReport report;
  const Result<namenode::RescueMaterial> material =
      namenode::RescueMaterial::gather(sources, report);
  if (!material.ok()) return material.status();
  for (const namenode::RescueOffer& offer : material->offers()) {
    Recorder recorder;
    if (!rebuild(host, *material, offer, now, random, report, recorder).ok()) continue;
    Rescued rescued{offer.stored.checkpoint, std::move(recorder.commands), {}};
    for (const Directory& directory : directories) {
      if (directory.readable()) rescued.sources.push_back(directory.node());
    }
    return rescued;
  }
  host.disk().files().wipe();
  return {Code::kNotFound, "no source has a usable checkpoint"};
}

}  // namespace dfs::world
