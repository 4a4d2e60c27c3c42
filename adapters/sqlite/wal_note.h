// A note beside the database of how much of its write-ahead log is known to be on the disk.
//
// Damage to the last transaction of a log looks like a power loss that cut its writing short, and
// to drop it is right then: nobody was told of it. But once a checkpoint has begun to copy it, the
// database has some of its pages and lacks others, and without it the log puts older pages over
// newer ones. So before a checkpoint a note is made durable of how many frames the log has; a log
// that has fewer whole ones at the next start is damaged, whatever it looks like. A note of a log
// with other salts, one that is torn, damaged or of another version, and none claim nothing.
//
// The file `<database>-synced` has two places for a note, which are written in turn so that a torn
// one leaves the one before it. A place, little-endian: 0 magic "DFSW", 4 version, 1, 8 salts of
// the log, 16 number of frames, 20 CRC32C of the 20 bytes before. Places are 4096 bytes apart, so
// that no two share a sector.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "adapters/sqlite/raw_file.h"
#include "adapters/sqlite/wal_layout.h"

namespace dfs::sqlite {

inline constexpr const char* kNoteSuffix = "-synced";

// The first frames of the log with the salts.
struct SyncedFrames {
  Salts salts{};
  std::uint32_t frames = 0;
};

// How many frames of the log with `salts` of the database `file` are noted. `code`: of SQLite, for
// a note that could not be read.
[[nodiscard]] std::uint32_t noted_frames(sqlite3_vfs* vfs, const std::string& file,
                                         const Salts& salts, int& code);

class WalNote {
 public:
  // Opens the file, made if it is not there; its name is the owner's to make durable.
  WalNote(sqlite3_vfs* vfs, const std::string& file);

  // Durable when it returns. Returns a code of SQLite, also of what came before.
  [[nodiscard]] int write(const SyncedFrames& synced);
  [[nodiscard]] int code() const { return file_.code(); }

 private:
  RawFile file_;
};

}  // namespace dfs::sqlite
