// The metadata's second home, the NameNode's side: decides what of the history goes to which
// DataNodes.
//
// What became durable here (Ship effects) and checkpoints of the whole store are sent to a few live
// DataNodes, by default two on distinct hosts, so that losing this machine's disk loses only what
// was younger than the last batches. Asynchronous: no client waits for it. A home is first asked
// what it has; if the buffer of recent commands continues that, it follows the journal, otherwise
// it gets a checkpoint first. One message per home is out at a time; a failed one is followed by a
// question again, with backoff, and a home that keeps failing is exchanged for another DataNode.
// A home can have what it had when this process began, and what was sent to it since. One that has
// more, or a newer epoch, shows that the store was put back from an older copy: nothing is sent
// from then on, and while the NameNode is read-only behind a newer history, since it would take the
// place of what can still be rescued. A raised epoch ends that.
// Stated window: while homes answer, a command is on them within about batch_delay plus a round
// trip; warning() says so when it is not within `window` or `window_commands`.
//
// The owner carries effects out and reports every one back, also after a time-out. It makes a
// checkpoint in slices between rounds (SQLite's backup), at any position from the one that was
// reached when it was asked on.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/time.h"
#include "core/namenode/namenode.h"
#include "core/wire/journal.h"

namespace dfs::namenode {

struct ShipperConfig {
  std::uint32_t homes = 2;
  Duration batch_delay = milliseconds(200);
  Duration window = seconds(10);
  std::uint64_t window_commands = 1000;
  std::uint64_t buffer_bytes = std::uint64_t{32} << 20;      // of commands kept for sending again
  std::uint64_t checkpoint_after = std::uint64_t{64} << 20;  // bytes of journal
  // Between two checkpoints: a moment, so that a DataNode that registers just after one was sent
  // becomes a home within the window, and longer for what is large, to `checkpoint_rate` bytes a
  // second on average.
  Duration checkpoint_pause = seconds(5);
  Duration checkpoint_retry = seconds(60);  // after one that could not be made, as on a full disk
  std::uint64_t checkpoint_rate = std::uint64_t{16} << 20;
  Duration retry_first = seconds(1);
  Duration retry_last = seconds(30);
  std::uint32_t failures_to_exchange = 5;  // in a row, while another DataNode is left
};

struct HomeCandidate {
  wire::NodeAddress address;
  std::string host;
};

using TransferId = std::uint64_t;

// POST it; answer with answered() or failed().
struct PostJournal {
  TransferId transfer = 0;
  wire::NodeAddress to;
  wire::JournalAppend message;
};
// Make one; answer with checkpoint_made() or checkpoint_failed().
struct MakeCheckpoint {};
// PUT the checkpoint that was made last; answer with answered() or failed().
struct PutCheckpoint {
  TransferId transfer = 0;
  wire::NodeAddress to;
  wire::CheckpointHeader checkpoint;
};
// The local file of the checkpoint is not needed any more.
struct DropCheckpoint {};
// A DataNode has a newer history, of `epoch`: hand it to NameNode::newer_history(), once.
struct TellNewerHistory {
  std::uint64_t epoch = 0;
};
using ShipperEffect =
    std::variant<PostJournal, MakeCheckpoint, PutCheckpoint, DropCheckpoint, TellNewerHistory>;
using ShipperEffects = std::vector<ShipperEffect>;

struct ShipperStatus {
  std::uint32_t homes = 0;  // that follow the journal
  Position elsewhere = 0;   // on all homes that follow; 0: nowhere
  Position here = 0;
  Duration oldest;  // age of the oldest command that is not on all of them
};

class Shipper {
 public:
  // `applied` is the position of the last durable command.
  Shipper(ShipperConfig config, std::string cluster, std::uint64_t epoch, Position applied);

  // The commands from position `first` on became durable: to_text() of each. `epoch` is the store's
  // after them.
  void ship(Position first, std::vector<std::string> lines, std::uint64_t epoch, Now now);
  // Whether the NameNode is read-only behind a newer history. After each ship().
  void set_behind(bool behind) { behind_ = behind; }
  // The DataNodes that are not dead. From time to time, also without a change.
  void set_candidates(const std::vector<HomeCandidate>& candidates);
  // About every 100 ms.
  void tick(Now now, ShipperEffects& effects);

