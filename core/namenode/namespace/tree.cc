#include "core/namenode/namespace/tree.h"

#include <utility>

#include "core/namenode/namespace/errors.h"

namespace dfs::namenode {
namespace {

std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }
void add_to(std::uint64_t& value, std::int64_t delta) {
  value += static_cast<std::uint64_t>(delta);
}

}  // namespace

Result<Way> find_way(Store& store, const wire::Path& directory, bool missing_allowed) {
  InodeId last = kRootInode;
  std::size_t found = 0;
  for (const std::string& name : directory.names()) {
    const std::optional<EntryRow> entry = store.entry(last, name);
    if (!entry) break;
    last = entry->inode;
    ++found;
  }
  std::optional<InodeRow> base = store.inode(last);
  DFS_ASSERT(base.has_value());
  if (base->type != FileType::kDirectory) return not_a_directory(directory.prefix(found).text());
  Way way{std::move(*base), {}};
  if (found == directory.depth()) return way;
  const wire::Path next = directory.prefix(found + 1);
  const std::optional<PendingRow> pending = store.pending_at(last, next.name());
  if (pending && !pending->replaces) return not_a_directory(next.text());
  if (!missing_allowed) return no_such(next.text());
  way.missing.assign(directory.names().begin() + static_cast<std::ptrdiff_t>(found),
                     directory.names().end());
  return way;
}

Spot look_at(Store& store, InodeRow parent, const std::string& name) {
  Spot spot{std::move(parent), name, {}, {}};
  if (const std::optional<EntryRow> entry = store.entry(spot.parent.id, name)) {
    spot.inode = store.inode(entry->inode);
    DFS_ASSERT(spot.inode.has_value());
  }
  spot.pending = store.pending_at(spot.parent.id, name);
  return spot;
}

Result<Spot> find_spot(Store& store, const wire::Path& path) {
  Result<Way> way = find_way(store, path.parent(), false);
  if (!way.ok()) return way.status();
  return look_at(store, std::move(way->base), path.name());
}

bool attached(Store& store, InodeId directory) {
  for (std::size_t level = 0; level <= wire::kMaxPathDepth; ++level) {
    if (directory == kRootInode) return true;
    const std::optional<InodeRow> row = store.inode(directory);
    if (!row || !row->parent) return false;
    directory = row->parent;
  }
  return false;
}

Change adding(const InodeRow& row) {
  Change change;
  change.children = 1;
  if (row.type == FileType::kDirectory) {
    change.files = signed_of(row.sums.files);
    change.directories = signed_of(row.sums.directories);
    change.length = signed_of(row.sums.length);
    change.space = signed_of(row.sums.space);
  } else {
    change.files = 1;
    change.length = signed_of(row.length);
    change.space = signed_of(space_of(row));
  }
  change.height = row.height + 1;
  return change;
}

Change removing(const InodeRow& row) {
  const Change add = adding(row);
  return {-add.files, -add.directories, -add.length, -add.space, -add.children, 0, true};
}

void change_tree(Context& context, InodeId directory, const Change& change) {
  const bool sums =
      change.files != 0 || change.directories != 0 || change.length != 0 || change.space != 0;
  std::uint64_t height = change.height;
  for (std::size_t level = 0; level <= wire::kMaxPathDepth; ++level) {
    std::optional<InodeRow> row = context.store.inode(directory);
    DFS_ASSERT(row.has_value());
    add_to(row->sums.files, change.files);
    add_to(row->sums.directories, change.directories);
    add_to(row->sums.length, change.length);
    add_to(row->sums.space, change.space);
    if (level == 0) {
      add_to(row->children, change.children);
      if (change.touch) row->mtime = context.wall;
      if (row->children == 0) row->height = 0;
    }
    const bool taller = row->height < height;
    if (taller) row->height = height;
    if (height > 0) ++height;
    if (level == 0 || sums || taller) context.store.put_inode(*row);
    if (directory == kRootInode) return;
    directory = row->parent;
  }
}

InodeRow make_directories(Context& context, const InodeRow& parent,
                          const std::vector<std::string>& names, std::uint32_t mode,
                          const std::string& owner) {
  InodeRow above = parent;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::uint64_t below = names.size() - i - 1;
    InodeRow row;
    row.id = InodeId{context.meta.next_inode++};
    row.type = FileType::kDirectory;
    row.parent = above.id;
    row.name = names[i];
    row.owner = owner;
    row.group = parent.group;
    row.mode = below > 0 ? mode | 0300u : mode;
    row.mtime = row.atime = context.wall;
    row.sums.directories = below + 1;
    row.children = below > 0 ? 1 : 0;
    row.height = below;
    row.born = context.position;
    context.store.put_inode(row);
    context.store.put_entry({above.id, row.name, row.id, context.position});
    above = std::move(row);
  }
  Change change;
  change.directories = signed_of(names.size());
  change.children = 1;
  change.height = names.size();
  change_tree(context, parent.id, change);
  return above;
}

void detach(Context& context, InodeRow row) {
  row.parent = InodeId{};
  row.died = context.position;
  row.progress = 0;
  context.store.put_inode(row);
  context.store.put_reap(row.id);
}

}  // namespace dfs::namenode
