#include "adapters/sqlite/rescue.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <tuple>

#include "adapters/sqlite/wal_note.h"

namespace dfs::sqlite {
namespace {

namespace fs = std::filesystem;
using namenode::RescueSource;

// What the store's fatal handler throws here: another checkpoint may be better.
struct Unusable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Offer {
  RescueSource* source = nullptr;
  wire::StoredCheckpoint stored;
  // The position that journals lead to from it: read and verified, whatever the source said of it,
  // which may be what it remembers of a file that has rotted since.
  std::uint64_t reach = 0;
  std::uint64_t own_reach = 0;  // with its own journal alone

  // Of two that lead equally far, the younger one: there is less to replay that could fail.
  [[nodiscard]] auto worth() const {
    return std::tuple(stored.checkpoint.epoch, reach, stored.checkpoint.applied, own_reach);
  }
};

struct Material {
  std::vector<RescueSource*> sources;
  std::vector<Offer> offers;            // the most promising first
  std::deque<std::string> texts;        // of journals
  std::vector<wire::Journal> journals;  // views into the texts; what leads furthest first
  std::uint64_t newest = 0;             // epoch that is known of
};

// Once: replaying may meet the same obstacle again.
void note(RescueReport& report, const std::string& line) {
  if (std::ranges::find(report.notes, line) == report.notes.end()) report.notes.push_back(line);
}

void read_journal(Offer& offer, Material& material, RescueReport& report) {
  const wire::StoredCheckpoint& stored = offer.stored;
  const std::string whose = offer.source->name() + ": the journal after command " +
                            std::to_string(stored.checkpoint.applied) + " of epoch " +
                            std::to_string(stored.checkpoint.epoch) + ": ";
  Result<std::string> text = offer.source->journal(stored.checkpoint);
  if (!text.ok()) return note(report, whose + text.status().message());
  material.texts.push_back(std::move(*text));
  Result<wire::Journal> journal = wire::read_journal(material.texts.back());
  if (!journal.ok()) return note(report, whose + journal.status().message());
  const std::uint64_t end = offer.own_reach = journal->state.applied;
  if (journal->damaged || end < stored.journal_applied) {
    std::string line = whose + "damaged after command " + std::to_string(end);
    if (end < stored.journal_applied) {
      line += ", it had gone to " + std::to_string(stored.journal_applied);
    }
    note(report, line);
  }
  material.journals.push_back(std::move(*journal));
}

std::uint64_t reach_from(const wire::CheckpointHeader& checkpoint,
                         const std::vector<wire::Journal>& journals) {
  std::uint64_t reach = checkpoint.applied;
  for (bool further = true; further;) {
    further = false;
    for (const wire::Journal& journal : journals) {
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
std::uint64_t newest_epoch(const std::string& cluster, const Material& material,
                           RescueReport& report) {
  std::uint64_t newest = 0;
  for (const Offer& offer : material.offers) {
    newest = std::max(newest, offer.stored.checkpoint.epoch);
  }
  for (RescueSource* source : material.sources) {
    const Result<wire::SeenEpoch> seen = source->seen();
    if (!seen.ok()) {
      note(report, source->name() + ": " + seen.status().message());
    } else if (seen->cluster == cluster) {
      newest = std::max(newest, seen->epoch);
    } else if (!seen->cluster.empty()) {
      note(report, source->name() + ": is of another cluster, " + seen->cluster);
    }
  }
  return newest;
}

Result<Material> gather(const std::vector<RescueSource*>& sources, RescueReport& report) {
  Material material;
  material.sources = sources;
  std::set<std::string> clusters;
  for (RescueSource* source : sources) {
    const Result<wire::MetadataList> list = source->list();
    if (!list.ok()) note(report, source->name() + ": " + list.status().message());
    if (!list.ok()) continue;
    for (const std::string& problem : list->problems) note(report, source->name() + ": " + problem);
    for (const wire::StoredCheckpoint& stored : list->checkpoints) {
      material.offers.push_back({source, stored, 0, 0});
      clusters.insert(stored.checkpoint.cluster);
    }
  }
  if (clusters.size() > 1) {
    return {Code::kWrongCluster, "the sources belong to different clusters (" + *clusters.begin() +
                                     ", " + *clusters.rbegin() + "); name those of one cluster"};
  }
  if (!clusters.empty()) material.newest = newest_epoch(*clusters.begin(), material, report);
  for (Offer& offer : material.offers) read_journal(offer, material, report);
  std::ranges::stable_sort(material.journals, std::greater{}, [](const wire::Journal& each) {
    return std::tuple(each.state.epoch, each.state.applied);
  });
  for (Offer& offer : material.offers) {
    offer.reach = reach_from(offer.stored.checkpoint, material.journals);
  }
  std::ranges::stable_sort(material.offers, std::greater{}, &Offer::worth);
  return material;
}

// Replays journals until none brings the store further.
void replay_all(SqliteStore& store, const Material& material, RescueReport& report) {
  for (bool further = true; further;) {
    further = false;
    for (const wire::Journal& journal : material.journals) {
      const namenode::Replay replay = namenode::replay(store, journal);
      if (!replay.problem.ok()) note(report, replay.problem.message());
      if (replay.commands == 0) continue;
      further = true;
      report.replayed += replay.commands;
      report.until = replay.until;
    }
  }
}

// Raises `newest` to the newest epoch that a replica was made in.
namenode::YoungFiles gather_young(SqliteStore& store, const Material& material,
                                  std::uint64_t& newest, RescueReport& report) {
  namenode::YoungFiles young(store);
  for (RescueSource* source : material.sources) {
    const Status status = source->replicas([&](const namenode::RescuedReplica& each) {
      young.add(each);
      if (each.cluster == report.cluster) newest = std::max(newest, epoch_of(each.info.id.value));
    });
    if (!status.ok()) note(report, source->name() + ": " + status.message());
  }
  return young;
}

// Throws Unusable; otherwise the file at `path` is complete and closed.
void rebuild(const Offer& offer, const Material& material, const std::string& path, WallTime now,
             Random& random, RescueReport& report) {
  const wire::CheckpointHeader& checkpoint = offer.stored.checkpoint;
  const Status saved = offer.source->save_checkpoint(checkpoint, path);
  if (!saved.ok()) throw Unusable(saved.message());
  SqliteStore store({.file = path, .vfs = "unix", .fatal = [](const std::string& line) {
                       throw Unusable(line);
                     }});
  if (const std::string problem = store.integrity_problem(); !problem.empty()) {
    throw Unusable(problem);
  }
  const namenode::MetaRow meta = store.meta();
  if (meta.cluster != checkpoint.cluster || meta.applied != checkpoint.applied) {
    throw Unusable("its content is not what its name says");
  }
  report.cluster = meta.cluster;
  report.checkpoint_from = offer.source->name();
  report.checkpoint = checkpoint.applied;
  report.replayed = 0;
  report.until = checkpoint.time;
  replay_all(store, material, report);
  report.applied = store.meta().applied;
  std::uint64_t newest = material.newest;
  namenode::YoungFiles young = gather_young(store, material, newest, report);
  if (newest > meta.epoch) {
    note(report,
         "epoch " + std::to_string(newest) + " is known of, and what is recovered is of epoch " +
             std::to_string(meta.epoch) +
             ": changes made since are lost, unless a DataNode that was not named has them");
  }
  const Result<std::uint64_t> epoch = namenode::begin_new_epoch(store, newest, random, now);
  if (!epoch.ok()) throw Unusable(epoch.status().message());
  report.epoch = *epoch;
  report.rebuilt = young.rebuild(now, report.notes);
}

// Closing a database brings its log into it, and removes the log once that is durable. SQLite keeps
// an error to itself; what it could not bring over is still in the log, which stays behind.
void check_closed(const fs::path& path) {
  std::error_code none;
  const auto left = fs::file_size(path.string() + "-wal", none);
  if (none || left == 0) return;
  throw Unusable("its last changes cannot be written to " + path.string() +
                 ": check the space and the disk there");
}

void remove_database(const fs::path& path) {
  for (const char* suffix : {"", "-wal", "-journal", kNoteSuffix})
    fs::remove(path.string() + suffix);
}

// Moves what is there aside: a damaged database may still be worth something. The database goes
// first: without it nothing starts, while without its log it would start as an older one.
std::string move_aside(const fs::path& path) {
  if (!fs::exists(path) && !fs::exists(path.string() + "-wal")) return "";
  int number = 1;
  const auto aside = [&] { return path.string() + ".before-rescue-" + std::to_string(number); };
  while (fs::exists(aside()) || fs::exists(aside() + "-wal")) ++number;
  for (const char* suffix : {"", "-wal", "-journal", kNoteSuffix}) {
    const std::string from = path.string() + suffix;
    if (fs::exists(from)) fs::rename(from, aside() + suffix);
  }
  return aside();
}

Status sync_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  return synced ? Status() : Status(Code::kIo, directory + ": cannot sync the directory");
}

}  // namespace

Result<RescueReport> rescue(const std::string& directory, const std::vector<RescueSource*>& sources,
                            WallTime now, Random random) try {
  RescueReport report;
  const Result<Material> material = gather(sources, report);
  if (!material.ok()) return material.status();
  const fs::path place = fs::path(directory) / kMetadataFile;
  const fs::path made = fs::path(directory) / "rescue.db";
  for (const Offer& offer : material->offers) {
    remove_database(made);
    try {
      rebuild(offer, *material, made.string(), now, random, report);
      check_closed(made);
    } catch (const Unusable& unusable) {
      note(report, offer.source->name() + ": checkpoint " +
                       std::to_string(offer.stored.checkpoint.applied) + ": " + unusable.what());
      continue;
    }
    report.kept = move_aside(place);
    fs::remove(made.string() + kNoteSuffix);
    fs::rename(made, place);
    if (Status status = sync_directory(directory); !status.ok()) return status;
    return report;
  }
  remove_database(made);
  std::string why = material->offers.empty() ? "no source has a checkpoint of the metadata"
                                             : "no source has a usable checkpoint";
  for (const std::string& note : report.notes) why += "; " + note;
  return {Code::kNotFound, why};
} catch (const fs::filesystem_error& error) {
  return {Code::kIo, directory + ": " + error.code().message()};
}

}  // namespace dfs::sqlite
