#include "adapters/sqlite/store.h"

#include "adapters/sqlite/store_tables.h"

namespace dfs::sqlite {

SqliteStore::SqliteStore(Options options)
    : connection_(std::move(options)),
      begin_(connection_, "BEGIN IMMEDIATE"),
      commit_(connection_, "COMMIT") {
  prepare_schema(connection_);
  namespace_ = std::make_unique<NamespaceStatements>(connection_);
  blocks_ = std::make_unique<BlockStatements>(connection_);
  registry_ = std::make_unique<RegistryStatements>(connection_);
}

SqliteStore::~SqliteStore() = default;

void SqliteStore::begin() {
  DFS_ASSERT(!in_transaction());
  Query(begin_).run();
}

void SqliteStore::commit() {
  DFS_ASSERT(in_transaction());
  write_meta();
  Query(commit_).run();
}

std::string SqliteStore::integrity_problem() {
  const std::string found = connection_.value_of("PRAGMA integrity_check(1)");
  return found == "ok" ? "" : found;
}

bool SqliteStore::in_transaction() const { return connection_.in_transaction(); }

}  // namespace dfs::sqlite
