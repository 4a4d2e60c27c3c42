// An online copy of the metadata store, made in slices between the store's transactions.
//
// The copy is of the state after the last slice: what the store commits between slices goes into it
// as well (SQLite's backup API on the store's own connection). It is a database as the store's own,
// with page checksums, that SqliteStore opens. Errors of the copy are values: they do not end the
// store. That the store cannot be read, or is damaged, does, as wherever else that is found.
// The copy is read back whole, and not synced: after a power loss it is to be thrown away.
//
// While it is under way it belongs to the store's connection: it is stepped, and given up, only
// where nobody else uses the store. copy_store() sees to that.
#pragma once

#include <functional>
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
  // It must have been ended: done(), a step that failed, or give_up().
  ~Backup();
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  // Copies up to `bytes` more. While the store has no transaction open. An error ends it.
  [[nodiscard]] Status step(std::uint64_t bytes);
  // Ends it before it is done, if nothing has yet.
  void give_up();
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

// A whole copy, read back. Before each slice `go_on` says whether there is to be another one;
// `in_turn` runs what it is given while nobody else uses the store, and returns when it has run.
[[nodiscard]] Result<wire::CheckpointHeader> copy_store(
    SqliteStore& store, const std::string& path, const std::string& vfs,
    const std::function<Status()>& go_on,
    const std::function<void(const std::function<void()>&)>& in_turn);

}  // namespace dfs::sqlite
