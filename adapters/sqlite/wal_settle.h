// Makes what is read from a write-ahead log durable before anything is built on it.
//
// A sync that failed leaves pages that reads go on seeing as written, that the disk does not have
// and that no later sync will write, since the system takes them for clean. The process that was
// told of it ends; but the next one finds in the log a transaction that a power loss takes back,
// together with the log's truncation after a checkpoint: the older log would then be believed over
// the newer database. So that transaction is written once more, byte for byte, and synced, and a
// sync that fails now ends this process, too.
// It is the last one of the log that is in doubt: nothing is appended after one that is.
// Limits: as for every append, the disk must leave alone what a write does not change in a sector.
#pragma once

#include <sqlite3.h>

#include <cstddef>

namespace dfs::sqlite {

// For a database with pages of `page_bytes` that is open in exclusive mode and has not been
// written to since. Returns a code of SQLite.
[[nodiscard]] int settle_log(sqlite3* db, std::size_t page_bytes);

}  // namespace dfs::sqlite
