#include "adapters/sqlite/checksum_vfs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <new>
#include <optional>
#include <vector>

#include "core/base/assert.h"
#include "core/base/crc32c.h"
#include "core/base/mutant.h"

namespace dfs::sqlite {
namespace {

constexpr std::size_t kSmallestPage = 512;  // SQLite's
constexpr sqlite3_int64 kWalHeader = 32;
constexpr sqlite3_int64 kFrameHeader = 24;

enum class Kind { kDatabase, kWal, kOther };

// SQLite allocates vfs.szOsFile bytes: this, then the file of the VFS below.
struct CheckedFile : sqlite3_file {
  Kind kind;
  sqlite3_int64 page;                                // bytes
  bool failed_reads = false;                         // of pages of a database
  std::vector<std::optional<std::uint32_t>> frames;  // CRC of each frame's page, where known

  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  [[nodiscard]] sqlite3_int64 frame() const { return kFrameHeader + page; }
  [[nodiscard]] bool is_page(int amount, sqlite3_int64 offset) const {
    return amount == page && offset % page == 0;
  }
  [[nodiscard]] std::uint32_t number_of(sqlite3_int64 offset) const {
    return static_cast<std::uint32_t>(offset / page) + 1;
  }
  [[nodiscard]] Bytes page_at(const void* data) const {
    return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(page)};
  }
  // The frame whose page begins at `offset`, from 0.
  [[nodiscard]] std::optional<std::size_t> frame_of_page(sqlite3_int64 offset) const {
    const sqlite3_int64 in_frames = offset - kWalHeader - kFrameHeader;
    if (in_frames < 0 || in_frames % frame() != 0) return std::nullopt;
    return static_cast<std::size_t>(in_frames / frame());
  }
};

CheckedFile* checked(sqlite3_file* file) { return static_cast<CheckedFile*>(file); }
sqlite3_file* below(sqlite3_file* file) { return checked(file)->below(); }
const ChecksumVfs& layer(sqlite3_vfs* vfs) { return *static_cast<ChecksumVfs*>(vfs->pAppData); }
sqlite3_vfs* below(sqlite3_vfs* vfs) { return layer(vfs).base(); }

void remember_frame(CheckedFile& file, std::size_t frame, const void* page) {
  if (file.frames.size() <= frame) file.frames.resize(frame + 1);
  file.frames[frame] = crc32c(file.page_at(page));
}

// Those that have a byte from `offset` up to `end`.
void forget_frames(CheckedFile& file, sqlite3_int64 offset, sqlite3_int64 end) {
  const auto count = static_cast<sqlite3_int64>(file.frames.size());
  const sqlite3_int64 first = std::max<sqlite3_int64>(0, offset - kWalHeader) / file.frame();
  const sqlite3_int64 after =
      (std::max<sqlite3_int64>(0, end - kWalHeader) + file.frame() - 1) / file.frame();
  for (sqlite3_int64 i = first; i < std::min(after, count); ++i) {
    file.frames[static_cast<std::size_t>(i)].reset();
  }
}

// SQLite has its locks on one byte and never uses the page that it is in: a file that goes beyond
// has a hole there. Asked for, since tests move it; a SQLite built without tests answers 0.
bool has_lock_byte(const CheckedFile& file, sqlite3_int64 offset) {
  constexpr sqlite3_int64 kLockByte = 0x40000000;
  const sqlite3_int64 asked = sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, 0U);
  return file.number_of(offset) == file.number_of(asked == 0 ? kLockByte : asked);
}

bool is_zero(Bytes page) {
  return std::all_of(page.begin(), page.end(), [](std::uint8_t byte) { return byte == 0; });
}

int read_below(CheckedFile& file, void* data, sqlite3_int64 amount, sqlite3_int64 offset) {
  return file.below()->pMethods->xRead(file.below(), data, static_cast<int>(amount), offset);
}

int read_unnoted_page(CheckedFile& file, void* data, sqlite3_int64 offset) {
  const int code = read_below(file, data, file.page, offset);
  if (code == SQLITE_IOERR_SHORT_READ) return SQLITE_IOERR_DATA;
  if (code != SQLITE_OK) return code;
  const Bytes page = file.page_at(data);
  const std::uint32_t stored = get_le32(page.last(kReservedBytes).data());
  if (stored == page_checksum(page, file.number_of(offset))) return SQLITE_OK;
  return has_lock_byte(file, offset) && is_zero(page) ? SQLITE_OK : SQLITE_IOERR_DATA;
}

int read_page(CheckedFile& file, void* data, sqlite3_int64 offset) {
  const int code = read_unnoted_page(file, data, offset);
  if (code != SQLITE_OK) file.failed_reads = true;
  return code;
}

