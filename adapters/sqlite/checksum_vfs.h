// A SQLite VFS over another one that gives every page a checksum and believes nothing else.
//
// Database: the last 4 bytes of each page, which SQLite leaves alone (its "reserved bytes"),
// hold the CRC32C of (page number as u32 little-endian ‖ the bytes of the page before). They are
// computed on every write and compared on every read, of a part of a page too; a mismatch, a page
// of a larger size and a page cut short by the end of the file are SQLITE_IOERR_DATA. The page
// number makes a page that was written to the wrong place, or read from there, a mismatch too. One
// page is right when it is all zeros: that of SQLite's lock byte, 1 GiB into the file, which is
// never written.
// WAL: its frames have SQLite's own checksums, which SQLite verifies only when it recovers. So the
// CRC of each frame's page is kept in memory from when it is written or recovered, and compared on
// every later read. The file's format is not changed.
// Other files (the rollback journal of a database's first transaction) pass through. A deletion
// always syncs the directory.
// Limits: a page that was replaced by an older version of itself is not noticed. Files are opened
// by one connection with locking_mode = EXCLUSIVE: there is no shared memory and no memory
// mapping.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "core/base/bytes.h"

namespace dfs::sqlite {

// Of a NameNode's database. The simulator and tests also use smaller pages, down to 512 bytes.
inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::size_t kReservedBytes = 4;

// The checksum that belongs into the last bytes of a page. Pages are numbered from 1.
[[nodiscard]] std::uint32_t page_checksum(Bytes page, std::uint32_t number);

// Registered from construction to destruction, which must come after its last file is closed.
class ChecksumVfs {
 public:
  // Wraps the registered VFS `base`, "" being SQLite's default, for databases with pages of
  // `page_bytes`.
  explicit ChecksumVfs(const std::string& base, std::size_t page_bytes = kPageBytes);
  ~ChecksumVfs();
  ChecksumVfs(const ChecksumVfs&) = delete;
  ChecksumVfs& operator=(const ChecksumVfs&) = delete;

  // False if there is no VFS of the name `base`.
  [[nodiscard]] bool usable() const { return base_ != nullptr; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] sqlite3_vfs* base() const { return base_; }
  [[nodiscard]] std::size_t page_bytes() const { return page_bytes_; }

 private:
  std::string name_;
  sqlite3_vfs* base_;
  std::size_t page_bytes_;
  sqlite3_vfs vfs_{};
};

// Reads every page of an open database past SQLite's cache. 0: all are right; otherwise the number
// of the first that is not. For a database whose WAL is empty.
[[nodiscard]] std::uint32_t first_bad_page(sqlite3* db);

// Whether a page of an open database could not be read from its file, or was wrong, at any time.
[[nodiscard]] bool has_failed_reads(sqlite3* db);

}  // namespace dfs::sqlite
