#include "core/namenode/rescue.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/mutant.h"
#include "core/namenode/command.h"
#include "core/namenode/past_epochs.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kCommandsPerCommit = 200;

Status broken(const wire::JournalLine& line, const std::string& why) {
  return {Code::kCorrupt, "journal: command " + std::to_string(line.position) + ": " + why};
}

Status apply_line(Store& store, const wire::JournalLine& line, Replay& replay,
                  CommandObserver* observer) {
  Result<Command> command = command_from_text(line.command);
  if (!command.ok()) return broken(line, command.status().message());
  if (mutated(Mutant::kD3SkipColumnInRestore)) command->wall = {};
  const Outcome outcome = apply(store, *command);
  if (outcome.position != line.position) return broken(line, "applied at another position");
  if (observer != nullptr) observer->applied(*command, outcome);
  ++replay.commands;
  replay.until = command->wall;
  return {};
}

// Whether two journals of one epoch tell of the same commands wherever both tell of any.
bool agree(const wire::Journal& a, const wire::Journal& b) {
  if (a.lines.empty() || b.lines.empty()) return true;
  const std::uint64_t first = std::max(a.lines.front().position, b.lines.front().position);
  const std::uint64_t end = std::min(a.lines.back().position, b.lines.back().position);
  for (std::uint64_t at = first; at <= end; ++at) {
    const std::string_view in_a = a.lines[at - a.lines.front().position].command;
    const std::string_view in_b = b.lines[at - b.lines.front().position].command;
    if (in_a != in_b) return false;
  }
  return true;
}

}  // namespace

Replay replay(Store& store, const wire::Journal& journal, CommandObserver* observer) {
  const MetaRow meta = store.meta();
  Replay replay;
  const bool ours =
      journal.checkpoint.cluster == meta.cluster && journal.checkpoint.epoch == meta.epoch;
  if (!ours) return replay;
  auto line = std::find_if(
      journal.lines.begin(), journal.lines.end(),
      [&](const wire::JournalLine& each) { return each.position == meta.applied + 1; });
  while (line != journal.lines.end() && replay.problem.ok()) {
    store.begin();
    for (std::size_t i = 0; i < kCommandsPerCommit && line != journal.lines.end(); ++i, ++line) {
      replay.problem = apply_line(store, *line, replay, observer);
      if (!replay.problem.ok()) break;
    }
    store.commit();
  }
  return replay;
}

Result<std::uint64_t> begin_new_epoch(Store& store, std::uint64_t seen, Random& random,
                                      WallTime wall, CommandObserver* observer) {
  const MetaRow meta = store.meta();
  Command command;
  command.time = meta.time;
  command.wall = wall;
  command.body = RaiseEpochCommand{draw_above(meta, seen, random)};
  store.begin();
  const Outcome outcome = apply(store, command);
  if (observer != nullptr) observer->applied(command, outcome);
  store.commit();
  if (const auto* status = std::get_if<Status>(&outcome.reply)) return *status;
  return store.meta().epoch;
}

void RescueReport::note(const std::string& line) {
  if (std::ranges::find(notes, line) == notes.end()) notes.push_back(line);
}

Result<RescueMaterial> RescueMaterial::gather(const std::vector<RescueSource*>& sources,
                                              RescueReport& report) {
  RescueMaterial material;
  material.sources_ = sources;
  std::set<std::string> clusters;
  for (RescueSource* source : sources) {
    const Result<wire::MetadataList> list = source->list();
    if (!list.ok()) report.note(source->name() + ": " + list.status().message());
    if (!list.ok()) continue;
    for (const std::string& problem : list->problems) report.note(source->name() + ": " + problem);
    for (const wire::StoredCheckpoint& stored : list->checkpoints) {
      material.offers_.push_back({source, stored, 0, 0});
      clusters.insert(stored.checkpoint.cluster);
    }
  }
  if (clusters.size() > 1) {
    return {Code::kWrongCluster, "the sources belong to different clusters (" + *clusters.begin() +
                                     ", " + *clusters.rbegin() + "); name those of one cluster"};
  }
  if (!clusters.empty()) material.newest_ = material.newest_epoch(*clusters.begin(), report);
  for (RescueOffer& offer : material.offers_) material.read_journal(offer, report);
  std::ranges::stable_sort(material.journals_, std::greater{}, [](const wire::Journal& each) {
    return std::tuple(each.state.epoch, each.state.applied);
  });
  for (RescueOffer& offer : material.offers_) {
    const std::vector<const wire::Journal*> way = material.way_from(offer.stored.checkpoint);
    offer.reach = way.empty() ? offer.stored.checkpoint.applied : way.back()->state.applied;
  }
  std::ranges::stable_sort(material.offers_, std::greater{}, &RescueOffer::worth);
  if (mutated(Mutant::kD2RescueOldest)) std::ranges::reverse(material.offers_);
  return material;
}