// SQLite reads the first 100 bytes before it knows the page size; it reads them again as page 1.
// Newer ones read overflow pages past their pager, without the bytes that are reserved
// (SQLITE_DIRECT_OVERFLOW_READ): then the whole page is read and checked for the part.
int read_database(CheckedFile& file, void* data, int amount, sqlite3_int64 offset) {
  if (offset + amount <= 100) return read_below(file, data, amount, offset);
  if (file.is_page(amount, offset)) return read_page(file, data, offset);
  const sqlite3_int64 in_page = offset % file.page;
  if (in_page + amount > file.page) return SQLITE_IOERR_DATA;
  std::array<std::uint8_t, kPageBytes> page;
  const int code = read_page(file, page.data(), offset - in_page);
  if (code == SQLITE_OK) std::memcpy(data, page.data() + in_page, static_cast<std::size_t>(amount));
  return code;
}

int check_wal_read(CheckedFile& file, const void* data, int amount, sqlite3_int64 offset) {
  const std::uint8_t* bytes = static_cast<const std::uint8_t*>(data);
  const sqlite3_int64 in_frames = offset - kWalHeader;
  if (amount == file.frame() && in_frames >= 0 && in_frames % file.frame() == 0) {  // recovery
    remember_frame(file, static_cast<std::size_t>(in_frames / file.frame()), bytes + kFrameHeader);
    return SQLITE_OK;
  }
  const std::optional<std::size_t> frame = file.frame_of_page(offset);
  if (amount != file.page || !frame || *frame >= file.frames.size()) return SQLITE_OK;
  const std::optional<std::uint32_t>& known = file.frames[*frame];
  return !known || *known == crc32c(file.page_at(data)) ? SQLITE_OK : SQLITE_IOERR_DATA;
}

int write_page(CheckedFile& file, const void* data, int amount, sqlite3_int64 offset) {
  if (!file.is_page(amount, offset)) return SQLITE_IOERR_WRITE;
  std::array<std::uint8_t, kPageBytes> buffer;
  const MutableBytes page = MutableBytes(buffer).first(static_cast<std::size_t>(amount));
  std::memcpy(page.data(), data, page.size());
  // Page 1 says how many bytes are reserved; with fewer the checksum would overwrite content.
  if (offset == 0 && page[20] != kReservedBytes) return SQLITE_IOERR_WRITE;
  put_le32(page.last(kReservedBytes).data(), page_checksum(page, file.number_of(offset)));
  return file.below()->pMethods->xWrite(file.below(), page.data(), amount, offset);
}

int x_close(sqlite3_file* file) {
  const int code = below(file)->pMethods->xClose(below(file));
  checked(file)->~CheckedFile();
  return code;
}

int x_read(sqlite3_file* file, void* data, int amount, sqlite3_int64 offset) {
  CheckedFile& self = *checked(file);
  if (self.kind == Kind::kDatabase) return read_database(self, data, amount, offset);
  const int code = read_below(self, data, amount, offset);
  const bool check = code == SQLITE_OK && self.kind == Kind::kWal;
  return check ? check_wal_read(self, data, amount, offset) : code;
}

int x_write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  CheckedFile& self = *checked(file);
  if (self.kind == Kind::kDatabase) return write_page(self, data, amount, offset);
  if (self.kind == Kind::kWal) {
    forget_frames(self, offset, offset + amount);
    const std::optional<std::size_t> frame = self.frame_of_page(offset);
    if (amount == self.page && frame) remember_frame(self, *frame, data);
  }
  return self.below()->pMethods->xWrite(self.below(), data, amount, offset);
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  CheckedFile& self = *checked(file);
  if (self.kind == Kind::kWal) forget_frames(self, size, INT64_MAX - self.frame());
  return below(file)->pMethods->xTruncate(below(file), size);
}

int x_sync(sqlite3_file* file, int flags) {
  const int code = below(file)->pMethods->xSync(below(file), flags);
  return mutated(Mutant::kF1GoOnAfterFailedSync) ? SQLITE_OK : code;
}
int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
  return below(file)->pMethods->xFileSize(below(file), size);
}
int x_lock(sqlite3_file* file, int level) {
  return below(file)->pMethods->xLock(below(file), level);
}
int x_unlock(sqlite3_file* file, int level) {
  return below(file)->pMethods->xUnlock(below(file), level);
}
int x_check_reserved_lock(sqlite3_file* file, int* held) {
  return below(file)->pMethods->xCheckReservedLock(below(file), held);
}
int x_file_control(sqlite3_file* file, int operation, void* argument) {
  return below(file)->pMethods->xFileControl(below(file), operation, argument);
}
int x_sector_size(sqlite3_file* file) { return below(file)->pMethods->xSectorSize(below(file)); }
int x_device_characteristics(sqlite3_file* file) {
  return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

// Version 1: no shared memory, no memory mapping.
constexpr sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check_reserved_lock,
    .xFileControl = x_file_control,
    .xSectorSize = x_sector_size,
    .xDeviceCharacteristics = x_device_characteristics,
};

