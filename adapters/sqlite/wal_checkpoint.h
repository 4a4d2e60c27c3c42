// The checkpoints of a connection's write-ahead log, each after a note of what it may copy.
//
// They run in a hook of ours after commits, since SQLite's own keep their errors to themselves:
// after a failed sync of the database the next one may succeed without what the failed one lost
// (law 9). SQLite also makes one when the connection is closed.
// Order: every commit is synced when the hook hears of it; the note is durable before the
// checkpoint writes the first page of the database.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "adapters/sqlite/wal_note.h"

namespace dfs::sqlite {

class Checkpoints {
 public:
  // At the first commit that makes the log as long as `frames`.
  Checkpoints(std::uint32_t frames, std::size_t page_bytes)
      : limit_(frames), page_bytes_(page_bytes) {}
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  // Opens the note of the database `file`, to be written before every checkpoint from now on, for
  // databases whose commits are synced. Returns a code of SQLite.
  [[nodiscard]] int keep_note(sqlite3_vfs* vfs, const std::string& file);
  // Notes what is in the log that was found. Returns a code of SQLite.
  [[nodiscard]] int note_found(const SyncedFrames& found);
  // Sets the hook of `db`, which this outlives.
  void begin(sqlite3* db) { sqlite3_wal_hook(db, committed, this); }
  // Where no note can be made of the checkpoint at the closing of `db`, there will be none.
  void prepare_to_close(sqlite3* db);

 private:
  static int committed(void* self, sqlite3* db, const char* name, int frames);
  [[nodiscard]] int follow(sqlite3* db, int frames);

  std::uint32_t limit_;
  std::size_t page_bytes_;
  std::optional<WalNote> note_;
  SyncedFrames log_;  // at the last commit; no frames: there was none since the last checkpoint
};

}  // namespace dfs::sqlite
