#include "adapters/sqlite/store.h"

#include "adapters/sqlite/store_tables.h"

namespace dfs::sqlite {

// A transaction is always open: a read outside of one would open and close its own. It takes locks
// with its first statement, and its first write makes it one that writes.
SqliteStore::SqliteStore(Options options)
    : connection_(std::move(options)),
      begin_(connection_, "BEGIN"),
      commit_(connection_, "COMMIT") {
  prepare_schema(connection_);
  namespace_ = std::make_unique<NamespaceStatements>(connection_);
  blocks_ = std::make_unique<BlockStatements>(connection_);
  registry_ = std::make_unique<RegistryStatements>(connection_);
  Query(begin_).run();
}

SqliteStore::~SqliteStore() = default;

void SqliteStore::begin() {
  DFS_ASSERT(!writing_);
  writing_ = true;
}

void SqliteStore::commit() {
  DFS_ASSERT(writing_);
  write_meta();
  Query(commit_).run();
  writing_ = false;
  Query(begin_).run();
}

std::string SqliteStore::integrity_problem() {
  const std::string found = connection_.value_of("PRAGMA integrity_check(1)");
  return found == "ok" ? "" : found;
}

bool SqliteStore::in_transaction() const { return writing_; }

}  // namespace dfs::sqlite
