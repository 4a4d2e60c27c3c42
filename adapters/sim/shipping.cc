#include "adapters/sim/shipping.h"

#include <utility>

#include "adapters/sim/address.h"
#include "adapters/sqlite/store.h"

namespace dfs::sim {
namespace {

constexpr Duration kTick = milliseconds(100);
constexpr std::uint64_t kTicksPerRefresh = 10;
constexpr Duration kAnswerLimit = seconds(10);
constexpr std::uint64_t kSliceBytes = std::uint64_t{32} << 10;
constexpr Duration kBetweenSlices = milliseconds(2);
constexpr const char* kCheckpointFile = "checkpoint.db";
constexpr namenode::RequestToken kOwnRequest = 0;  // clients' begin at 1

}  // namespace

Shipping::Shipping(NameNodeNode& node, Network& network, SimStoreHost& host,
                   namenode::ShipperConfig config, ShippingObserver& observer)
    : node_(node), network_(network), host_(host), config_(config), observer_(observer) {
  host_.disk().set_apart(kCheckpointFile);
}

Shipping::~Shipping() { dies(); }

void Shipping::starts() {
  ticks_ = 0;
  tick();
}

void Shipping::dies() {
  if (copying_ != nullptr) copying_->give_up();
  copying_.reset();
  checkpoint_.reset();
  shipper_.reset();
  out_.clear();
}

void Shipping::durable(const namenode::Ship& batch) {
  if (!shipper_) return;
  std::vector<std::string> lines;
  for (const namenode::Command& command : batch.commands) lines.push_back(to_text(command));
  const namenode::MetaRow meta = node_.store()->meta();
  shipper_->ship(batch.first, std::move(lines), meta.epoch, node_.now());
  shipper_->set_behind(meta.behind_epoch != 0);
}

// Between a commit and the next one everything that was applied is durable and was handed over.
void Shipping::tick() {
  node_.guard([this] {
    if (!shipper_ && !node_.committing()) {
      drop_checkpoint();
      const namenode::MetaRow meta = node_.store()->meta();
      shipper_.emplace(config_, meta.cluster, meta.epoch, meta.applied);
      shipper_->set_behind(meta.behind_epoch != 0);
    }
    if (!shipper_) return;
    if (ticks_++ % kTicksPerRefresh == 0) refresh_candidates();
    namenode::ShipperEffects effects;
    shipper_->tick(node_.now(), effects);
    carry_out(effects);
  });
  node_.after(kTick, [this] { tick(); });
}

void Shipping::refresh_candidates() {
  node_.in_next_round([this](namenode::NameNode& machine, namenode::EffectList& /*effects*/) {
    namenode::EffectList own;
    machine.request(kOwnRequest, wire::ClusterReport{}, node_.now(), own);
    for (const namenode::Effect& effect : own) {
      const auto* reply = std::get_if<namenode::SendReply>(&effect);
      const auto* report =
          reply == nullptr ? nullptr : std::get_if<wire::ClusterReportReply>(&reply->reply);
      if (report != nullptr && shipper_) take_report(*report);
    }
  });
}

void Shipping::take_report(const wire::ClusterReportReply& report) {
  std::vector<namenode::HomeCandidate> candidates;
  for (const wire::NodeReport& node : report.nodes) {
    if (node.state == wire::NodeState::kDead) continue;
    if (node.service != wire::ServiceState::kInService) continue;
    candidates.push_back(
        {{.node = node.node, .client = node.client_address, .peer = node.peer_address}, node.host});
  }
  shipper_->set_candidates(candidates);
}

void Shipping::carry_out(const namenode::ShipperEffects& effects) {
  for (const namenode::ShipperEffect& effect : effects) {
    if (const auto* journal = std::get_if<namenode::PostJournal>(&effect)) {
      send(journal->transfer, journal->to, JournalPost{journal->message});
    } else if (const auto* put = std::get_if<namenode::PutCheckpoint>(&effect)) {
      send(put->transfer, put->to, CheckpointPut{put->checkpoint, checkpoint_});
    } else if (std::holds_alternative<namenode::MakeCheckpoint>(effect)) {
      make_checkpoint();
    } else if (const auto* newer = std::get_if<namenode::TellNewerHistory>(&effect)) {
      node_.in_next_round([this, epoch = newer->epoch](namenode::NameNode& machine, auto&) {
        machine.newer_history(epoch, node_.now());
      });
    } else {
      drop_checkpoint();
    }
  }
}

void Shipping::send(namenode::TransferId transfer, const wire::NodeAddress& to, Message&& message) {
  const ConnectionId connection = network_.connect(node_.address(), address_of(to.peer));
  out_[connection] = transfer;
  network_.send(connection, node_.address(), std::move(message));
  node_.after(kAnswerLimit, [this, connection] {
    if (!out_.contains(connection)) return;
    network_.abort(connection, node_.address());
    broken(connection);
  });
}

bool Shipping::answered(ConnectionId connection, const Message& message) {
  const auto found = out_.find(connection);
  if (found == out_.end()) return false;
  const namenode::TransferId transfer = found->second;
  out_.erase(found);
  network_.finish(connection);
  const auto* answer = std::get_if<HomeAnswer>(&message);
  if (answer == nullptr || !answer->status.ok()) {
    shipper_->failed(transfer, node_.now());
  } else {
    observer_.home_has(answer->state);
    shipper_->answered(transfer, answer->state, node_.now());
  }
  return true;
}

void Shipping::broken(ConnectionId connection) {
  const auto found = out_.find(connection);
  if (found == out_.end()) return;
  const namenode::TransferId transfer = found->second;
  out_.erase(found);
  shipper_->failed(transfer, node_.now());
}

void Shipping::make_checkpoint() {
  auto& store = static_cast<sqlite::SqliteStore&>(*node_.store());
  copying_ = std::make_unique<sqlite::Backup>(store, kCheckpointFile, host_.disk().name());
  copy_more();
}

void Shipping::copy_more() {
  if (!node_.committing()) {
    Status status = copying_->step(kSliceBytes);
    if (!status.ok() || copying_->done()) return checkpoint_done(status);
  }
  node_.after(kBetweenSlices, [this] { node_.guard([this] { copy_more(); }); });
}

void Shipping::checkpoint_done(const Status& status) {
  Result<wire::CheckpointHeader> header =
      status.ok() ? copying_->finish() : Result<wire::CheckpointHeader>(status);
  copying_.reset();
  if (!header.ok()) {
    drop_checkpoint();
    return shipper_->checkpoint_failed(header.status().message(), node_.now());
  }
  checkpoint_ =
      std::make_shared<const std::string>(host_.disk().files().find(kCheckpointFile)->bytes());
  header->time = node_.now().wall;
  observer_.checkpoint_made(*header);
  shipper_->checkpoint_made(*header, node_.now());
}

void Shipping::drop_checkpoint() {
  checkpoint_.reset();
  host_.disk().files().remove(kCheckpointFile);
}

}  // namespace dfs::sim
