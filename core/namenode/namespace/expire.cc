// expire: ends leases whose owners have vanished. What was at their names before stays (G3).
#include "core/base/mutant.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/pending.h"

namespace dfs::namenode {

wire::Reply expire(Context& context, const ExpireCommand& command) {
  for (const InodeId inode : command.pending) {
    const std::optional<PendingRow> pending = context.store.pending(inode);
    if (!pending) continue;
    if (mutated(Mutant::kG3PublishOnExpiry) && pending->blocks > 0) {
      const auto entry = context.store.entry(pending->parent, pending->name);
      publish(context, {*pending, *context.store.inode(inode)},
              entry ? context.store.inode(entry->inode) : std::nullopt, context.wall);
      continue;
    }
    end_pending(context, *pending);
  }
  return wire::Empty{};
}

}  // namespace dfs::namenode
