#include "core/namenode/rescue.h"

#include <algorithm>

#include "core/base/mutant.h"
#include "core/namenode/command.h"
#include "core/namenode/past_epochs.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kCommandsPerCommit = 200;

Status broken(const wire::JournalLine& line, const std::string& why) {
  return {Code::kCorrupt, "journal: command " + std::to_string(line.position) + ": " + why};
}

Status apply_line(Store& store, const wire::JournalLine& line, Replay& replay) {
  Result<Command> command = command_from_text(line.command);
  if (!command.ok()) return broken(line, command.status().message());
  if (mutated(Mutant::kD3SkipColumnInRestore)) command->wall = {};
  const Outcome outcome = apply(store, *command);
  if (outcome.position != line.position) return broken(line, "applied at another position");
  ++replay.commands;
  replay.until = command->wall;
  return {};
}

}  // namespace

Replay replay(Store& store, const wire::Journal& journal) {
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
      replay.problem = apply_line(store, *line, replay);
      if (!replay.problem.ok()) break;
    }
    store.commit();
  }
  return replay;
}

Result<std::uint64_t> begin_new_epoch(Store& store, std::uint64_t seen, Random& random,
                                      WallTime wall) {
  const MetaRow meta = store.meta();
  Command command;
  command.time = meta.time;
  command.wall = wall;
  command.body = RaiseEpochCommand{draw_above(meta, seen, random)};
  store.begin();
  const Outcome outcome = apply(store, command);
  store.commit();
  if (const auto* status = std::get_if<Status>(&outcome.reply)) return *status;
  return store.meta().epoch;
}

}  // namespace dfs::namenode
