// Tells a write-ahead log that rotted from one that a power loss cut short, which SQLite does not.
//
// SQLite ends the log at the first frame whose checksum does not match and silently drops
// everything after it: right after a power loss, where that is the transaction that was never
// acknowledged, and wrong after damage, where it may be any number of acknowledged ones. The
// frames say which: transactions are synced one by one, so a frame of the same log, told by its
// salts, behind the end of the transaction with the bad frame proves that one to have been synced,
// and damaged since. A frame ends a transaction if its mark says so; that of a frame that is not
// whole is the one that the checksums before and behind it leave, if its page is whole, and
// otherwise the stored one, if its header shows by its salts to have arrived at the disk. A header
// that an older log left there tells nothing, nor does a mark of zeros: no page has the number 0.
// What the checksums leave must fit the database, which no transaction makes smaller.
// A damaged header of the log is told from one whose rewriting was cut short by whether the
// database has everything that is in the frames.
// Whatever the frames say, those that were noted before a checkpoint (wal_note.h) must be whole.
// Limits: damage in the last transaction of the log that no checkpoint has begun to copy looks like
// a power loss, and is taken for one. So is damage to the one before it that leaves nothing to tell
// its end by: neither header nor page of its last frame, or, where a sector ends behind its mark,
// no checksums before that one or a mark that fits no database. Damage to the header of the log and
// that of its first frame passes for a sync of the first transaction that failed, where the log has
// fewer than three. And where a power loss kept the header of a frame from the disk and a part of a
// page of the freelist in it or behind it, the checksums may leave a mark that fits by chance, and
// the log is refused: about one such loss in 256, or in 65536 if the database has more pages than
// 256.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <string>

#include "adapters/sqlite/wal_note.h"
#include "core/base/status.h"

namespace dfs::sqlite {

struct AuditedLog {
  Status problem;       // kCorrupt, or kIo if that could not be found out
  SyncedFrames frames;  // that SQLite will believe: up to the last that ends a transaction
};

// The log of the database `file`, with pages of `page_bytes`, which nobody has open. For logs that
// were written with synchronous = FULL.
[[nodiscard]] AuditedLog audit_log(sqlite3_vfs* vfs, const std::string& file,
                                   std::size_t page_bytes);

}  // namespace dfs::sqlite
