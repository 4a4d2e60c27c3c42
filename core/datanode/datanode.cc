#include "core/datanode/datanode.h"

#include <algorithm>

#include "core/datanode/conversation.h"
#include "core/datanode/full_report.h"
#include "core/datanode/tasks.h"

namespace dfs::datanode {
namespace {

constexpr Duration kPersistPeriod = seconds(10);  // of a history that only moved on
constexpr std::uint32_t kHeartbeatsBeforeReport =
    5;  // that may find news, before it is made anyhow

void merge(wire::HistoryMark& seen, const wire::HistoryMark& told) {
  if (told.behind(seen)) return;
  seen.epoch = told.epoch;
  seen.applied = told.applied;
  seen.block = std::max(seen.block, told.block);
}

// A replica proves how far a history had come, whatever became of the mark that was to be written.
void merge(wire::HistoryMark& seen, BlockId block) {
  const std::uint64_t epoch = epoch_of(block.value);
  if (epoch > seen.epoch) seen = {epoch, 0, 0};
  if (epoch == seen.epoch) seen.block = std::max(seen.block, block.value);
}

bool operator==(const Identity& a, const Identity& b) {
  return a.cluster == b.cluster && a.node == b.node && a.seen == b.seen;
}

}  // namespace

struct DataNode::State {
  State(Config c, Random random)
      : config(std::move(c)),
        conversation(config.answer_timeout, random.fork("conversation")),
        holdings(config.scrub_period, config.unreadable_period, config.limits),
        tasks(holdings, std::max(1u, config.parallel_tasks), config.limits),
        report(config.limits.in_message) {}

  // Says whatever is to be said, starts whatever can be started.
  void pump(Now now, EffectList& effects);
  bool speak(Now now, EffectList& effects);
  wire::Request heartbeat(Now now);
  wire::SessionMark next_mark();

  void take(const wire::RegisterReply& reply, Now now, EffectList& effects);
  void take(const wire::HeartbeatReply& reply, EffectList& effects);
  void refused(const Status& status, Now now);
  void end_session();
  void bad_sources_told(const wire::ReportBad& message);
  void persist(EffectList& effects);
  void durable_now();
  [[nodiscard]] bool low_on_space() const;
  [[nodiscard]] std::vector<wire::BlockInfo> purge_wanted(Now now);

  Config config;
  Conversation conversation;
  Holdings holdings;
  Tasks tasks;
  FullReport report;
  std::set<std::pair<BlockId, NodeId>> bad_sources;  // the NameNode has not heard of
  wire::NodeStats stats;
  std::uint32_t volumes = 0;

  Identity identity;  // as known; durable once `durable` is equal
  Identity durable;
  Identity persisting;
  bool persist_out = false;
  Instant persisted_at;  // or last tried
  struct Held {
    wire::Order order;
    Status judged;           // not ok: refused
    wire::HistoryMark told;  // to be durable first
  };
  std::vector<Held> held;  // up to Limits::orders

