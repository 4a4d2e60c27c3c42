// A file of a SQLite VFS, read and written past SQLite's pager.
//
// Contract: an error of the disk sticks: what is read or written after one says nothing.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace dfs::sqlite {

class RawFile {
 public:
  // Opens the file `name`. One that is not there is empty, unless `flags` create it.
  RawFile(sqlite3_vfs* vfs, const std::string& name, int flags);
  // One that SQLite has open, and keeps open for as long as this is used.
  explicit RawFile(sqlite3_file* open) : file_(open) {}
  ~RawFile();
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  [[nodiscard]] std::size_t size();
  // False where the file ends before `out` is full, and after an error.
  [[nodiscard]] bool read(std::size_t offset, MutableBytes out);
  bool write(std::size_t offset, Bytes data);
  bool sync();

  // The first error, or SQLITE_OK.
  [[nodiscard]] int code() const { return code_; }
  [[nodiscard]] bool failed() const { return code_ != SQLITE_OK; }

 private:
  bool succeeded(int code);

  std::vector<char> path_;                // the VFS may refer to it
  std::vector<std::max_align_t> memory_;  // of a file that this has opened
  sqlite3_file* file_ = nullptr;
  int code_ = SQLITE_OK;
};

// The one request of a VFS that syncs a directory. Returns a code of SQLite.
[[nodiscard]] int delete_durably(sqlite3_vfs* vfs, const std::string& name);

}  // namespace dfs::sqlite
