#include "adapters/sqlite/wal_checkpoint.h"

namespace dfs::sqlite {

int Checkpoints::keep_note(sqlite3_vfs* vfs, const std::string& file) {
  note_.emplace(vfs, file);
  return note_->code();
}

int Checkpoints::note_found(const SyncedFrames& found) {
  return found.frames == 0 ? SQLITE_OK : note_->write(found);
}

void Checkpoints::prepare_to_close(sqlite3* db) {
  if (!note_ || log_.frames == 0 || note_->write(log_) == SQLITE_OK) return;
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

// A log is begun anew, with other salts, by a commit after a checkpoint.
int Checkpoints::follow(sqlite3* db, int frames) {
  if (log_.frames == 0) {
    sqlite3_file* open = nullptr;
    const int code = find_log(db, open);
    if (code != SQLITE_OK) return code;
    RawFile file(open);
    LogHeader header;
    if (!LogFile(file, page_bytes_).read(header)) {
      return file.failed() ? file.code() : SQLITE_IOERR_SHORT_READ;
    }
    log_.salts = header.salts;
  }
  log_.frames = static_cast<std::uint32_t>(frames);
  return SQLITE_OK;
}

int Checkpoints::committed(void* self, sqlite3* db, const char* name, int frames) {
  Checkpoints& that = *static_cast<Checkpoints*>(self);
  if (that.note_) {
    if (const int code = that.follow(db, frames); code != SQLITE_OK) return code;
  }
  if (frames < static_cast<int>(that.limit_)) return SQLITE_OK;
  if (that.note_) {
    if (const int code = that.note_->write(that.log_); code != SQLITE_OK) return code;
    that.log_.frames = 0;
  }
  const int code = sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  return code == SQLITE_BUSY ? SQLITE_OK : code;
}

}  // namespace dfs::sqlite
