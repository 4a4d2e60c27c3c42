#include "adapters/sqlite/backup.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/crc32c.h"

namespace dfs::sqlite {
namespace {

// Codes that say that something was read which cannot be read, or is wrong.
bool from_reading(int code) {
  switch (code) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_DATA:
      return true;
    default:
      return (code & 0xff) == SQLITE_CORRUPT;
  }
}

}  // namespace

Backup::Backup(SqliteStore& store, std::string path, const std::string& vfs)
    : store_(store), path_(std::move(path)), vfs_(vfs, store.connection().page_bytes()) {}

Backup::~Backup() {
  DFS_ASSERT(backup_ == nullptr);
  sqlite3_close_v2(copy_);
}

void Backup::give_up() { sqlite3_backup_finish(std::exchange(backup_, nullptr)); }

// The copy is worth nothing before it is whole, so it needs no journal; and nothing after a power
// loss, so the store need not wait for the disk to have all of it.
Status Backup::open() {
  sqlite3_vfs* vfs = vfs_.usable() ? sqlite3_vfs_find(vfs_.name().c_str()) : nullptr;
  if (vfs == nullptr) return failed(SQLITE_CANTOPEN);
  vfs->xDelete(vfs, path_.c_str(), 0);
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  int code = sqlite3_open_v2(path_.c_str(), &copy_, flags, vfs_.name().c_str());
  int reserved = static_cast<int>(kReservedBytes);
  if (code == SQLITE_OK) {
    code = sqlite3_file_control(copy_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  }
  if (code == SQLITE_OK) {
    code = sqlite3_exec(copy_,
                        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF;"
                        "PRAGMA synchronous = OFF",
                        nullptr, nullptr, nullptr);
  }
  if (code != SQLITE_OK) return failed(code);
  backup_ = sqlite3_backup_init(copy_, "main", store_.connection().handle(), "main");
  return backup_ == nullptr ? failed(sqlite3_errcode(copy_)) : Status();
}

Status Backup::step(std::uint64_t bytes) {
  DFS_ASSERT(!store_.in_transaction() && !done_);
  if (backup_ == nullptr) {
    if (Status status = open(); !status.ok()) return status;
  }
  const auto pages = static_cast<int>(std::max<std::uint64_t>(1, bytes / vfs_.page_bytes()));
  const int code = sqlite3_backup_step(backup_, pages);
  if (code == SQLITE_OK) return {};
  if (code != SQLITE_DONE) {
    const bool of_the_store = from_reading(code) && !has_failed_reads(copy_);
    give_up();
    if (of_the_store) store_.connection().fail("read it for a copy", code);
    return failed(code);
  }
  const namenode::MetaRow meta = store_.meta();
  header_ = {.cluster = meta.cluster,
             .epoch = meta.epoch,
             .applied = meta.applied,
             .length = 0,
             .crc = 0,
             .time = meta.time};
  sqlite3_backup_finish(std::exchange(backup_, nullptr));
  done_ = true;
  return {};
}

Result<wire::CheckpointHeader> Backup::finish() {
  DFS_ASSERT(done_);
  sqlite3_file* file = nullptr;
  sqlite3_file_control(copy_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  sqlite3_int64 size = 0;
  int code = file->pMethods->xFileSize(file, &size);
  std::vector<std::uint8_t> page(vfs_.page_bytes());
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += std::ssize(page)) {
    code = file->pMethods->xRead(file, page.data(), static_cast<int>(page.size()), at);
    header_.crc = crc32c(page, header_.crc);
  }
  if (code != SQLITE_OK) return failed(code);
  header_.length = static_cast<std::uint64_t>(size);
  sqlite3_close_v2(std::exchange(copy_, nullptr));
  return header_;
}

Status Backup::failed(int code) const {
  return {code == SQLITE_FULL ? Code::kNoSpace : Code::kIo,
          "cannot copy the metadata to " + path_ + ": " + sqlite3_errstr(code)};
}

Result<wire::CheckpointHeader> copy_store(
    SqliteStore& store, const std::string& path, const std::string& vfs,
    const std::function<Status()>& go_on,
    const std::function<void(const std::function<void()>&)>& in_turn) {
  Backup backup(store, path, vfs);
  while (!backup.done()) {
    Status status = go_on();
    const bool stop = !status.ok();
    in_turn([&] {
      if (stop) return backup.give_up();
      status = backup.step(Backup::kSliceBytes);
    });
    if (!status.ok()) return status;
  }
  return backup.finish();
}

}  // namespace dfs::sqlite
