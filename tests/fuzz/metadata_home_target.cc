// A DataNode's metadata/ with any file as its journal: it opens, lists only what can be verified,
// and what it acknowledges afterwards is there when it is opened again.
#include "adapters/disk/metadata_home.h"

#include <filesystem>
#include <fstream>

#include "tests/fuzz/target.h"
#include "tests/sqlite/support.h"

namespace dfs::fuzz {
namespace {

using disk::MetadataHome;

std::unique_ptr<MetadataHome> opened(const std::string& folder) {
  auto home = MetadataHome::open(folder, MetadataHome::Access::kOwner);
  require(home.ok(), "a bad file hides nothing else");
  return std::move(*home);
}

wire::JournalAppend one_line_after(const wire::JournalState& state) {
  const std::string line = "{\"fuzz\":1}";
  return {.cluster = state.cluster,
          .epoch = state.epoch,
          .first = state.applied + 1,
          .before = state.chain,
          .after = wire::chain_next(state.chain, state.applied + 1, line),
          .lines = {line}};
}

void fuzz_metadata_home(Bytes input) {
  static const sqlite::TemporaryFolder temporary;
  const std::string folder = temporary.file("metadata");
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const std::string journal = folder + "/journal-1-5.log";
  std::ofstream(folder + "/checkpoint-1-5.db") << "database";
  std::ofstream(journal, std::ios::binary) << as_text(input);

  const auto read = wire::read_journal(as_text(input));
  wire::JournalState after;
  {
    const auto home = opened(folder);
    const auto listed = home->list().checkpoints;
    require(listed.empty() || read.ok(), "what has no head is not listed");
    for (const wire::StoredCheckpoint& stored : listed) {
      require(stored.journal_applied == read->state.applied, "only what is verified is listed");
    }
    if (listed.empty() || read->state.applied == UINT64_MAX) return;
    const auto told =
        home->append({.cluster = read->state.cluster, .epoch = read->state.epoch, .lines = {}});
    if (!told.ok() || *told != read->state || read->verified_bytes != input.size()) return;
    const auto appended = home->append(one_line_after(*told));
    require(appended.ok(), "a whole journal is continued");
    after = *appended;
  }
  const auto again = opened(folder)->list().checkpoints;
  require(again.size() == 1 && again[0].journal_applied == after.applied,
          "what was acknowledged is there");
}

const Registration kMetadataHome({"metadata_home", fuzz_metadata_home});

}  // namespace
}  // namespace dfs::fuzz
