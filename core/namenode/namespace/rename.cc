// rename: moves one entry; the inode and all below it stay what they are.
#include "core/base/mutant.h"
#include "core/namenode/namespace/errors.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/tree.h"

namespace dfs::namenode {
namespace {

// Whether `moved` may take the place of what is at `to`.
Status check_target(const Spot& to, const InodeRow& moved, const std::string& path,
                    bool overwrite) {
  if (to.under_construction()) return being_written(path);
  if (!to.inode) return {};
  if (!overwrite && !mutated(Mutant::kN1RenameOver)) return file_exists(path);
  const bool directory = to.inode->type == FileType::kDirectory;
  if (directory && moved.type != FileType::kDirectory) return is_a_directory(path);
  if (!directory && moved.type == FileType::kDirectory) return not_a_directory(path);
  if (to.inode->children > 0) return not_empty(path);
  return {};
}

}  // namespace

wire::Reply rename(Context& context, const wire::Rename& request) {
  const Result<wire::Path> from_path = wire::Path::parse(request.from);
  if (!from_path.ok()) return from_path.status();
  const Result<wire::Path> to_path = wire::Path::parse(request.to);
  if (!to_path.ok()) return to_path.status();
  if (from_path->is_root()) return invalid("/", "The root directory cannot be moved");
  const Result<Spot> from = find_spot(context.store, *from_path);
  if (!from.ok()) return from.status();
  if (from->under_construction()) return being_written(from_path->text());
  if (!from->inode) return no_such(from_path->text());
  if (to_path->is_root() || *to_path == *from_path) return file_exists(to_path->text());
  if (from_path->contains(*to_path) && !mutated(Mutant::kN3RenameIntoOwnSubtree)) {
    return invalid(from_path->text(),
                   "Cannot be moved into itself, " + wire::printable(to_path->text()));
  }
  const Result<Spot> to = find_spot(context.store, *to_path);
  if (!to.ok()) return to.status();
  Status status = check_target(*to, *from->inode, to_path->text(), request.overwrite);
  if (!status.ok()) return status;
  if (to_path->depth() + from->inode->height > wire::kMaxPathDepth) {
    return invalid(to_path->text(), "What is moved would be deeper than 255 levels");
  }

  context.store.erase_entry(from->parent.id, from->name);
  change_tree(context, from->parent.id, removing(*from->inode));
  if (to->inode) {
    context.store.erase_entry(to->parent.id, to->name);
    detach(context, *to->inode);
  }
  // Read again: a directory that is moved may have been one of those above what changed.
  InodeRow moved = *context.store.inode(from->inode->id);
  moved.parent = to->parent.id;
  moved.name = to->name;
  context.store.put_inode(moved);
  context.store.put_entry({to->parent.id, to->name, moved.id, context.position});
  if (mutated(Mutant::kN3SumsStayBehind)) return wire::Empty{};
  // In one go with what goes: each way up is two rows a level.
  Change change = adding(moved);
  if (to->inode) {
    const Change gone = removing(*to->inode);
    change.files += gone.files;
    change.directories += gone.directories;
    change.length += gone.length;
    change.space += gone.space;
    change.children += gone.children;
  }
  change_tree(context, to->parent.id, change);
  return wire::Empty{};
}

}  // namespace dfs::namenode