Kind kind_of(int flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return Kind::kDatabase;
  return (flags & SQLITE_OPEN_WAL) != 0 ? Kind::kWal : Kind::kOther;
}

int x_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* self = new (static_cast<void*>(file)) CheckedFile{};
  self->kind = kind_of(flags);
  self->page = static_cast<sqlite3_int64>(layer(vfs).page_bytes());
  const int code = below(vfs)->xOpen(below(vfs), name, self->below(), flags, out_flags);
  if (self->below()->pMethods != nullptr) {
    self->pMethods = &kMethods;  // SQLite closes a file whose opening failed only with methods set
  } else {
    self->~CheckedFile();
    file->pMethods = nullptr;
  }
  return code;
}

// Always durable. SQLite drops the rollback journal of the switch to WAL without syncing the
// directory; if the power went before something else synced it, that journal would be back beside a
// WAL full of commits, would be rolled back, and the WAL thrown away.
int x_delete(sqlite3_vfs* vfs, const char* name, int /*sync_directory*/) {
  return below(vfs)->xDelete(below(vfs), name, 1);
}
int x_access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  return below(vfs)->xAccess(below(vfs), name, flags, result);
}
int x_full_pathname(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  return below(vfs)->xFullPathname(below(vfs), name, size, out);
}
int x_randomness(sqlite3_vfs* vfs, int size, char* out) {
  return below(vfs)->xRandomness(below(vfs), size, out);
}
int x_sleep(sqlite3_vfs* vfs, int microseconds) {
  return below(vfs)->xSleep(below(vfs), microseconds);
}
int x_current_time(sqlite3_vfs* vfs, double* days) {
  return below(vfs)->xCurrentTime(below(vfs), days);
}
int x_current_time_int64(sqlite3_vfs* vfs, sqlite3_int64* milliseconds) {
  return below(vfs)->xCurrentTimeInt64(below(vfs), milliseconds);
}
int x_get_last_error(sqlite3_vfs* vfs, int size, char* out) {
  return below(vfs)->xGetLastError == nullptr ? 0
                                              : below(vfs)->xGetLastError(below(vfs), size, out);
}

CheckedFile& database_of(sqlite3* db) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  DFS_ASSERT(file != nullptr && file->pMethods == &kMethods);
  return *checked(file);
}

}  // namespace

std::uint32_t page_checksum(Bytes page, std::uint32_t number) {
  std::array<std::uint8_t, 4> prefix;
  put_le32(prefix.data(), number);
  return crc32c(page.first(page.size() - kReservedBytes), crc32c(prefix));
}

ChecksumVfs::ChecksumVfs(const std::string& base, std::size_t page_bytes)
    : name_("checksummed-" + std::to_string(page_bytes) + "-" + base),
      base_(sqlite3_vfs_find(base.empty() ? nullptr : base.c_str())),
      page_bytes_(page_bytes) {
  DFS_ASSERT(std::has_single_bit(page_bytes) && page_bytes >= kSmallestPage &&
             page_bytes <= kPageBytes);
  if (base_ == nullptr) return;
  vfs_.iVersion = std::min(base_->iVersion, 2);
  vfs_.szOsFile = static_cast<int>(sizeof(CheckedFile)) + base_->szOsFile;
  vfs_.mxPathname = base_->mxPathname;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = x_open;
  vfs_.xDelete = x_delete;
  vfs_.xAccess = x_access;
  vfs_.xFullPathname = x_full_pathname;
  vfs_.xRandomness = x_randomness;
  vfs_.xSleep = x_sleep;
  vfs_.xCurrentTime = x_current_time;
  vfs_.xGetLastError = x_get_last_error;
  if (base_->iVersion >= 2 && base_->xCurrentTimeInt64 != nullptr) {
    vfs_.xCurrentTimeInt64 = x_current_time_int64;
  }
  sqlite3_vfs_register(&vfs_, 0);
}

ChecksumVfs::~ChecksumVfs() {
  if (base_ != nullptr) sqlite3_vfs_unregister(&vfs_);
}

std::uint32_t first_bad_page(sqlite3* db) {
  CheckedFile& file = database_of(db);
  sqlite3_int64 size = 0;
  if (x_file_size(&file, &size) != SQLITE_OK) return 1;
  std::vector<std::uint8_t> page(static_cast<std::size_t>(file.page));
  for (sqlite3_int64 offset = 0; offset < size; offset += file.page) {
    if (read_page(file, page.data(), offset) != SQLITE_OK) return file.number_of(offset);
  }
  return 0;
}

bool has_failed_reads(sqlite3* db) { return database_of(db).failed_reads; }

}  // namespace dfs::sqlite
