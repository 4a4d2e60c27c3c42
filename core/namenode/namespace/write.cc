// allocate, complete, abandon: the life of a file that is being written.
#include <algorithm>
#include <set>

#include "core/namenode/namespace/blocks_of_file.h"
#include "core/namenode/namespace/errors.h"
#include "core/namenode/namespace/pending.h"
#include "core/namenode/namespace/status_of.h"
#include "core/namenode/namespace/tree.h"

namespace dfs::namenode {
namespace {

// The blocks of `abandon` that are still allocated to the file. Those that are gone were given up
// before; one that is committed, now or before, cannot be.
Result<std::vector<BlockId>> check_abandoned(Context& context, InodeId file,
                                             const std::vector<BlockId>& abandon,
                                             const Commits& commits) {
  if (abandon.size() > kMaxListed) {
    return {Code::kInvalidArgument, "too many blocks are given up at once"};
  }
  std::set<BlockId> blocks;
  for (const BlockId block : abandon) {
    const std::optional<BlockRow> row = context.store.block(block);
    if (!row || row->owner != file) continue;
    const bool committed =
        row->state != BlockState::kAllocated ||
        std::any_of(commits.blocks.begin(), commits.blocks.end(),
                    [&](const BlockRow& committing) { return committing.id == block; });
    if (committed) {
      return {Code::kInvalidArgument,
              "block " + std::to_string(block.value) + ": It is committed and cannot be given up"};
    }
    blocks.insert(block);
  }
  return std::vector<BlockId>(blocks.begin(), blocks.end());
}

// Whether the committed blocks make up a whole file of `length` bytes.
Status check_whole(Context& context, const Writing& writing, const Commits& commits,
                   std::uint64_t length) {
  const PendingRow& total = commits.pending;
  if (total.blocks != total.end) return invalid(total.path, "A block in its middle is missing");
  if (total.length != length) {
    return invalid(total.path, "Its blocks hold " + std::to_string(total.length) +
                                   " bytes and not " + std::to_string(length));
  }
  if (total.blocks <= kMaxUnevenBlocks) return {};
  const std::uint64_t last_index = total.blocks - 1;
  std::uint64_t last_length = 0;
  if (const auto last = context.store.file_block(writing.inode.id, last_index)) {
    last_length = last->visible_length;
  }
  for (const BlockRow& row : commits.blocks) {
    if (row.index == last_index) last_length = row.length;
  }
  if (length - last_length == last_index * writing.inode.block_size) return {};
  return invalid(total.path, "Of more than 1000 blocks all but the last must be full");
}

}  // namespace

wire::Reply allocate(Context& context, const wire::Allocate& request, const Targets& targets) {
  const Result<Writing> writing = find_writing(context, request.inode, request.caller.client);
  if (!writing.ok()) return writing.status();
  Status status = check_targets(request.blocks, targets);
  if (!status.ok()) return status;
  const Result<Commits> commits = check_commits(context, *writing, request.commit);
  if (!commits.ok()) return commits.status();
  const Result<std::vector<BlockId>> abandoned =
      check_abandoned(context, request.inode, request.abandon, *commits);
  if (!abandoned.ok()) return abandoned.status();
  const std::size_t before =
      request.blocks ? context.store.allocated_blocks(request.inode, 2 * kMaxAllocated).size() : 0;
  if (before + request.blocks > kMaxAllocated + commits->blocks.size() + abandoned->size()) {
    return invalid(writing->pending.path, "Too many of its blocks are allocated and not committed");
  }

  commit(context, *commits);
  for (const BlockId block : *abandoned) forget_unpublished(context, block);
  return wire::AllocateReply{allocate_blocks(context, writing->inode, targets)};
}

wire::Reply complete(Context& context, const wire::Complete& request) {
  const Result<Writing> writing = find_writing(context, request.inode, request.caller.client);
  if (!writing.ok()) return writing.status();
  const PendingRow& pending = writing->pending;
  if (request.mtime && request.mtime->ms < 0) return invalid(pending.path, "Its time is negative");
  const Result<Commits> commits = check_commits(context, *writing, request.commit);
  if (!commits.ok()) return commits.status();
  Status status = check_whole(context, *writing, *commits, request.length);
  if (!status.ok()) return status;
  // Something else can be at the name by now only where a version was replaced, so that overwriting
  // was asked for: whatever file is there is replaced, a directory never is.
  const std::optional<EntryRow> entry = context.store.entry(pending.parent, pending.name);
  std::optional<InodeRow> replaced;
  if (entry) replaced = context.store.inode(entry->inode);
  if (replaced && replaced->type == FileType::kDirectory) return is_a_directory(pending.path);

  commit(context, *commits);
  give_up_allocated(context, request.inode, kMaxAllocated);
  publish(context, {commits->pending, writing->inode}, replaced,
          request.mtime.value_or(context.wall));
  return status_of(*context.store.inode(request.inode), "");
}

wire::Reply abandon(Context& context, const wire::Abandon& request) {
  const std::optional<PendingRow> pending = context.store.pending(request.inode);
  // Of a lease that is over, or somebody else's, the caller has nothing to give up.
  if (pending && pending->client == request.caller.client) end_pending(context, *pending);
  return wire::Empty{};
}

}  // namespace dfs::namenode
