// Journals: what was verified is what appending its lines again would have written.
#include "core/wire/journal.h"

#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void fuzz_journal(Bytes input) {
  const std::string_view text = as_text(input);
  const Result<wire::Journal> journal = wire::read_journal(text);
  if (!journal.ok()) return;
  require(journal->verified_bytes <= text.size(), "no more was verified than there is");
  const std::string_view verified = text.substr(0, journal->verified_bytes);
  const Result<wire::Journal> again = wire::read_journal(verified);
  require(again.ok() && !again->damaged && again->verified_bytes == verified.size() &&
              again->state == journal->state,
          "what was verified is a whole journal");
  wire::JournalState state = wire::journal_begin(journal->checkpoint);
  for (const wire::JournalLine& line : journal->lines) {
    require(line.position == state.applied + 1, "positions are consecutive");
    state.applied = line.position;
    state.chain = wire::chain_next(state.chain, line.position, line.command);
  }
  state.journal_bytes = verified.size();
  require(state == journal->state, "the state is that of the lines");
}

const Registration kJournal({"journal", fuzz_journal});

}  // namespace
}  // namespace dfs::fuzz
