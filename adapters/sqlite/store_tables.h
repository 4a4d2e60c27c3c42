// Private to SqliteStore: its statements by group of tables, and the templates that run them.
#pragma once

#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/store.h"

namespace dfs::sqlite {

// A bound of a scan. SQLite's integers are signed: one beyond them means "without bound". (Stored
// numbers keep all their bits; only their order would be wrong, and ids stay below 2^63.)
[[nodiscard]] inline std::int64_t bound(std::uint64_t value) {
  return value > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(value);
}

struct SqliteStore::NamespaceStatements {
  explicit NamespaceStatements(Connection& c);

  Statement get_inode, put_inode, erase_inode, scan_inodes;
  Statement get_entry, put_entry, erase_entry, scan_entries;
  Statement get_pending, get_pending_at, put_pending, erase_pending, scan_pending, scan_pending_in;
  Statement put_reap, erase_reap, scan_reap;
};

struct SqliteStore::BlockStatements {
  explicit BlockStatements(Connection& c);

  Statement get_block, put_block, erase_block, scan_blocks, allocated, freed;
  Statement get_file_block, put_file_block, erase_file_block, scan_file_blocks;
  Statement put_hint, erase_hint, erase_hints, hints;
};

struct SqliteStore::RegistryStatements {
  explicit RegistryStatements(Connection& c);

  Statement get_meta, put_meta;
  Statement get_datanode, get_datanode_by_uuid, put_datanode, scan_datanodes;
  Statement get_request, put_request, erase_request, erase_requests_below, newest_request;
  Statement oldest_requests, requests_below;
  Statement get_client, put_client, erase_client, oldest_clients;
};

template <class Row, class... Keys>
std::optional<Row> SqliteStore::read(Statement& statement, const Keys&... keys) {
  Query query(statement, keys...);
  if (!query.step()) return std::nullopt;
  return read_row<Row>(query);
}

template <class Row, class... Keys>
std::optional<Row> SqliteStore::find(Statement& statement, const Keys&... keys) {
  ++rows_touched_;
  return read<Row>(statement, keys...);
}

template <class Row, class... Keys>
std::vector<Row> SqliteStore::scan(Statement& statement, const Keys&... keys) {
  std::vector<Row> rows;
  Query query(statement, keys...);
  while (query.step()) rows.push_back(read_row<Row>(query));
  rows_touched_ += rows.size();
  return rows;
}

template <class Row>
void SqliteStore::put(Statement& statement, const Row& row) {
  DFS_ASSERT(in_transaction());
  ++rows_touched_;
  write_row(statement, row);
}

template <class... Keys>
void SqliteStore::change(Statement& statement, const Keys&... keys) {
  DFS_ASSERT(in_transaction());
  ++rows_touched_;
  Query(statement, keys...).run();
}

}  // namespace dfs::sqlite