  void answered(TransferId transfer, const wire::JournalState& state, Now now);
  void failed(TransferId transfer, Now now);
  void checkpoint_made(const wire::CheckpointHeader& checkpoint, Now now);
  void checkpoint_failed(const std::string& why, Now now);

  [[nodiscard]] ShipperStatus status(Now now) const;
  // One line for the operator while the window is not kept, there are fewer homes than there should
  // be or no checkpoint can be made; "" otherwise.
  [[nodiscard]] std::string warning(Now now) const { return warning(now, config_.homes); }
  // … than `wanted`, for who knows that there are not more DataNodes.
  [[nodiscard]] std::string warning(Now now, std::uint32_t wanted) const;

 private:
  enum class Phase { kAsk, kCheckpoint, kFollow };
  struct Home {
    HomeCandidate node;
    Phase phase = Phase::kAsk;
    TransferId out = 0;          // 0: none
    Instant not_before;          // of the next message
    std::uint32_t failures = 0;  // in a row
    Position applied = 0;        // what it has of our epoch, and its digest
    std::uint64_t chain = 0;
    std::uint64_t journal_bytes = 0;
    bool continues = false;      // it could go on following
    Instant shorten_not_before;  // of a checkpoint only for a journal grown too long
    Position sent = 0;           // with `out`: what it will have, and its digest
    std::uint64_t sent_chain = 0;
  };
  struct Line {
    std::string text;
    Instant since;
  };
  enum class CheckpointFile { kNone, kMaking, kMade };

  [[nodiscard]] Position first() const { return next_ - lines_.size(); }
  [[nodiscard]] bool covers(Position applied) const {
    return applied + 1 >= first() && applied < next_;
  }
  // The buffer continues the checkpoint that was made, and the home has nothing beyond it, nor will
  // have by what is still on its way. None of an earlier epoch: what is buffered begins after the
  // command that raised it.
  [[nodiscard]] bool usable(const Home& home) const {
    return file_ == CheckpointFile::kMade && covers(checkpoint_.applied) &&
           checkpoint_.applied >= std::max(home.applied, given(home.node.address));
  }
  [[nodiscard]] Position given(const wire::NodeAddress& home) const;
  void give(const wire::NodeAddress& home, Position position);
  [[nodiscard]] bool held() const { return behind_ || newer_ != 0; }
  [[nodiscard]] bool is_possible(const wire::JournalState& state) const;
  [[nodiscard]] bool is_ahead(const wire::NodeAddress& home, const wire::JournalState& state) const;
  [[nodiscard]] Home* home_of(TransferId transfer);
  void choose_homes();
  void exchange_failing();
  void spread_over_hosts();
  [[nodiscard]] std::size_t hosts(bool following) const;
  bool add_home(const std::string* avoid_host);
  void care_for_checkpoint(Now now, ShipperEffects& effects);
  void send(Home& home, Now now, ShipperEffects& effects);
  void send_journal(Home& home, Now now, ShipperEffects& effects);
  [[nodiscard]] std::string state_of_copies(Now now, std::uint32_t wanted) const;
  void follow_or_checkpoint(Home& home, const wire::JournalState& state);

  ShipperConfig config_;
  std::string cluster_;
  std::uint64_t epoch_;
  Position next_;           // position of the next command
  std::deque<Line> lines_;  // the last commands before it
  std::uint64_t bytes_ = 0;
  Position began_;  // what a home can have that was sent nothing
  // The last that was sent, whether or not it arrived: to each DataNode, and to each address, since
  // who answers there may have another number by now.
  std::map<NodeId, Position> given_;
  std::map<std::string, Position> given_at_;

  bool behind_ = false;
  std::uint64_t newer_ = 0;  // epoch of a home that is ahead; 0: none
  bool told_ = false;        // of it

  std::map<NodeId, HomeCandidate> candidates_;
  std::map<NodeId, Home> homes_;
  TransferId transfers_ = 0;

  CheckpointFile file_ = CheckpointFile::kNone;
  wire::CheckpointHeader checkpoint_;
  Instant checkpoint_not_before_{INT64_MIN};
  std::string checkpoint_problem_;  // why the last one could not be made; "": it could
};

}  // namespace dfs::namenode