  bool started = false;
  bool accepted = false;    // the NameNode has answered the registration
  bool registered = false;  // and what it said is durable
  Status trouble;
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;
  Duration interval = seconds(1);
  Instant last_heartbeat;
  bool beat_last = false;  // the last message was a heartbeat
  Instant next_report;
  std::uint32_t heartbeats_before_report = 0;
};

DataNode::DataNode(Config config, Random random)
    : state_(std::make_unique<State>(std::move(config), random)) {}
DataNode::~DataNode() = default;

void DataNode::start(const Identity& identity, const std::vector<FoundReplica>& found,
                     std::uint32_t volumes, Now now, EffectList& effects) {
  State& s = *state_;
  DFS_ASSERT(!s.started);
  s.started = true;
  s.identity = identity;
  s.durable = identity;
  s.persisted_at = now.mono;
  // Before it has a cluster, nobody knows whose blocks they are.
  for (const FoundReplica& replica : found) {
    if (!identity.cluster.empty()) merge(s.identity.seen, replica.info.id);
  }
  s.volumes = volumes;
  s.tasks.set_self(identity.node);
  s.holdings.load(found, now);
  s.pump(now, effects);
}

void DataNode::tick(Now now, EffectList& effects) {
  State& s = *state_;
  s.conversation.tick(now.mono, effects);
  if (!(s.identity == s.durable) && now.mono - s.persisted_at >= kPersistPeriod) {
    s.persist(effects);
  }
  s.pump(now, effects);
}

void DataNode::answered(std::uint64_t message, const wire::Reply& reply, Now now,
                        EffectList& effects) {
  State& s = *state_;
  if (!s.conversation.awaits(message)) return;
  const wire::Request& request = s.conversation.request();  // until it is settled
  if (const auto* status = std::get_if<Status>(&reply)) {
    s.refused(*status, now);
  } else if (std::holds_alternative<wire::Register>(request) &&
             std::holds_alternative<wire::RegisterReply>(reply)) {
    s.take(std::get<wire::RegisterReply>(reply), now, effects);
  } else if (std::holds_alternative<wire::Heartbeat>(request) &&
             std::holds_alternative<wire::HeartbeatReply>(reply)) {
    s.conversation.settle();
    s.take(std::get<wire::HeartbeatReply>(reply), effects);
  } else if (std::holds_alternative<wire::ReportDigests>(request) &&
             std::holds_alternative<wire::ReportDigestsReply>(reply)) {
    s.conversation.settle();
    s.report.digests_answered(std::get<wire::ReportDigestsReply>(reply).wanted);
    s.next_report = now.mono + s.config.full_report_period;
  } else if (std::holds_alternative<wire::ReportPiece>(request) &&
             std::holds_alternative<wire::Empty>(reply)) {
    s.report.piece_answered(std::get<wire::ReportPiece>(request));
    s.conversation.settle();
  } else if (std::holds_alternative<wire::ReportBad>(request) &&
             std::holds_alternative<wire::Empty>(reply)) {
    s.bad_sources_told(std::get<wire::ReportBad>(request));
    s.conversation.settle();
  } else {
    s.refused({Code::kInvalidArgument, "the NameNode gave the answer to another question"}, now);
  }
  s.pump(now, effects);
}

void DataNode::unanswered(std::uint64_t message, Now now, EffectList& effects) {
  if (state_->conversation.awaits(message)) state_->conversation.again(now.mono);
  state_->pump(now, effects);
}

void DataNode::persisted(Now now, EffectList& effects) {
  State& s = *state_;
  if (!s.persist_out) return;
  s.persist_out = false;
  s.durable = s.persisting;
  s.persisted_at = now.mono;
  // What waits for durability is waiting for the newest; a history that only moved on can wait.
  const bool awaited = !s.held.empty() || (s.accepted && !s.registered);
  if (!(s.identity == s.durable) && awaited) s.persist(effects);
  s.durable_now();
  s.pump(now, effects);
}

void DataNode::persist_failed(Now now) {
  State& s = *state_;
  s.persist_out = false;
  s.persisted_at = now.mono;  // again after the period
}

void DataNode::task_done(TaskId task, const Status& status, VolumeId volume, Now now,
                         EffectList& effects) {
  state_->tasks.done(task, status, volume, now);
  state_->pump(now, effects);
}

void DataNode::sidecar_read(const ReadSidecar& what, const Result<wire::BlockInfo>& found, Now now,
                            EffectList& effects) {
  state_->tasks.sidecar_read(what, found);
  state_->pump(now, effects);
}

void DataNode::stored(const wire::BlockInfo& info, VolumeId volume, Now now, EffectList& effects) {
  merge(state_->identity.seen, info.id);
  Holdings& holdings = state_->holdings;
  if (!holdings.failed(volume)) {
    // A move to quarantine that waited for this publication has moved what was published, and its
    // end was heard first: reading tells.
    const bool doubtful = holdings.quarantine().has(info, volume);
    holdings.stored(info, volume, now);
    if (doubtful) holdings.suspect(info.id);
  }
  state_->pump(now, effects);
}

void DataNode::suspect(BlockId block, Now now, EffectList& effects) {
  // However many readers complain, it is read once.
  if (!state_->tasks.verifies(block)) state_->holdings.suspect(block);
  state_->pump(now, effects);
}

void DataNode::found_bad(const wire::BadReplica& replica, Now now, EffectList& effects) {
  State& s = *state_;
  if (replica.node == s.identity.node) return suspect(replica.block, now, effects);
  // What does not fit is found again by the next reader or scrubber.
  if (s.bad_sources.size() < s.config.limits.in_message) {
    s.bad_sources.insert({replica.block, replica.node});
  }
  s.pump(now, effects);
}

void DataNode::volume_failed(VolumeId volume, Now now, EffectList& effects) {
  state_->holdings.volume_failed(volume);
  state_->pump(now, effects);
}

void DataNode::set_space(const wire::NodeStats& stats) { state_->stats = stats; }

std::optional<DataNode::Replica> DataNode::find(BlockId block) const {
  const IndexEntry* entry = state_->holdings.index().find(block);
  if (entry == nullptr) return std::nullopt;
  return Replica{entry->info, entry->volume, entry->corrupt};
}

bool DataNode::told_all(BlockId block) const {
  const ChangeQueue& changes = state_->holdings.changes();
  return !changes.forgot() && changes.all_sent(block);
}

bool DataNode::unreadable(BlockId block) const {
  return state_->holdings.unreadable().find(block).has_value();
}

const Identity& DataNode::identity() const { return state_->identity; }
bool DataNode::registered() const { return state_->registered; }
const Status& DataNode::trouble() const { return state_->trouble; }
std::size_t DataNode::replicas() const { return state_->holdings.index().size(); }

std::vector<DataNode::Replica> DataNode::all() const {
  std::vector<Replica> all;
  for (const IndexEntry& entry : state_->holdings.index().all()) {
    all.push_back({entry.info, entry.volume, entry.corrupt});
  }
  return all;
}

void DataNode::State::pump(Now now, EffectList& effects) {
  if (!started) return;
  if (holdings.take_lost()) report.want();
  if (registered && next_report <= now.mono) {
    report.want();
    next_report = now.mono + config.full_report_period;
  }
  tasks.pump(now, effects);
  if (conversation.free(now.mono)) (void)speak(now, effects);
}

// False when there is nothing to say now.
bool DataNode::State::speak(Now now, EffectList& effects) {
  if (!accepted) {
    wire::Register request{identity.cluster,      config.uuid,         config.incarnation,
                           config.client_address, config.peer_address, config.rack,
                           config.host,           identity.seen};
    conversation.send(std::move(request), now.mono, effects);
    return true;
  }
  if (!registered) return false;
  // Each piece of a report shows a state of which all news has been told, so that news cannot
  // arrive after it and seem newer.
  const bool told = holdings.flags_told();
  const bool beat_due = now.mono - last_heartbeat >= interval;
  // Where an answer takes longer than the interval, a heartbeat is due whenever there is something
  // to be said: the rest has every other turn then, or a report would never be made.
  const bool first = beat_due && !beat_last;
  beat_last = false;
  if (!first && report.has_pieces() && !holdings.changes().concerns(report.bucket())) {
    wire::ReportPiece piece = report.next(holdings.index(), holdings.unreadable());
    piece.mark = next_mark();
    conversation.send(std::move(piece), now.mono, effects);
    return true;
  }
  const bool quiet =
      (told && holdings.changes().empty()) || heartbeats_before_report >= kHeartbeatsBeforeReport;
  if (!first && report.wanted() && quiet) {
    wire::ReportDigests digests;
    digests.mark = next_mark();
    digests.digests = report.begin(holdings.index(), holdings.unreadable());
    heartbeats_before_report = 0;
    conversation.send(std::move(digests), now.mono, effects);
    return true;
  }
  if (!first && !bad_sources.empty()) {
    wire::ReportBad message;
    for (const auto& [block, node] : bad_sources) message.replicas.push_back({block, node});
    conversation.send(std::move(message), now.mono, effects);
    return true;
  }
  const bool news = !holdings.changes().empty() || tasks.has_results();
  const bool reporting = report.has_pieces() || report.wanted();
  // News goes out soon, but not each by itself.
  const bool soon = now.mono - last_heartbeat >= interval / 20;
  if (!beat_due && !(news && (soon || reporting))) return false;
  if (reporting) ++heartbeats_before_report;
  beat_last = true;
  conversation.send(heartbeat(now), now.mono, effects);
  return true;
}

wire::Request DataNode::State::heartbeat(Now now) {
  wire::Heartbeat message;
  message.mark = next_mark();
  message.seen = identity.seen;
  message.stats = stats;
  message.stats.replicas = holdings.index().size();
  message.stats.volumes = volumes;
  message.stats.failed_volumes = holdings.failed_volumes();
  if (!report.wanted() && !report.has_pieces()) holdings.changes().reported();
  message.changes = holdings.changes().send(config.limits.in_message);
  message.results = tasks.send_results(config.limits.in_message);
  message.purge_wanted = purge_wanted(now);
  last_heartbeat = now.mono;
  return message;
}

wire::SessionMark DataNode::State::next_mark() { return {identity.node, session, ++sequence}; }

// Purgeable bytes count as free, so they must be had when the rest runs out.
bool DataNode::State::low_on_space() const {
  const std::uint64_t free = stats.remaining - std::min(stats.remaining, stats.quarantined);
  return stats.capacity != 0 && stats.quarantined != 0 && free < stats.capacity / 20;
}

std::vector<wire::BlockInfo> DataNode::State::purge_wanted(Now now) {
  const Instant until = low_on_space() ? now.mono : now.mono - config.quarantine_keep;
  return holdings.quarantine().next_old(until, config.limits.purges_in_message, now.mono);
}

void DataNode::State::take(const wire::RegisterReply& reply, Now now, EffectList& effects) {
  if (reply.cluster.empty() || !reply.node || reply.session == 0 ||
      (!identity.cluster.empty() && identity.cluster != reply.cluster)) {
    refused({Code::kWrongCluster, "the NameNode is of cluster '" + reply.cluster +
                                      "', this DataNode of '" + identity.cluster + "'"},
            now);
    return;
  }
  conversation.settle();
  trouble = {};
  accepted = true;
  session = reply.session;
  sequence = 0;
  interval = std::clamp(reply.heartbeat_interval, milliseconds(10), seconds(60));
  last_heartbeat = now.mono - interval;
  beat_last = false;
  tasks.new_session();
  tasks.set_self(reply.node);
  held.clear();
  holdings.tell_flags_again();
  report.want();
  heartbeats_before_report = 0;
  next_report = now.mono + config.full_report_period;
  Identity changed = identity;
  changed.cluster = reply.cluster;
  changed.node = reply.node;
  merge(changed.seen, reply.history);
  const bool same = changed.cluster == durable.cluster && changed.node == durable.node;
  identity = changed;
  if (!same || changed.seen.epoch > durable.seen.epoch) persist(effects);
  durable_now();
}

void DataNode::State::take(const wire::HeartbeatReply& reply, EffectList& effects) {
  holdings.changes().answered();
  tasks.results_answered();
  if (reply.report) report.want();
  const bool older = reply.history.behind(identity.seen);
  const bool older_epoch = reply.history.epoch < identity.seen.epoch;
  merge(identity.seen, reply.history);
  for (const wire::Order& order : reply.orders) {
    const bool removes =
        order.kind == wire::OrderKind::kQuarantine || order.kind == wire::OrderKind::kPurge;
    Status judged;
    if (older_epoch || (older && removes)) {
      judged = {Code::kReadOnly,
                "the NameNode's history is older than what this DataNode has seen"};
    }
    if (held.size() < config.limits.orders) {
      held.push_back({order, std::move(judged), identity.seen});
    } else {
      tasks.refuse(order, {Code::kUnavailable,
                           "too many orders while the history mark cannot be made durable"});
    }
  }
  // A new epoch is seldom, and its first ids may be on no disk yet: nothing else would prove it.
  const bool raised = identity.seen.epoch > durable.seen.epoch;
  if (!(identity == durable) && (raised || !held.empty())) persist(effects);
  durable_now();
}

void DataNode::State::refused(const Status& status, Now now) {
  if (const auto* bad = std::get_if<wire::ReportBad>(&conversation.request());
      bad != nullptr && !is_retriable(status.code())) {
    bad_sources_told(*bad);
    conversation.drop(now.mono);
    return;
  }
  const bool registering = std::holds_alternative<wire::Register>(conversation.request());
  if (!registering && is_retriable(status.code())) {
    conversation.again(now.mono);
    return;
  }
  if (registering || status.code() != Code::kStale) trouble = status;
  conversation.drop(now.mono);
  // What it cannot stomach is not sent again: the full report says the rest.
  if (!registering && status.code() != Code::kStale) holdings.changes().clear();
  end_session();
}

void DataNode::State::bad_sources_told(const wire::ReportBad& message) {
  for (const wire::BadReplica& bad : message.replicas) bad_sources.erase({bad.block, bad.node});
}

void DataNode::State::end_session() {
  accepted = false;
  registered = false;
  held.clear();
  tasks.new_session();
}

void DataNode::State::persist(EffectList& effects) {
  if (persist_out) return;  // the newest follows when that one is done
  persist_out = true;
  persisting = identity;
  effects.push_back(PersistIdentity{identity});
}

// Lets go what has waited for the identity and the history mark to be durable.
void DataNode::State::durable_now() {
  const bool named = identity.cluster == durable.cluster && identity.node == durable.node;
  if (accepted && named) registered = true;
  auto next = held.begin();
  for (; next != held.end() && named && !durable.seen.behind(next->told); ++next) {
    if (next->judged.ok()) {
      tasks.take(next->order);
    } else {
      tasks.refuse(next->order, next->judged);
    }
  }
  held.erase(held.begin(), next);
}

}  // namespace dfs::datanode
