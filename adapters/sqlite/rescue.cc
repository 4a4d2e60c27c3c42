#include "adapters/sqlite/rescue.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "adapters/sqlite/wal_note.h"

namespace dfs::sqlite {
namespace {

namespace fs = std::filesystem;
using namenode::RescueMaterial;
using namenode::RescueOffer;
using namenode::RescueReport;
using namenode::RescueSource;

// What the store's fatal handler throws here: another checkpoint may be better.
struct Unusable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The disk here does not take it: no other checkpoint would be better, only older.
struct NotWritten : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws Unusable or NotWritten; otherwise the file at `path` is complete and closed.
void rebuild(const RescueOffer& offer, const RescueMaterial& material, const std::string& path,
             WallTime now, Random& random, RescueReport& report) {
  const Status saved = offer.source->save_checkpoint(offer.stored.checkpoint, path);
  if (saved.code() == Code::kNoSpace) throw NotWritten(saved.message());
  if (!saved.ok()) throw Unusable(saved.message());
  SqliteStore store({.file = path, .vfs = "unix", .fatal = [](const std::string& line) {
                       throw Unusable(line);
                     }});
  if (const std::string problem = store.integrity_problem(); !problem.empty()) {
    throw Unusable(problem);
  }
  const Status status = material.rebuild(offer, store, now, random, report);
  if (!status.ok()) throw Unusable(status.message());
}

// Closing a database brings its log into it, and removes the log once that is durable. SQLite keeps
// an error to itself; what it could not bring over is still in the log, which stays behind.
void check_closed(const fs::path& path) {
  std::error_code none;
  const auto left = fs::file_size(path.string() + "-wal", none);
  if (none || left == 0) return;
  throw NotWritten(path.string() + ": its last changes cannot be written");
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
  const Result<RescueMaterial> material = RescueMaterial::gather(sources, report);
  if (!material.ok()) return material.status();
  const fs::path place = fs::path(directory) / kMetadataFile;
  const fs::path made = fs::path(directory) / "rescue.db";
  for (const RescueOffer& offer : material->offers()) {
    remove_database(made);
    try {
      rebuild(offer, *material, made.string(), now, random, report);
      check_closed(made);
    } catch (const NotWritten& reason) {
      remove_database(made);
      return {Code::kNoSpace, std::string(reason.what()) +
                                  "; nothing was changed: check the space and the disk there, "
                                  "then try again"};
    } catch (const Unusable& unusable) {
      report.note(offer.source->name() + ": checkpoint " +
                  std::to_string(offer.stored.checkpoint.applied) + ": " + unusable.what());
      continue;
    }
    report.kept = move_aside(place);
    fs::remove(made.string() + kNoteSuffix);
    // What was moved aside must not come back beside the new database: its log would be taken for
    // that one's.
    if (Status status = sync_directory(directory); !status.ok()) return status;
    fs::rename(made, place);
    if (Status status = sync_directory(directory); !status.ok()) return status;
    return report;
  }
  remove_database(made);
  std::string why = material->offers().empty() ? "no source has a checkpoint of the metadata"
                                               : "no source has a usable checkpoint";
  for (const std::string& note : report.notes) why += "; " + note;
  return {Code::kNotFound, why};
} catch (const fs::filesystem_error& error) {
  return {Code::kIo, directory + ": " + error.code().message()};
}

}  // namespace dfs::sqlite
