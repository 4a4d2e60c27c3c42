// The journal as DataNodes keep it: the commands after a checkpoint, one a line, chained by
// digests.
//
// Text, one line each:
//   mini-hdfs journal 1 <CheckpointHeader as JSON>      the head: the checkpoint that it follows
//   <position> <chain, 16 hexadecimal digits> <command as JSON>
// Positions are consecutive. The chain digest of a line covers the one before it, its position and
// its command, so that a line changed, lost or repeated ends what can be verified. The chain begins
// with a digest of the head.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/wire/metadata_messages.h"

namespace dfs::wire {

// At most this much of a journal is taken in one append: more than any one command can have.
inline constexpr std::size_t kMaxAppendLines = 2000;
inline constexpr std::size_t kMaxAppendBytes = std::size_t{16} << 20;
// Of a JournalAppend as JSON.
inline constexpr std::size_t kMaxAppendMessage = 3 * kMaxAppendBytes;

// The chain digest before the first line of the journal after a checkpoint.
[[nodiscard]] std::uint64_t chain_start(const CheckpointHeader& checkpoint);
[[nodiscard]] std::uint64_t chain_next(std::uint64_t chain, std::uint64_t position,
                                       std::string_view line);

// The head as text, with its newline.
[[nodiscard]] std::string journal_head(const CheckpointHeader& checkpoint);
// The state of a journal of nothing but its head.
[[nodiscard]] JournalState journal_begin(const CheckpointHeader& checkpoint);

// What to add to a journal in `state` for `append`: "" where it does not continue what is there
// (or is a question). kInvalidArgument for an append that contradicts itself, kWrongCluster for
// another's. On success with text, `state` is as it will be when the text is durable.
[[nodiscard]] Result<std::string> extend_journal(JournalState& state, const JournalAppend& append);

// One verified command of a journal.
struct JournalLine {
  std::uint64_t position = 0;
  std::string_view command;
};

// A journal read back: its verified beginning.
struct Journal {
  CheckpointHeader checkpoint;     // that it follows
  JournalState state;              // at the end of what was verified
  std::vector<JournalLine> lines;  // views into the text
  std::size_t verified_bytes = 0;  // of the text
  // True: after them there is more than one line cut short (which a power loss may leave), so
  // something that was once acknowledged is damaged.
  bool damaged = false;
};
// kCorrupt if not even the head can be read.
[[nodiscard]] Result<Journal> read_journal(std::string_view text);

}  // namespace dfs::wire
