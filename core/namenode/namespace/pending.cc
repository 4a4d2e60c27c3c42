#include "core/namenode/namespace/pending.h"

#include "core/namenode/namespace/errors.h"
#include "core/namenode/namespace/tree.h"

namespace dfs::namenode {

Result<Writing> find_writing(Context& context, InodeId inode, const std::string& client) {
  std::optional<PendingRow> pending = context.store.pending(inode);
  if (!pending) return fenced(inode);
  if (pending->client != client) return fenced(inode);
  if (!attached(context.store, pending->parent)) return fenced(inode);
  std::optional<InodeRow> row = context.store.inode(inode);
  DFS_ASSERT(row.has_value());
  return Writing{std::move(*pending), std::move(*row)};
}

void drop_pending(Context& context, const PendingRow& pending) {
  context.store.erase_pending(pending.inode);
  context.store.put_reap(pending.inode);
  context.effects.leases_ended.push_back(pending.inode);
}

void end_pending(Context& context, const PendingRow& pending) {
  drop_pending(context, pending);
  if (pending.replaces) return;
  std::optional<InodeRow> parent = context.store.inode(pending.parent);
  DFS_ASSERT(parent.has_value());
  --parent->children;
  if (parent->children == 0) parent->height = 0;
  parent->mtime = context.wall;
  context.store.put_inode(*parent);
}

void publish(Context& context, const Writing& writing, const std::optional<InodeRow>& replaced,
             WallTime mtime) {
  const PendingRow& pending = writing.pending;
  InodeRow row = writing.inode;
  row.parent = pending.parent;
  row.name = pending.name;
  row.length = pending.length;
  row.mtime = mtime;
  row.born = context.position;
  context.store.put_inode(row);
  context.store.put_entry({pending.parent, pending.name, row.id, context.position});
  context.store.erase_pending(pending.inode);
  context.effects.leases_ended.push_back(pending.inode);

  Change change = adding(row);
  if (!pending.replaces) change.children = 0;  // shown already
  if (replaced) {
    const Change gone = removing(*replaced);
    change.files += gone.files;
    change.length += gone.length;
    change.space += gone.space;
    change.children += gone.children;
    detach(context, *replaced);
  }
  change_tree(context, pending.parent, change);
}

void forget_unpublished(Context& context, BlockId block) {
  context.store.erase_block(block);
  context.store.erase_hints(block);
  context.effects.forgotten.push_back(block);
}

std::size_t give_up_allocated(Context& context, InodeId inode, std::size_t limit) {
  const std::vector<BlockRow> blocks = context.store.allocated_blocks(inode, limit);
  for (const BlockRow& block : blocks) forget_unpublished(context, block.id);
  return blocks.size();
}

}  // namespace dfs::namenode
