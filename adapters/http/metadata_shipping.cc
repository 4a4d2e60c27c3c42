#include "adapters/http/metadata_shipping.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "adapters/http/codec.h"
#include "adapters/http/errors.h"
#include "adapters/sqlite/backup.h"
#include "core/wire/json.h"

namespace dfs::http {
namespace {

constexpr int kTicksPerRefresh = 10;
constexpr int kSenders = 3;  // two homes, and a checkpoint in the making
constexpr Duration kAnswerTimeout = seconds(30);

Status no_room() {
  return {Code::kNoSpace, "the NameNode's disk has no room for a checkpoint of the metadata"};
}

Result<wire::JournalState> decode(const Result<std::string>& body) {
  if (!body.ok()) return body.status();
  return wire::from_json_text<wire::JournalState>(*body, wire::UnknownKeys::kIgnore);
}

}  // namespace

MetadataShipping::MetadataShipping(ShippingOptions options, sqlite::SqliteStore& store)
    : options_(std::move(options)), store_(store), pace_(options_.send_rate) {}

MetadataShipping::~MetadataShipping() { stop(); }

void MetadataShipping::note(const namenode::Ship& batch) {
  const namenode::MetaRow meta = store_.meta();
  std::vector<std::string> lines;
  for (const namenode::Command& command : batch.commands) lines.push_back(to_text(command));
  const std::lock_guard lock(mutex_);
  // Before start() the position from which to ship is not known yet, and includes this.
  if (!shipper_) return;
  shipper_->ship(batch.first, std::move(lines), meta.epoch, clock_.now());
  shipper_->set_behind(meta.behind_epoch != 0);
}

void MetadataShipping::start(Strand& strand) {
  strand_ = &strand;
  remove_checkpoint();
  strand.run_between([this] {
    const namenode::MetaRow meta = store_.meta();
    const std::lock_guard lock(mutex_);
    shipper_.emplace(options_.shipper, meta.cluster, meta.epoch, meta.applied);
    shipper_->set_behind(meta.behind_epoch != 0);
  });
  threads_.emplace_back([this] { step_until_stopped(); });
  for (int i = 0; i < kSenders; ++i) {
    threads_.emplace_back([this] { send_until_stopped(); });
  }
}

void MetadataShipping::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  pace_.stop();
  client_.cancel();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::string MetadataShipping::warning() {
  const std::lock_guard lock(mutex_);
  return shipper_ ? shipper_->warning(clock_.now()) : "";
}

namenode::ShipperStatus MetadataShipping::status() {
  const std::lock_guard lock(mutex_);
  return shipper_ ? shipper_->status(clock_.now()) : namenode::ShipperStatus{};
}

void MetadataShipping::step_until_stopped() {
  std::unique_lock lock(mutex_);
  for (int ticks = 0; !changed_.wait_for(lock, kTick, [this] { return stopping_; }); ++ticks) {
    if (ticks % kTicksPerRefresh == 0) {
      lock.unlock();
      refresh_candidates();
      lock.lock();
    }
    namenode::ShipperEffects effects;
    shipper_->tick(clock_.now(), effects);
    // Here and before the rest: a sender that came late to it would remove the next checkpoint.
    const auto dropped = std::erase_if(effects, [](const namenode::ShipperEffect& effect) {
      return std::holds_alternative<namenode::DropCheckpoint>(effect);
    });
    if (dropped > 0) {
      lock.unlock();
      remove_checkpoint();
      lock.lock();
    }
    for (namenode::ShipperEffect& effect : effects) work_.push_back(std::move(effect));
    if (!effects.empty()) changed_.notify_all();
  }
}

void MetadataShipping::refresh_candidates() {
  const wire::Reply reply = strand_->call(wire::ClusterReport{});
  const auto* report = std::get_if<wire::ClusterReportReply>(&reply);
  if (report == nullptr) return;
  std::vector<namenode::HomeCandidate> candidates;
  for (const wire::NodeReport& node : report->nodes) {
    if (node.state == wire::NodeState::kDead) continue;
    if (node.service != wire::ServiceState::kInService) continue;  // it may go any time
    candidates.push_back(
        {{.node = node.node, .client = node.client_address, .peer = node.peer_address}, node.host});
  }
  const std::lock_guard lock(mutex_);
  shipper_->set_candidates(candidates);
}

void MetadataShipping::send_until_stopped() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !work_.empty(); });
    if (stopping_) return;
    const namenode::ShipperEffect effect = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    carry_out(effect);
    lock.lock();
  }
}

