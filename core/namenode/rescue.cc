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
    offer.reach = material.reach_from(offer.stored.checkpoint);
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

std::uint64_t RescueMaterial::reach_from(const wire::CheckpointHeader& checkpoint) const {
  std::uint64_t reach = checkpoint.applied;
  for (bool further = true; further;) {
    further = false;
    for (const wire::Journal& journal : journals_) {
      const bool continues = journal.checkpoint.cluster == checkpoint.cluster &&
                             journal.checkpoint.epoch == checkpoint.epoch &&
                             journal.checkpoint.applied <= reach && journal.state.applied > reach;
      if (!continues) continue;
      reach = journal.state.applied;
      further = true;
    }
  }
  return reach;
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

// Until no journal brings the store further.
void RescueMaterial::replay_all(Store& store, RescueReport& report,
                                CommandObserver* observer) const {
  for (bool further = true; further;) {
    further = false;
    for (const wire::Journal& journal : journals_) {
      const Replay done = replay(store, journal, observer);
      if (!done.problem.ok()) report.note(done.problem.message());
      if (done.commands == 0) continue;
      further = true;
      report.replayed += done.commands;
      report.until = done.until;
    }
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
  replay_all(store, report, observer);
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
