// create: opens a new version of a file, with its first blocks.
#include "core/base/mutant.h"
#include "core/namenode/namespace/blocks_of_file.h"
#include "core/namenode/namespace/errors.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/pending.h"
#include "core/namenode/namespace/tree.h"

namespace dfs::namenode {
namespace {

Status check_create(const wire::Create& request, const std::string& path, const Targets& targets) {
  if (request.mode > 01777) return invalid(path, "The mode must be within 01777");
  if (request.replication > wire::kMaxReplication) {
    return invalid(path, "The replication must be within 1 and 512");
  }
  if (request.block_size > kMaxBlockSize) return invalid(path, "The block size is over 1 TiB");
  return check_targets(request.blocks, targets);
}

// Whether `client` may open a new version of what is at the spot.
Status check_spot(const Spot& spot, const wire::Create& request, const std::string& path) {
  if (spot.inode && spot.inode->type == FileType::kDirectory) return is_a_directory(path);
  if (spot.inode && !request.overwrite) return file_exists(path);
  if (spot.pending && !request.overwrite && spot.pending->client != request.caller.client) {
    return being_written(path);
  }
  return {};
}

InodeRow new_version(Context& context, const wire::Create& request, const InodeRow& parent) {
  const MetaRow& meta = context.meta;
  InodeRow row;
  row.id = InodeId{context.meta.next_inode++};
  row.type = FileType::kFile;
  row.owner = owner_for(context, request.caller);
  row.group = parent.group;
  row.mode = request.mode;
  row.mtime = row.atime = context.wall;
  row.replication = request.replication ? request.replication : meta.default_replication;
  row.block_size = request.block_size ? request.block_size : meta.default_block_size;
  return row;
}

wire::CreateReply begin(Context& context, const InodeRow& row, const Targets& targets) {
  wire::CreateReply reply;
  reply.inode = row.id;
  reply.block_size = row.block_size;
  reply.replication = row.replication;
  reply.blocks = allocate_blocks(context, row, targets);
  context.effects.leases_begun.push_back(row.id);
  return reply;
}

}  // namespace

wire::Reply create(Context& context, const wire::Create& request, const Targets& targets) {
  const Result<wire::Path> path = wire::Path::parse(request.path);
  if (!path.ok()) return path.status();
  if (path->is_root()) return is_a_directory("/");
  const std::string text = path->text();
  Status status = check_create(request, text, targets);
  if (!status.ok()) return status;
  Result<Way> way = find_way(context.store, path->parent(), request.parents);
  if (!way.ok()) return way.status();
  Spot spot;
  if (way->missing.empty()) {
    spot = look_at(context.store, way->base, path->name());
    status = check_spot(spot, request, text);
    if (!status.ok()) return status;
  }

  if (spot.pending && mutated(Mutant::kG2JoinTheWriter)) {
    return begin(context, *context.store.inode(spot.pending->inode), targets);
  }
  if (spot.pending) end_pending(context, *spot.pending);
  if (spot.inode && mutated(Mutant::kG3RemoveAtCreate)) {
    context.store.erase_entry(spot.parent.id, spot.name);
    detach(context, *spot.inode);
  }
  InodeRow parent = way->base;
  if (!way->missing.empty()) {
    parent = make_directories(context, way->base, way->missing, request.mode | 0700u,
                              owner_for(context, request.caller));
  }
  InodeRow row = new_version(context, request, parent);
  row.name = path->name();
  context.store.put_inode(row);
  PendingRow pending;
  pending.inode = row.id;
  pending.parent = parent.id;
  pending.name = row.name;
  pending.client = request.caller.client;
  pending.path = text;
  pending.opened = context.wall;
  pending.replaces = spot.inode ? spot.inode->id : InodeId{};
  context.store.put_pending(pending);
  if (!pending.replaces) {
    Change shown;
    shown.children = 1;
    shown.height = 1;
    change_tree(context, parent.id, shown);
  }
  return begin(context, row, targets);
}

}  // namespace dfs::namenode