void MetadataShipping::carry_out(const namenode::ShipperEffect& effect) {
  if (const auto* journal = std::get_if<namenode::PostJournal>(&effect)) {
    post(*journal);
  } else if (const auto* checkpoint = std::get_if<namenode::PutCheckpoint>(&effect)) {
    report(checkpoint->transfer, send_checkpoint(*checkpoint));
  } else if (std::holds_alternative<namenode::MakeCheckpoint>(effect)) {
    make_checkpoint();
  } else if (const auto* newer = std::get_if<namenode::TellNewerHistory>(&effect)) {
    strand_->run([newer](namenode::NameNode& machine, Now now, namenode::EffectList&) {
      machine.newer_history(newer->epoch, now);
    });
  }
}

void MetadataShipping::post(const namenode::PostJournal& effect) {
  const Result<Answer> answer = client_.post(effect.to.peer, "/metadata/v1/journal",
                                             wire::to_json_text(effect.message), kAnswerTimeout);
  if (!answer.ok()) return report(effect.transfer, answer.status());
  if (answer->status != 200) {
    return report(effect.transfer, error_from_body(answer->status, answer->body));
  }
  report(effect.transfer, decode(answer->body));
}

Result<wire::JournalState> MetadataShipping::send_checkpoint(
    const namenode::PutCheckpoint& effect) {
  const wire::CheckpointHeader& header = effect.checkpoint;
  std::ifstream file(checkpoint_path(), std::ios::binary);
  Result<Upload> upload = Upload::open(
      client_, {.address = effect.to.peer,
                .path = "/metadata/v1/checkpoint/" + header.cluster + "/" +
                        std::to_string(header.epoch) + "-" + std::to_string(header.applied),
                .header_name = "X-Dfs-Checkpoint",
                .header_value = escape_for_header(wire::to_json_text(header)),
                .length = header.length});
  if (!upload.ok()) return upload.status();
  std::vector<char> piece(kIoBytes);
  for (std::uint64_t left = header.length; left > 0;) {
    const std::uint64_t size = std::min<std::uint64_t>(left, piece.size());
    if (!pace_.take(size)) return {Code::kUnavailable, "stopping"};
    file.read(piece.data(), static_cast<std::streamsize>(size));
    if (!file) return {Code::kIo, "cannot read the checkpoint"};
    const Bytes data = as_bytes({piece.data(), static_cast<std::size_t>(size)});
    if (Status status = upload->send(data); !status.ok()) return status;
    left -= size;
  }
  return decode(upload->finish());
}

void MetadataShipping::report(namenode::TransferId transfer,
                              const Result<wire::JournalState>& state) {
  const std::lock_guard lock(mutex_);
  if (state.ok()) {
    shipper_->answered(transfer, *state, clock_.now());
  } else {
    shipper_->failed(transfer, clock_.now());
  }
}

void MetadataShipping::make_checkpoint() {
  const Result<wire::CheckpointHeader> header = copy_store();
  if (!header.ok()) remove_checkpoint();
  const std::lock_guard lock(mutex_);
  if (header.ok()) {
    shipper_->checkpoint_made(*header, clock_.now());
  } else {
    shipper_->checkpoint_failed(header.status().message(), clock_.now());
  }
}

Result<wire::CheckpointHeader> MetadataShipping::copy_store() {
  std::error_code error;
  const auto size = std::filesystem::file_size(options_.directory + "/metadata.db", error);
  if (!has_room(error ? 0 : size)) return no_room();
  Result<wire::CheckpointHeader> header = sqlite::copy_store(
      store_, checkpoint_path(), "",
      [this]() -> Status {
        if (!has_room(sqlite::Backup::kSliceBytes)) return no_room();
        if (!pace_.take(sqlite::Backup::kSliceBytes)) return {Code::kUnavailable, "stopping"};
        return {};
      },
      [this](const std::function<void()>& work) { strand_->run_between(work); });
  if (header.ok()) header->time = clock_.now().wall;
  return header;
}

// The copy must never take what the metadata itself needs to go on (law 9).
bool MetadataShipping::has_room(std::uint64_t bytes) const {
  const std::optional<std::uint64_t> free = free_bytes(options_.directory);
  return !free || *free >= options_.disk_reserve + bytes;
}

void MetadataShipping::remove_checkpoint() const {
  std::error_code ignored;
  std::filesystem::remove(checkpoint_path(), ignored);
}

std::string MetadataShipping::checkpoint_path() const {
  return options_.directory + "/checkpoint.db";
}

}  // namespace dfs::http
