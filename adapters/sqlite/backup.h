// An online copy of the metadata store, made in slices between the store's transactions.
//
// The copy is of the state after the last slice: what the store commits between slices goes into it
// as well (SQLite's backup API on the store's own connection). It is a database as the store's own,
// with page checksums, that SqliteStore opens. Errors of the copy are values: they do not end the
// store.
//
//   Backup backup(store, path, "");
//   while (!backup.done()) { status = backup.step(Backup::kSliceBytes); … }   // on the strand
//   Result<wire::CheckpointHeader> header = backup.finish();                  // off it
#pragma once

#include <optional>
#include <string>

#include "adapters/sqlite/checksum_vfs.h"
#include "adapters/sqlite/store.h"
#include "core/wire/metadata_messages.h"

namespace dfs::sqlite {

class Backup {
 public:
  static constexpr std::uint64_t kSliceBytes = std::uint64_t{4} << 20;

  // The store must outlive all steps. A file at `path` is replaced; `vfs` as in Options.
  Backup(SqliteStore& store, std::string path, const std::string& vfs);
  ~Backup();
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  // Copies up to `bytes` more. While the store has no transaction open.
  [[nodiscard]] Status step(std::uint64_t bytes);
  [[nodiscard]] bool done() const { return done_; }

  // After done(): reads the copy back, page by page, and says what it is of.
  [[nodiscard]] Result<wire::CheckpointHeader> finish();

 private:
  [[nodiscard]] Status open();
  [[nodiscard]] Status failed(int code) const;

  SqliteStore& store_;
  std::string path_;
  ChecksumVfs vfs_;
  sqlite3* copy_ = nullptr;
  sqlite3_backup* backup_ = nullptr;
  bool done_ = false;
  wire::CheckpointHeader header_;
};

}  // namespace dfs::sqlite
