// Inodes, directory entries, pending files and the reap queue.
#include "adapters/sqlite/store_tables.h"

namespace dfs::sqlite {

using namenode::EntryRow;
using namenode::InodeRow;
using namenode::PendingRow;

SqliteStore::NamespaceStatements::NamespaceStatements(Connection& c)
    : get_inode(c, select<InodeRow>("WHERE id = ?")),
      put_inode(c, replace<InodeRow>()),
      erase_inode(c, "DELETE FROM inodes WHERE id = ?"),
      scan_inodes(c, select<InodeRow>("WHERE id > ? ORDER BY id LIMIT ?")),
      get_entry(c, select<EntryRow>("WHERE parent = ? AND name = ?")),
      put_entry(c, replace<EntryRow>()),
      erase_entry(c, "DELETE FROM entries WHERE parent = ? AND name = ?"),
      scan_entries(c, select<EntryRow>("WHERE parent = ? AND name > ? ORDER BY name LIMIT ?")),
      get_pending(c, select<PendingRow>("WHERE inode = ?")),
      get_pending_at(c, select<PendingRow>("WHERE parent = ? AND name = ?")),
      put_pending(c, upsert<PendingRow>()),
      erase_pending(c, "DELETE FROM pending WHERE inode = ?"),
      scan_pending(c, select<PendingRow>("WHERE inode > ? ORDER BY inode LIMIT ?")),
      scan_pending_in(c, select<PendingRow>("WHERE parent = ? AND name > ? ORDER BY name LIMIT ?")),
      put_reap(c, "INSERT INTO reap (inode) VALUES (?) ON CONFLICT (inode) DO NOTHING"),
      erase_reap(c, "DELETE FROM reap WHERE inode = ?"),
      scan_reap(c, "SELECT inode FROM reap WHERE inode > ? ORDER BY inode LIMIT ?") {}

std::optional<InodeRow> SqliteStore::inode(InodeId id) {
  ++rows_touched_;
  return inodes_.get(id, [&] { return read<InodeRow>(namespace_->get_inode, id); });
}
void SqliteStore::put_inode(const InodeRow& row) {
  put(namespace_->put_inode, row);
  inodes_.keep(row.id, row);
}
void SqliteStore::erase_inode(InodeId id) {
  change(namespace_->erase_inode, id);
  inodes_.keep(id, std::nullopt);
}
std::vector<InodeRow> SqliteStore::scan_inodes(InodeId after, std::size_t limit) {
  return scan<InodeRow>(namespace_->scan_inodes, after, bound(limit));
}

std::optional<EntryRow> SqliteStore::entry(InodeId parent, const std::string& name) {
  ++rows_touched_;
  return entries_.get({parent, name},
                      [&] { return read<EntryRow>(namespace_->get_entry, parent, name); });
}
void SqliteStore::put_entry(const EntryRow& row) {
  put(namespace_->put_entry, row);
  entries_.keep({row.parent, row.name}, row);
}
void SqliteStore::erase_entry(InodeId parent, const std::string& name) {
  change(namespace_->erase_entry, parent, name);
  entries_.keep({parent, name}, std::nullopt);
}
std::vector<EntryRow> SqliteStore::scan_entries(InodeId parent, const std::string& after,
                                                std::size_t limit) {
  return scan<EntryRow>(namespace_->scan_entries, parent, after, bound(limit));
}

std::optional<PendingRow> SqliteStore::pending(InodeId inode) {
  ++rows_touched_;
  return pending_.get(inode, [&] { return read<PendingRow>(namespace_->get_pending, inode); });
}
// A name that is known may have come to be another file's, or nobody's, since: the row tells.
std::optional<PendingRow> SqliteStore::pending_at(InodeId parent, const std::string& name) {
  ++rows_touched_;
  std::optional<PendingRow> found;
  const auto find = [&] {
    found = read<PendingRow>(namespace_->get_pending_at, parent, name);
    if (!found) return InodeId{};
    pending_.keep(found->inode, found);
    return found->inode;
  };
  const InodeId inode = pending_names_.get({parent, name}, find);
  if (!inode || found) return found;
  found = pending_.get(inode, [&] { return read<PendingRow>(namespace_->get_pending, inode); });
  if (found && found->parent == parent && found->name == name) return found;
  found.reset();
  pending_names_.keep({parent, name}, find());
  return found;
}
void SqliteStore::put_pending(const PendingRow& row) {
  put(namespace_->put_pending, row);
  pending_.keep(row.inode, row);
  pending_names_.keep({row.parent, row.name}, row.inode);
}
void SqliteStore::erase_pending(InodeId inode) {
  change(namespace_->erase_pending, inode);
  pending_.keep(inode, std::nullopt);
}
std::vector<PendingRow> SqliteStore::scan_pending(InodeId after, std::size_t limit) {
  return scan<PendingRow>(namespace_->scan_pending, after, bound(limit));
}
std::vector<PendingRow> SqliteStore::scan_pending_in(InodeId parent, const std::string& after,
                                                     std::size_t limit) {
  return scan<PendingRow>(namespace_->scan_pending_in, parent, after, bound(limit));
}

void SqliteStore::put_reap(InodeId inode) { change(namespace_->put_reap, inode); }
void SqliteStore::erase_reap(InodeId inode) { change(namespace_->erase_reap, inode); }
std::vector<InodeId> SqliteStore::scan_reap(InodeId after, std::size_t limit) {
  std::vector<InodeId> inodes;
  Query query(namespace_->scan_reap, after, bound(limit));
  while (query.step()) query.read(inodes.emplace_back());
  rows_touched_ += inodes.size();
  return inodes;
}

}  // namespace dfs::sqlite
