// Blocks, the blocks of files, and location hints.
#include <algorithm>

#include "adapters/sqlite/store_tables.h"

namespace dfs::sqlite {

using namenode::BlockRow;
using namenode::FileBlockRow;

// The literal states are what lets SQLite use the partial indexes.
SqliteStore::BlockStatements::BlockStatements(Connection& c)
    : get_block(c, select<BlockRow>("WHERE id = ?")),
      put_block(c, replace<BlockRow>()),
      erase_block(c, "DELETE FROM blocks WHERE id = ?"),
      scan_blocks(c, "SELECT id FROM blocks WHERE id > ? ORDER BY id LIMIT ?"),
      allocated(c, select<BlockRow>("WHERE state = 0 AND owner = ? ORDER BY id LIMIT ?")),
      freed(c, select<BlockRow>("WHERE state = 2 AND freed <= ? ORDER BY freed, id LIMIT ?")),
      get_file_block(c, select<FileBlockRow>("WHERE inode = ? AND idx = ?")),
      put_file_block(c, replace<FileBlockRow>()),
      erase_file_block(c, "DELETE FROM file_blocks WHERE inode = ? AND idx = ?"),
      scan_file_blocks(c,
                       select<FileBlockRow>("WHERE inode = ? AND idx >= ? ORDER BY idx LIMIT ?")),
      put_hint(c, "INSERT INTO hints (block, node) VALUES (?, ?)"),
      erase_hint(c, "DELETE FROM hints WHERE block = ? AND node = ?"),
      erase_hints(c, "DELETE FROM hints WHERE block = ?"),
      hints(c, "SELECT node FROM hints WHERE block = ? ORDER BY node") {
  static_assert(static_cast<int>(namenode::BlockState::kAllocated) == 0);
  static_assert(static_cast<int>(namenode::BlockState::kFreed) == 2);
}

std::optional<BlockRow> SqliteStore::block(BlockId id) {
  ++rows_touched_;
  return block_rows_.get(id, [&] { return read<BlockRow>(blocks_->get_block, id); });
}
void SqliteStore::put_block(const BlockRow& row) {
  put(blocks_->put_block, row);
  block_rows_.keep(row.id, row);
}
void SqliteStore::erase_block(BlockId id) {
  change(blocks_->erase_block, id);
  block_rows_.keep(id, std::nullopt);
}
std::vector<BlockRow> SqliteStore::scan_blocks(BlockId after, std::size_t limit) {
  // Most rows are known, of the others some are kept.
  std::vector<BlockRow> rows;
  Query query(blocks_->scan_blocks, after, bound(limit));
  while (query.step()) {
    BlockId id;
    query.read(id);
    const std::optional<BlockRow>* known = block_rows_.find(id);
    if (known != nullptr) {
      rows.push_back(**known);
      continue;
    }
    const std::optional<BlockRow> row = read<BlockRow>(blocks_->get_block, id);
    block_rows_.keep_if_roomy(id, row);
    rows.push_back(*row);
  }
  rows_touched_ += rows.size();
  return rows;
}
std::vector<BlockRow> SqliteStore::allocated_blocks(InodeId owner, std::size_t limit) {
  return scan<BlockRow>(blocks_->allocated, owner, bound(limit));
}
std::vector<BlockRow> SqliteStore::freed_blocks(WallTime until, std::size_t limit) {
  return scan<BlockRow>(blocks_->freed, until, bound(limit));
}

std::optional<FileBlockRow> SqliteStore::file_block(InodeId inode, std::uint64_t index) {
  return find<FileBlockRow>(blocks_->get_file_block, inode, index);
}
void SqliteStore::put_file_block(const FileBlockRow& row) { put(blocks_->put_file_block, row); }
void SqliteStore::erase_file_block(InodeId inode, std::uint64_t index) {
  change(blocks_->erase_file_block, inode, index);
}
std::vector<FileBlockRow> SqliteStore::scan_file_blocks(InodeId inode, std::uint64_t first,
                                                        std::size_t limit) {
  return scan<FileBlockRow>(blocks_->scan_file_blocks, inode, bound(first), bound(limit));
}

void SqliteStore::put_hint(BlockId block, NodeId node) {
  std::vector<NodeId> nodes = known_hints(block);
  const auto at = std::lower_bound(nodes.begin(), nodes.end(), node);
  if (at != nodes.end() && *at == node) return;
  change(blocks_->put_hint, block, node);
  nodes.insert(at, node);
  hints_.keep(block, std::move(nodes));
}
void SqliteStore::erase_hint(BlockId block, NodeId node) {
  change(blocks_->erase_hint, block, node);
  std::vector<NodeId> nodes = known_hints(block);
  std::erase(nodes, node);
  hints_.keep(block, std::move(nodes));
}
void SqliteStore::erase_hints(BlockId block) {
  DFS_ASSERT(in_transaction());
  if (known_hints(block).empty()) return;
  rows_touched_ += Query(blocks_->erase_hints, block).run();
  hints_.keep(block, {});
}
std::vector<NodeId> SqliteStore::hints(BlockId block) {
  const std::vector<NodeId>& nodes = known_hints(block);
  rows_touched_ += nodes.size();
  return nodes;
}
const std::vector<NodeId>& SqliteStore::known_hints(BlockId block) {
  return hints_.get(block, [&] {
    std::vector<NodeId> found;
    Query query(blocks_->hints, block);
    while (query.step()) query.read(found.emplace_back());
    return found;
  });
}

}  // namespace dfs::sqlite
