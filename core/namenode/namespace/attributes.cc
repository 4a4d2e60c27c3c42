// set_replication, set_times.
#include "core/namenode/namespace/errors.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/tree.h"

namespace dfs::namenode {
namespace {

// The complete file or directory at `text`.
Result<InodeRow> find_complete(Context& context, const std::string& text) {
  const Result<wire::Path> path = wire::Path::parse(text);
  if (!path.ok()) return path.status();
  if (path->is_root()) return *context.store.inode(kRootInode);
  Result<Spot> spot = find_spot(context.store, *path);
  if (!spot.ok()) return spot.status();
  if (spot->under_construction()) return being_written(path->text());
  if (!spot->inode) return no_such(path->text());
  return std::move(*spot->inode);
}

}  // namespace

// The file's blocks learn of it by the reap queue, in steps: a file can have very many.
wire::Reply set_replication(Context& context, const wire::SetReplication& request) {
  Result<InodeRow> row = find_complete(context, request.path);
  if (!row.ok()) return row.status();
  if (row->type == FileType::kDirectory) return is_a_directory(request.path);
  if (request.replication < 1 || request.replication > wire::kMaxReplication) {
    return invalid(request.path, "The replication must be within 1 and 512");
  }
  if (row->replication == request.replication) return wire::Empty{};

  const std::uint64_t before = space_of(*row);
  row->replication = request.replication;
  row->progress = 0;
  context.store.put_inode(*row);
  if (row->length > 0) context.store.put_reap(row->id);
  Change change;
  change.space = static_cast<std::int64_t>(space_of(*row) - before);
  change.touch = false;
  change_tree(context, row->parent, change);
  return wire::Empty{};
}

wire::Reply set_times(Context& context, const wire::SetTimes& request) {
  Result<InodeRow> row = find_complete(context, request.path);
  if (!row.ok()) return row.status();
  if ((request.mtime && request.mtime->ms < 0) || (request.atime && request.atime->ms < 0)) {
    return invalid(request.path, "A time must not be negative");
  }

  if (request.mtime) row->mtime = *request.mtime;
  if (request.atime) row->atime = *request.atime;
  context.store.put_inode(*row);
  return wire::Empty{};
}

}  // namespace dfs::namenode
