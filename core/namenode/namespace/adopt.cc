// adopt_block: a file that is rebuilt after a rescue takes over a block that DataNodes still have.
#include <algorithm>

#include "core/namenode/namespace/blocks_of_file.h"
#include "core/namenode/namespace/errors.h"
#include "core/namenode/past_epochs.h"

namespace dfs::namenode {
namespace {

// Whether no file that is there, or was and is gone, has a claim to the block.
bool may_be_adopted(Context& context, const AdoptBlockCommand& command,
                    const std::optional<BlockRow>& known) {
  const BlockId id = command.block.id;
  if (!known) return epoch_of(id.value) < context.meta.epoch && !given_out(context.meta, id);
  if (known->owner == command.inode || known->state == BlockState::kFreed) return false;
  if (!context.store.pending(known->owner)) return false;
  return known->state == BlockState::kAllocated ||
         (known->length == command.block.length && known->crc == command.block.crc);
}

}  // namespace

wire::Reply adopt_block(Context& context, const AdoptBlockCommand& command) {
  const wire::BlockInfo& info = command.block;
  const std::optional<PendingRow> pending = context.store.pending(command.inode);
  if (!pending) return fenced(command.inode);
  const InodeRow file = *context.store.inode(command.inode);
  const std::optional<BlockRow> known = context.store.block(info.id);
  if (!may_be_adopted(context, command, known) || info.length == 0 ||
      info.length > file.block_size || command.index >= kMaxBlocksPerFile ||
      context.store.file_block(file.id, command.index)) {
    return invalid(pending->path,
                   "block " + std::to_string(info.id.value) + " cannot be one of it");
  }

  if (known && known->state == BlockState::kCommitted) {
    context.store.erase_file_block(known->owner, known->index);
  }
  BlockRow row;
  row.id = info.id;
  row.state = BlockState::kCommitted;
  row.length = info.length;
  row.crc = info.crc;
  row.replication = file.replication;
  row.references = 1;
  row.owner = file.id;
  row.index = command.index;
  Commits commits{{row}, *pending};
  commits.pending.blocks += 1;
  commits.pending.end = std::max(commits.pending.end, command.index + 1);
  commits.pending.length += info.length;
  commit(context, commits);
  return wire::Empty{};
}

}  // namespace dfs::namenode
