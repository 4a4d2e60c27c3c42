#include "core/wire/journal.h"

#include <charconv>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/wire/json.h"

namespace dfs::wire {
namespace {

constexpr std::string_view kMagic = "mini-hdfs journal 1 ";
constexpr int kChainDigits = 16;

// Takes what is before the next `separator` off the front of `text`.
std::optional<std::string_view> take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end + 1);
  return taken;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string journal_line(std::uint64_t position, std::uint64_t chain, std::string_view command) {
  std::string text = std::to_string(position) + " " + to_hex(chain, kChainDigits) + " ";
  return text.append(command).append("\n");
}

// Takes the next line if it continues `state`.
std::optional<JournalLine> take_line(std::string_view& text, JournalState& state) {
  const std::optional<std::string_view> whole = take(text, '\n');
  if (!whole) return std::nullopt;
  std::string_view rest = *whole;
  const std::optional<std::string_view> position_text = take(rest, ' ');
  const std::optional<std::string_view> chain_text = take(rest, ' ');
  if (!position_text || !chain_text) return std::nullopt;
  const std::optional<std::uint64_t> position = number(*position_text, 10);
  const std::optional<std::uint64_t> chain = number(*chain_text, 16);
  if (position != state.applied + 1 || chain != chain_next(state.chain, *position, rest)) {
    return std::nullopt;
  }
  state.applied = *position;
  state.chain = *chain;
  return JournalLine{*position, rest};
}

}  // namespace

std::uint64_t chain_start(const CheckpointHeader& checkpoint) {
  Digest digest;
  hash_value(digest, checkpoint);
  return digest.value();
}

std::uint64_t chain_next(std::uint64_t chain, std::uint64_t position, std::string_view line) {
  Digest digest;
  digest.add(chain);
  digest.add(position);
  digest.add(line);
  return digest.value();
}

std::string journal_head(const CheckpointHeader& checkpoint) {
  return std::string(kMagic) + to_json_text(checkpoint) + "\n";
}

JournalState journal_begin(const CheckpointHeader& checkpoint) {
  return {.cluster = checkpoint.cluster,
          .epoch = checkpoint.epoch,
          .checkpoint = checkpoint.applied,
          .applied = checkpoint.applied,
          .chain = chain_start(checkpoint),
          .journal_bytes = journal_head(checkpoint).size()};
}

Result<std::string> extend_journal(JournalState& state, const JournalAppend& append) {
  if (append.lines.size() > kMaxAppendLines) {
    return {Code::kTooLarge, "journal: too many commands in one message"};
  }
  std::size_t bytes = 0;
  std::uint64_t chain = append.before;
  std::uint64_t position = append.first;
  std::string text;
  for (const std::string& line : append.lines) {
    bytes += line.size();
    if (bytes > kMaxAppendBytes) {
      return {Code::kTooLarge, "journal: too much in one message"};
    }
    if (line.find('\n') != std::string::npos) {
      return {Code::kInvalidArgument, "journal: a command with a line break"};
    }
    chain = chain_next(chain, position, line);
    text += journal_line(position++, chain, line);
  }
  if (chain != append.after) {
    return {Code::kInvalidArgument, "journal: the digest does not match the commands"};
  }
  if (!state.cluster.empty() && state.cluster != append.cluster) {
    return {Code::kWrongCluster,
            "journal: of cluster " + append.cluster + ", this is " + state.cluster};
  }
  const bool continues = !state.cluster.empty() && append.epoch == state.epoch &&
                         append.first == state.applied + 1 && append.before == state.chain;
  if (!continues || append.lines.empty()) return std::string();
  state.applied += append.lines.size();
  state.chain = chain;
  state.journal_bytes += text.size();
  return text;
}

Result<Journal> read_journal(std::string_view text) {
  const auto corrupt = [] { return Status(Code::kCorrupt, "journal: its head is damaged"); };
  std::string_view rest = text;
  if (!rest.starts_with(kMagic)) return corrupt();
  rest.remove_prefix(kMagic.size());
  const std::optional<std::string_view> head = take(rest, '\n');
  if (!head) return corrupt();
  Result<CheckpointHeader> checkpoint =
      from_json_text<CheckpointHeader>(*head, UnknownKeys::kIgnore);
  if (!checkpoint.ok()) return corrupt();
  Journal journal{.checkpoint = *checkpoint, .state = journal_begin(*checkpoint), .lines = {}};
  std::string_view unread = rest;
  while (std::optional<JournalLine> line = take_line(rest, journal.state)) {
    journal.lines.push_back(*line);
    unread = rest;
  }
  journal.verified_bytes = text.size() - unread.size();
  journal.state.journal_bytes = journal.verified_bytes;
  journal.damaged = unread.find('\n') != std::string_view::npos;
  return journal;
}

}  // namespace dfs::wire