void RescueMaterial::read_journal(RescueOffer& offer, RescueReport& report) {
  const wire::StoredCheckpoint& stored = offer.stored;
  const std::string whose = offer.source->name() + ": the journal after command " +
                            std::to_string(stored.checkpoint.applied) + " of epoch " +
                            std::to_string(stored.checkpoint.epoch) + ": ";
  Result<std::string> text = offer.source->journal(stored.checkpoint);
  if (!text.ok()) return report.note(whose + text.status().message());
  texts_.push_back(std::move(*text));
  Result<wire::Journal> journal = wire::read_journal(texts_.back());
  if (!journal.ok()) return report.note(whose + journal.status().message());
  const std::uint64_t end = offer.own_reach = journal->state.applied;
  if (journal->damaged || end < stored.journal_applied) {
    std::string line = whose + "damaged after command " + std::to_string(end);
    if (end < stored.journal_applied) {
      line += ", it had gone to " + std::to_string(stored.journal_applied);
    }
    report.note(line);
  }
  journals_.push_back(std::move(*journal));
}

// Its own journal comes first, for the others to be compared with.
std::vector<const wire::Journal*> RescueMaterial::way_from(
    const wire::CheckpointHeader& checkpoint) const {
  std::vector<const wire::Journal*> way;
  std::uint64_t reach = checkpoint.applied;
  const auto go_on = [&](const wire::Journal& journal) {
    const bool continues = journal.checkpoint.cluster == checkpoint.cluster &&
                           journal.checkpoint.epoch == checkpoint.epoch &&
                           journal.checkpoint.applied <= reach && journal.state.applied > reach &&
                           std::ranges::all_of(way, [&](const wire::Journal* before) {
                             return agree(*before, journal);
                           });
    if (!continues) return false;
    way.push_back(&journal);
    reach = journal.state.applied;
    return true;
  };
  for (const wire::Journal& journal : journals_) {
    if (journal.checkpoint == checkpoint) go_on(journal);
  }
  for (bool further = true; further;) {
    further = false;
    for (const wire::Journal& journal : journals_) further = go_on(journal) || further;
  }
  return way;
}

// The newest epoch of `cluster` that any source keeps something of or has seen.
std::uint64_t RescueMaterial::newest_epoch(const std::string& cluster, RescueReport& report) const {
  std::uint64_t newest = 0;
  for (const RescueOffer& offer : offers_) {
    newest = std::max(newest, offer.stored.checkpoint.epoch);
  }
  for (RescueSource* source : sources_) {
    const Result<wire::SeenEpoch> seen = source->seen();
    if (!seen.ok()) {
      report.note(source->name() + ": " + seen.status().message());
    } else if (seen->cluster == cluster) {
      newest = std::max(newest, seen->epoch);
    } else if (!seen->cluster.empty()) {
      report.note(source->name() + ": is of another cluster, " + seen->cluster);
    }
  }
  return newest;
}

void RescueMaterial::replay_all(const wire::CheckpointHeader& checkpoint, Store& store,
                                RescueReport& report, CommandObserver* observer) const {
  const std::vector<const wire::Journal*> way = way_from(checkpoint);
  for (const wire::Journal& journal : journals_) {
    const bool parted = std::ranges::any_of(way, [&](const wire::Journal* taken) {
      return journal.checkpoint.epoch == checkpoint.epoch && !agree(*taken, journal);
    });
    if (!parted) continue;
    report.note("there are two histories of epoch " + std::to_string(checkpoint.epoch) +
                ": of the one up to command " + std::to_string(journal.state.applied) +
                " only what both have is recovered");
  }
  for (const wire::Journal* journal : way) {
    const Replay done = replay(store, *journal, observer);
    if (!done.problem.ok()) report.note(done.problem.message());
    if (done.commands == 0) continue;
    report.replayed += done.commands;
    report.until = done.until;
  }
}

Status RescueMaterial::rebuild(const RescueOffer& offer, Store& store, WallTime now, Random& random,
                               RescueReport& report, CommandObserver* observer) const {
  const wire::CheckpointHeader& checkpoint = offer.stored.checkpoint;
  const MetaRow meta = store.meta();
  if (meta.cluster != checkpoint.cluster || meta.applied != checkpoint.applied) {
    return {Code::kCorrupt, "its content is not what its name says"};
  }
  report.cluster = meta.cluster;
  report.checkpoint_from = offer.source->name();
  report.checkpoint = checkpoint.applied;
  report.replayed = 0;
  report.until = checkpoint.time;
  replay_all(checkpoint, store, report, observer);
  report.applied = store.meta().applied;
  std::uint64_t newest = newest_;
  YoungFiles young(store, observer);
  for (RescueSource* source : sources_) {
    const Status status = source->replicas([&](const RescuedReplica& each) {
      young.add(each);
      if (each.cluster == meta.cluster) newest = std::max(newest, epoch_of(each.info.id.value));
    });
    if (!status.ok()) report.note(source->name() + ": " + status.message());
  }
  if (newest > meta.epoch) {
    report.note("epoch " + std::to_string(newest) +
                " is known of, and what is recovered is of epoch " + std::to_string(meta.epoch) +
                ": changes made since are lost, unless a DataNode that was not named has them");
  }
  const Result<std::uint64_t> epoch = begin_new_epoch(store, newest, random, now, observer);
  if (!epoch.ok()) return epoch.status();
  report.epoch = *epoch;
  report.rebuilt = young.rebuild(now, report.notes);
  return {};
}

}  // namespace dfs::namenode
