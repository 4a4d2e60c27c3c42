#include "core/namenode/shipper.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "core/namenode/past_epochs.h"

namespace dfs::namenode {
namespace {

constexpr int kMaxDoublings = 10;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

}  // namespace

Shipper::Shipper(ShipperConfig config, std::string cluster, std::uint64_t epoch, Position applied)
    : config_(config),
      cluster_(std::move(cluster)),
      epoch_(epoch),
      next_(applied + 1),
      began_(applied) {}

void Shipper::ship(Position first, std::vector<std::string> lines, std::uint64_t epoch, Now now) {
  DFS_ASSERT(first == next_);
  next_ += lines.size();
  if (epoch != epoch_) {
    // A new history: homes take it up with a checkpoint, so what is buffered is of no use.
    epoch_ = epoch;
    lines_.clear();
    bytes_ = 0;
    began_ = next_ - 1;
    given_.clear();
    given_at_.clear();
    newer_ = 0;
    told_ = false;
    for (auto& [id, home] : homes_) {
      home.phase = Phase::kAsk;
      home.applied = 0;
    }
    return;
  }
  for (std::string& line : lines) {
    if (line.size() > wire::kMaxAppendBytes) {  // no home can take it: only a checkpoint has it
      lines_.clear();
      bytes_ = 0;
      continue;
    }
    bytes_ += line.size();
    lines_.push_back({std::move(line), now.mono});
  }
  while (bytes_ > config_.buffer_bytes) {
    bytes_ -= lines_.front().text.size();
    lines_.pop_front();
  }
}

void Shipper::set_candidates(const std::vector<HomeCandidate>& candidates) {
  candidates_.clear();
  for (const HomeCandidate& candidate : candidates) {
    candidates_[candidate.address.node] = candidate;
  }
}

void Shipper::tick(Now now, ShipperEffects& effects) {
  choose_homes();
  exchange_failing();
  care_for_checkpoint(now, effects);
  if (newer_ != 0 && !told_) {
    told_ = true;
    effects.push_back(TellNewerHistory{newer_});
  }
  if (held()) return;
  for (auto& [id, home] : homes_) {
    if (home.out == 0 && home.not_before <= now.mono) send(home, now, effects);
  }
}

// The first home is any DataNode, the others on other hosts while there are some.
void Shipper::choose_homes() {
  std::erase_if(homes_, [this](const auto& entry) { return !candidates_.contains(entry.first); });
  for (auto& [id, home] : homes_) home.node = candidates_.at(id);
  while (homes_.size() < config_.homes) {
    const std::string* host = homes_.empty() ? nullptr : &homes_.begin()->second.node.host;
    if (!add_home(host) && !add_home(nullptr)) return;
  }
  spread_over_hosts();
}

// Of the homes, or of those that follow.
std::size_t Shipper::hosts(bool following) const {
  std::set<std::string_view> hosts;
  for (const auto& [id, home] : homes_) {
    if (!following || home.phase == Phase::kFollow) hosts.insert(home.node.host);
  }
  return hosts.size();
}

// Where the other hosts were away when homes were chosen: one more on another host, and once it has
// everything, one less of those that share one.
void Shipper::spread_over_hosts() {
  if (config_.homes < 2) return;
  if (hosts(false) == 1) {
    add_home(&homes_.begin()->second.node.host);
    return;
  }
  if (homes_.size() <= config_.homes || hosts(true) < 2) return;
  auto spare = homes_.end();
  for (auto home = homes_.begin(); home != homes_.end(); ++home) {
    const std::string& host = home->second.node.host;
    const auto there = std::ranges::count_if(
        homes_, [&](const auto& other) { return other.second.node.host == host; });
    if (there > 1 && (spare == homes_.end() || home->second.phase != Phase::kFollow)) spare = home;
  }
  if (spare != homes_.end()) homes_.erase(spare);
}

// One at a time, and only for another DataNode.
void Shipper::exchange_failing() {
  if (homes_.size() < config_.homes || candidates_.size() <= homes_.size()) return;
  const auto failing = std::find_if(homes_.begin(), homes_.end(), [this](const auto& entry) {
    return entry.second.out == 0 && entry.second.failures >= config_.failures_to_exchange;
  });
  if (failing == homes_.end()) return;
  candidates_.erase(failing->first);  // until the owner names it again
  homes_.erase(failing);
  choose_homes();
}

bool Shipper::add_home(const std::string* avoid_host) {
  for (const auto& [id, candidate] : candidates_) {
    if (homes_.contains(id) || (avoid_host != nullptr && candidate.host == *avoid_host)) continue;
    homes_[id].node = candidate;
    return true;
  }
  return false;
}

// One checkpoint serves every home that needs one, as long as the buffer continues it.
void Shipper::care_for_checkpoint(Now now, ShipperEffects& effects) {
  const bool all_follow = std::all_of(homes_.begin(), homes_.end(), [](const auto& entry) {
    return entry.second.phase == Phase::kFollow || entry.second.failures > 0;
  });
  if (all_follow && now.mono >= checkpoint_not_before_) {
    // A journal grown too long gets a new checkpoint below it, one home after the other.
    for (auto& [id, home] : homes_) {
      if (home.out != 0 || home.journal_bytes < config_.checkpoint_after) continue;
      if (home.shorten_not_before > now.mono) continue;
      home.phase = Phase::kCheckpoint;
      break;
    }
  }
  bool needed = false;
  bool in_use = false;
  for (const auto& [id, home] : homes_) {
    if (home.phase != Phase::kCheckpoint) continue;
    needed = needed || !held();
    in_use = in_use || home.out != 0 || (!held() && usable(home));
  }
  if (file_ == CheckpointFile::kMade && !in_use) {
    file_ = CheckpointFile::kNone;
    effects.push_back(DropCheckpoint{});
  }
  if (file_ == CheckpointFile::kNone && needed && now.mono >= checkpoint_not_before_) {
    file_ = CheckpointFile::kMaking;
    effects.push_back(MakeCheckpoint{});
  }
}

void Shipper::send(Home& home, Now now, ShipperEffects& effects) {
  switch (home.phase) {
    case Phase::kAsk:
      home.out = ++transfers_;
      effects.push_back(PostJournal{
          home.out, home.node.address, {.cluster = cluster_, .epoch = epoch_, .lines = {}}});
      return;
    case Phase::kCheckpoint:
      if (!usable(home)) return;
      home.out = ++transfers_;
      give(home.node.address, checkpoint_.applied);
      effects.push_back(PutCheckpoint{home.out, home.node.address, checkpoint_});
      return;
    case Phase::kFollow:
      send_journal(home, now, effects);
      return;
  }
}

void Shipper::send_journal(Home& home, Now now, ShipperEffects& effects) {
  if (home.applied + 1 == next_) return;
  if (!covers(home.applied)) {
    home.phase = Phase::kCheckpoint;
    return;
  }
  std::size_t index = home.applied + 1 - first();
  const std::size_t waiting = lines_.size() - index;
  if (waiting < wire::kMaxAppendLines && now.mono - lines_[index].since < config_.batch_delay) {
    return;
  }
  wire::JournalAppend message{.cluster = cluster_,
                              .epoch = epoch_,
                              .first = home.applied + 1,
                              .before = home.chain,
                              .after = home.chain,
                              .lines = {}};
  Position position = message.first;
  std::size_t bytes = 0;
  for (; index < lines_.size() && message.lines.size() < wire::kMaxAppendLines; ++index) {
    const std::string& line = lines_[index].text;
    bytes += line.size();
    if (!message.lines.empty() && bytes > kBatchBytes) break;
    message.after = wire::chain_next(message.after, position++, line);
    message.lines.push_back(line);
  }
  home.out = ++transfers_;
  home.sent = position - 1;
  home.sent_chain = message.after;
  give(home.node.address, home.sent);
  effects.push_back(PostJournal{home.out, home.node.address, std::move(message)});
}

Shipper::Home* Shipper::home_of(TransferId transfer) {
  for (auto& [id, home] : homes_) {
    if (home.out == transfer) return &home;
  }
  return nullptr;  // exchanged meanwhile
}

void Shipper::answered(TransferId transfer, const wire::JournalState& state, Now now) {
  Home* home = home_of(transfer);
  if (home == nullptr) return;
  // Whoever answers there has another disk by now, and what it was given we gave to somebody else.
  if (state.node && state.node != home->node.address.node) return failed(transfer, now);
  if (!is_possible(state)) return failed(transfer, now);
  home->out = 0;
  if (is_ahead(home->node.address, state)) {
    newer_ = std::max(newer_, state.epoch);
    home->phase = Phase::kAsk;
    return;
  }
  if (home->phase == Phase::kFollow &&
      (state.applied != home->sent || state.chain != home->sent_chain)) {
    // It has lost something, or holds another history.
    home->phase = Phase::kCheckpoint;
    home->continues = false;
    if (state.epoch == epoch_) home->applied = std::max(home->applied, state.applied);
    return;
  }
  if (home->phase == Phase::kCheckpoint &&
      (state.epoch != checkpoint_.epoch || state.checkpoint != checkpoint_.applied)) {
    home->out = transfer;
    return failed(transfer, now);
  }
  if (state.epoch == epoch_) give(home->node.address, state.applied);
  // A home with a full disk answers questions, and takes nothing.
  if (home->phase != Phase::kAsk) home->failures = 0;
  home->not_before = now.mono;
  follow_or_checkpoint(*home, state);
}

// Only what is durable is shipped, so a home never has more than a NameNode that has lost nothing.
Position Shipper::given(const wire::NodeAddress& home) const {
  const auto node = given_.find(home.node);
  const auto address = given_at_.find(home.peer);
  return std::max(node == given_.end() ? 0 : node->second,
                  address == given_at_.end() ? 0 : address->second);
}

void Shipper::give(const wire::NodeAddress& home, Position position) {
  for (Position* given : {&given_[home.node], &given_at_[home.peer]}) {
    *given = std::max(*given, position);
  }
}

// A history of another cluster, or one that no NameNode of this cluster can have had, is no answer.
bool Shipper::is_possible(const wire::JournalState& state) const {
  return (state.cluster.empty() || state.cluster == cluster_) &&
         (state.epoch <= epoch_ || can_be_raised_above(state.epoch));
}

bool Shipper::is_ahead(const wire::NodeAddress& home, const wire::JournalState& state) const {
  if (state.cluster != cluster_ || state.epoch < epoch_) return false;
  return state.epoch > epoch_ || state.applied > std::max(began_, given(home));
}

void Shipper::follow_or_checkpoint(Home& home, const wire::JournalState& state) {
  const bool ours = state.cluster == cluster_ && state.epoch == epoch_;
  home.continues = ours && covers(state.applied);
  home.phase = home.continues ? Phase::kFollow : Phase::kCheckpoint;
  home.applied = ours ? state.applied : 0;
  home.chain = state.chain;
  home.journal_bytes = state.journal_bytes;
}

void Shipper::failed(TransferId transfer, Now now) {
  Home* home = home_of(transfer);
  if (home == nullptr) return;
  home->out = 0;
  // A checkpoint that it could not take must not keep it from following.
  if (home->phase == Phase::kCheckpoint) {
    home->shorten_not_before = now.mono + config_.checkpoint_retry;
  }
  home->phase = Phase::kAsk;
  const int doublings = std::min<int>(static_cast<int>(home->failures++), kMaxDoublings);
  home->not_before =
      now.mono + std::min(config_.retry_first * (std::int64_t{1} << doublings), config_.retry_last);
}

void Shipper::checkpoint_made(const wire::CheckpointHeader& checkpoint, Now now) {
  file_ = CheckpointFile::kMade;
  checkpoint_ = checkpoint;
  checkpoint_problem_.clear();
  const auto transfer_seconds = static_cast<std::int64_t>(
      checkpoint.length / std::max<std::uint64_t>(1, config_.checkpoint_rate));
  checkpoint_not_before_ = now.mono + std::max(config_.checkpoint_pause, seconds(transfer_seconds));
}

// A home that waits only for a shorter journal goes on with the one that it has.
void Shipper::checkpoint_failed(const std::string& why, Now now) {
  file_ = CheckpointFile::kNone;
  checkpoint_problem_ = why;
  for (auto& [id, home] : homes_) {
    if (home.phase == Phase::kCheckpoint && home.continues) home.phase = Phase::kFollow;
  }
  checkpoint_not_before_ = now.mono + config_.checkpoint_retry;
}

ShipperStatus Shipper::status(Now now) const {
  ShipperStatus status{.homes = 0, .elsewhere = 0, .here = next_ - 1, .oldest = {}};
  for (const auto& [id, home] : homes_) {
    if (home.phase != Phase::kFollow) continue;
    status.elsewhere = status.homes == 0 ? home.applied : std::min(status.elsewhere, home.applied);
    ++status.homes;
  }
  if (status.homes == 0 || status.elsewhere == status.here || lines_.empty()) return status;
  const std::size_t index = status.elsewhere + 1 >= first() ? status.elsewhere + 1 - first() : 0;
  status.oldest = now.mono - lines_[index].since;
  return status;
}

std::string Shipper::warning(Now now, std::uint32_t wanted) const {
  std::string line = state_of_copies(now, wanted);
  if (held() || checkpoint_problem_.empty()) return line;
  line += line.empty() ? "metadata: " : "; ";
  return line + "no checkpoint of it can be made: " + checkpoint_problem_;
}

std::string Shipper::state_of_copies(Now now, std::uint32_t wanted) const {
  if (held()) {
    return "metadata: a DataNode has a newer history, so none gets a copy of this one; bring that "
           "one back ('dfs rescue') or give it up ('dfs admin accept-history')";
  }
  const ShipperStatus found = status(now);
  if (found.homes == 0) return "metadata: no DataNode has a copy of it yet";
  const Position behind = found.here - found.elsewhere;
  if (found.oldest > config_.window || behind > config_.window_commands) {
    return "metadata: the last " + std::to_string(behind) +
           " changes are on the NameNode's disk only";
  }
  if (found.homes < wanted) {
    return "metadata: " + std::to_string(found.homes) + " of " + std::to_string(wanted) +
           " DataNodes have a copy of it";
  }
  if (hosts(true) == 1 && hosts(false) > 1) {
    return "metadata: all copies of it are on one host until another one has caught up";
  }
  return "";
}

}  // namespace dfs::namenode
