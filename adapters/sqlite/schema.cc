#include "adapters/sqlite/schema.h"

namespace dfs::sqlite {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  cluster TEXT NOT NULL, epoch INTEGER NOT NULL, applied INTEGER NOT NULL,
  next_inode INTEGER NOT NULL, next_block INTEGER NOT NULL, next_node INTEGER NOT NULL,
  next_session INTEGER NOT NULL, time INTEGER NOT NULL, forgotten INTEGER NOT NULL,
  requests INTEGER NOT NULL, safe_mode INTEGER NOT NULL, default_replication INTEGER NOT NULL,
  default_block_size INTEGER NOT NULL, behind_epoch INTEGER NOT NULL,
  past_epochs TEXT NOT NULL
) STRICT;
CREATE TABLE inodes (
  id INTEGER PRIMARY KEY, type INTEGER NOT NULL, parent INTEGER NOT NULL, name TEXT NOT NULL,
  owner TEXT NOT NULL, grp TEXT NOT NULL, mode INTEGER NOT NULL, mtime INTEGER NOT NULL,
  atime INTEGER NOT NULL, replication INTEGER NOT NULL, block_size INTEGER NOT NULL,
  length INTEGER NOT NULL, sum_files INTEGER NOT NULL, sum_directories INTEGER NOT NULL,
  sum_length INTEGER NOT NULL, sum_space INTEGER NOT NULL, children INTEGER NOT NULL,
  born INTEGER NOT NULL, died INTEGER NOT NULL, progress INTEGER NOT NULL,
  height INTEGER NOT NULL
) STRICT;
CREATE TABLE entries (
  parent INTEGER NOT NULL, name TEXT NOT NULL, inode INTEGER NOT NULL, born INTEGER NOT NULL,
  died INTEGER NOT NULL, PRIMARY KEY (parent, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE pending (
  inode INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name TEXT NOT NULL, client TEXT NOT NULL,
  path TEXT NOT NULL, opened INTEGER NOT NULL, replaces INTEGER NOT NULL,
  blocks INTEGER NOT NULL, end INTEGER NOT NULL, length INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX pending_names ON pending (parent, name);
CREATE TABLE blocks (
  id INTEGER PRIMARY KEY, state INTEGER NOT NULL, length INTEGER NOT NULL, crc INTEGER NOT NULL,
  replication INTEGER NOT NULL, refs INTEGER NOT NULL, owner INTEGER NOT NULL,
  freed INTEGER NOT NULL, idx INTEGER NOT NULL
) STRICT;
CREATE INDEX blocks_allocated ON blocks (owner, id) WHERE state = 0;
CREATE INDEX blocks_freed ON blocks (freed, id) WHERE state = 2;
CREATE TABLE file_blocks (
  inode INTEGER NOT NULL, idx INTEGER NOT NULL, block INTEGER NOT NULL,
  visible_length INTEGER NOT NULL, PRIMARY KEY (inode, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE reap (inode INTEGER PRIMARY KEY) STRICT;
CREATE TABLE datanodes (
  id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, client_address TEXT NOT NULL,
  peer_address TEXT NOT NULL, rack TEXT NOT NULL, host TEXT NOT NULL,
  decommissioned INTEGER NOT NULL
) STRICT;
CREATE TABLE requests (
  sequence INTEGER PRIMARY KEY, client TEXT NOT NULL, request INTEGER NOT NULL,
  at INTEGER NOT NULL, reply TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX requests_of_client ON requests (client, request);
CREATE TABLE clients (
  client TEXT NOT NULL PRIMARY KEY, settled_below INTEGER NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX clients_age ON clients (at, client);
CREATE TABLE hints (
  block INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY (block, node)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace

void prepare_schema(Connection& connection) {
  const std::string version = connection.value_of("PRAGMA user_version");
  const std::string application = connection.value_of("PRAGMA application_id");
  const bool empty = connection.value_of("SELECT count(*) FROM sqlite_schema") == "0";
  if (empty && version == "0") {
    connection.execute("BEGIN IMMEDIATE");
    connection.execute(kTables);
    connection.execute(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
    connection.execute(("PRAGMA user_version = " + std::to_string(kFormatVersion)).c_str());
    connection.execute("COMMIT");
    return;
  }
  if (application != std::to_string(kApplicationId)) {
    connection.fail(connection.file() +
                    " is not the metadata of a NameNode; give another --data directory");
  }
  if (version != std::to_string(kFormatVersion)) {
    connection.fail(connection.file() + " has metadata format " + version +
                    ", this program knows format " + std::to_string(kFormatVersion) +
                    "; use the version of dfs that wrote it");
  }
}

}  // namespace dfs::sqlite
