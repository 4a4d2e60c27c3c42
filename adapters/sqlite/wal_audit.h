// Tells a write-ahead log that rotted from one that a power loss cut short, which SQLite does not.
//
// SQLite ends the log at the first frame whose checksum does not match and silently drops
// everything after it: right after a power loss, where that is the transaction that was never
// acknowledged, and wrong after damage, where it may be any number of acknowledged ones. The
// frames say which: each one's checksum can be verified from the stored checksum of the one before
// it, so frames behind a bad one can be recognised as whole. Transactions are synced one by one,
// so a whole frame behind the end of the transaction with the bad frame proves that one to have
// been synced, and damaged since. A damaged header is told from one whose rewriting was cut short
// by whether the database has everything that is in the frames.
// Limits: damage in the last transaction of the log looks like a power loss, and is taken for one.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <string>

#include "core/base/status.h"

namespace dfs::sqlite {

// What is wrong with the log of the database `file`, with pages of `page_bytes`, which nobody has
// open: kCorrupt, or kIo if that could not be found out. For logs that were written with
// synchronous = FULL.
[[nodiscard]] Status wal_problem(sqlite3_vfs* vfs, const std::string& file, std::size_t page_bytes);

}  // namespace dfs::sqlite
