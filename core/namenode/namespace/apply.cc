// apply: the one way in which the durable namespace changes.
#include <algorithm>

#include "core/base/mutant.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/records.h"

namespace dfs::namenode {
namespace {

wire::Reply execute(Context& context, const RequestCommand& command) {
  return std::visit(
      [&]<class T>(const T& request) -> wire::Reply {
        if constexpr (std::is_same_v<T, wire::Create>) {
          return create(context, request, command.targets);
        } else if constexpr (std::is_same_v<T, wire::Allocate>) {
          return allocate(context, request, command.targets);
        } else if constexpr (std::is_same_v<T, wire::Mkdir>) {
          return mkdir(context, request);
        } else if constexpr (std::is_same_v<T, wire::Complete>) {
          return complete(context, request);
        } else if constexpr (std::is_same_v<T, wire::Abandon>) {
          return abandon(context, request);
        } else if constexpr (std::is_same_v<T, wire::Remove>) {
          return remove(context, request);
        } else if constexpr (std::is_same_v<T, wire::Rename>) {
          return rename(context, request);
        } else if constexpr (std::is_same_v<T, wire::SetReplication>) {
          return set_replication(context, request);
        } else {
          return set_times(context, request);
        }
      },
      command.body);
}

void run(Context& context, const RequestCommand& command, Outcome& outcome) {
  Status status = check_caller(caller_of(command.body));
  if (!status.ok()) {
    outcome.reply = std::move(status);
    return;
  }
  if (auto before = recorded(context.store, context.meta, context.time, command.body)) {
    outcome.reply = std::move(*before);
    outcome.replayed = true;
    return;
  }
  outcome.reply = execute(context, command);
  record(context, command.body, outcome.reply);
}
void run(Context& context, const FormatCommand& command, Outcome& outcome) {
  outcome.reply = format(context, command);
}
void run(Context& context, const ExpireCommand& command, Outcome& outcome) {
  outcome.reply = expire(context, command);
}
void run(Context& context, const ReapCommand& command, Outcome& outcome) {
  outcome.reply = reap(context, command);
}
void run(Context& context, const ForgetBlocksCommand& command, Outcome& outcome) {
  outcome.reply = forget_blocks(context, command);
}
void run(Context& context, const ForgetRequestsCommand& command, Outcome& outcome) {
  outcome.reply = forget_requests(context, command);
}
void run(Context& context, const RegisterCommand& command, Outcome& outcome) {
  outcome.reply = register_datanode(context, command);
}
void run(Context& context, const SafeModeCommand& command, Outcome& outcome) {
  outcome.reply = set_safe_mode(context, command);
}
void run(Context& context, const DecommissionCommand& command, Outcome& outcome) {
  outcome.reply = set_decommissioned(context, command);
}
void run(Context& context, const RaiseEpochCommand& command, Outcome& outcome) {
  outcome.reply = raise_epoch(context, command);
}
void run(Context& context, const NewerHistoryCommand& command, Outcome& outcome) {
  outcome.reply = newer_history(context, command);
}
void run(Context& context, const AdoptBlockCommand& command, Outcome& outcome) {
  outcome.reply = adopt_block(context, command);
}

}  // namespace

Outcome apply(Store& store, const Command& command) {
  Context context{store, store.meta(), {}, command.wall, {}, {}};
  // A store that has not been formatted has nothing that another command could work on.
  DFS_ASSERT(context.meta.next_inode != 0 || std::holds_alternative<FormatCommand>(command.body));
  [[maybe_unused]] const std::uint64_t next_block = context.meta.next_block;  // for a mutant
  context.time = std::max(command.time, context.meta.time);
  context.position = context.meta.applied + 1;
  if (mutated(Mutant::kD3ApplyReadsCounter)) {
    context.wall.ms += static_cast<std::int64_t>(store.rows_touched() % 1000);
  }
  Outcome outcome;
  outcome.position = context.position;
  std::visit([&](const auto& body) { run(context, body, outcome); }, command.body);
  context.meta.time = context.time;
  context.meta.applied = context.position;
  if (mutated(Mutant::kG1ReuseBlockIds) && next_block != 0) context.meta.next_block = next_block;
  store.put_meta(context.meta);
  outcome.effects = std::move(context.effects);
  return outcome;
}

}  // namespace dfs::namenode
