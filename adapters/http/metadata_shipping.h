// Carries out what the shipper decides (core/namenode/shipper.h): sends the NameNode's history to
// DataNodes, so that `dfs rescue` can bring it back.
//
// One thread steps the shipper; a few send. Nothing here holds up a client: the strand only hands
// over what became durable, and lends the store for slices of a checkpoint between its rounds. The
// checkpoint lies in the NameNode's directory while it is being sent.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "adapters/http/pace.h"
#include "adapters/http/process.h"
#include "adapters/http/socket_client.h"
#include "adapters/http/strand.h"
#include "adapters/sqlite/store.h"
#include "core/namenode/shipper.h"

namespace dfs::http {

struct ShippingOptions {
  namenode::ShipperConfig shipper;
  std::string directory;                              // for the checkpoint
  std::uint64_t disk_reserve = 0;                     // bytes that a checkpoint leaves free there
  std::uint64_t send_rate = std::uint64_t{64} << 20;  // of checkpoints, bytes a second
};

class MetadataShipping {
 public:
  // `store` is used within the strand only.
  MetadataShipping(ShippingOptions options, sqlite::SqliteStore& store);
  ~MetadataShipping();

  // In the strand: a batch became durable.
  void note(const namenode::Ship& batch);
  // Once the machine has started; `strand` must outlive stop().
  void start(Strand& strand);
  void stop();

  // One line for the operator while the window is not kept; "" otherwise.
  [[nodiscard]] std::string warning();
  [[nodiscard]] namenode::ShipperStatus status();

 private:
  void step_until_stopped();
  void send_until_stopped();
  void refresh_candidates();
  void carry_out(const namenode::ShipperEffect& effect);
  void post(const namenode::PostJournal& effect);
  void make_checkpoint();
  [[nodiscard]] Result<wire::CheckpointHeader> copy_store();
  [[nodiscard]] Result<wire::JournalState> send_checkpoint(const namenode::PutCheckpoint& effect);
  void report(namenode::TransferId transfer, const Result<wire::JournalState>& state);
  [[nodiscard]] std::string checkpoint_path() const;
  [[nodiscard]] bool has_room(std::uint64_t bytes) const;
  void remove_checkpoint() const;

  const ShippingOptions options_;
  sqlite::SqliteStore& store_;
  const Clock clock_;
  SocketClient client_;
  Pace pace_;
  Strand* strand_ = nullptr;

  std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<namenode::Shipper> shipper_;
  std::deque<namenode::ShipperEffect> work_;
  std::vector<std::thread> threads_;
};

}  // namespace dfs::http
