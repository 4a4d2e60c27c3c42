#include "adapters/sim/vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "core/base/assert.h"

namespace dfs::sim {

struct SimVfs::State {
  State(std::string vfs_name, Random stream, Sectors sector)
      : name(std::move(vfs_name)), draws(stream), sectors(sector) {}

  std::string name;
  Random draws;
  Sectors sectors;
  FileSet files;
  DiskFaults faults;
  sqlite3_vfs vfs{};
  std::uint64_t incarnation = 0;
  std::uint64_t randomness_draws = 0;
  bool dead = true;
  std::uint64_t calls = 0;
  std::uint64_t crash_at = 0;  // number of a call; 0: none
  std::uint64_t errors = 0;    // told to this incarnation
  std::string apart;

  [[nodiscard]] std::uint64_t free_bytes() const {
    const std::uint64_t used = files.used_bytes();
    return faults.capacity_bytes - std::min(used, faults.capacity_bytes);
  }
};

namespace {

using State = SimVfs::State;

constexpr int kMaxPath = 512;

// SQLite's storage for an open file; SQLite makes and frees the memory.
struct SimFile : sqlite3_file {
  State* disk = nullptr;
  std::shared_ptr<FileImage> image;
  std::string name;
  std::uint64_t incarnation = 0;
  bool sync_names = false;  // with the next sync: a new journal or WAL
  bool delete_on_close = false;
  bool database = false;
  bool apart = false;
};

SimFile& sim(sqlite3_file* file) { return *static_cast<SimFile*>(file); }
State& disk_of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }

// Counts a call and decides whether the process still lives after it. A call that dies does
// nothing, but for a write, which may be under way when the power goes.
bool alive(State& disk) {
  if (disk.dead) return false;
  ++disk.calls;
  if (disk.calls == disk.crash_at) disk.dead = true;
  return !disk.dead;
}
bool alive(SimFile& file) {
  return file.incarnation == file.disk->incarnation && alive(*file.disk);
}

void count_error(const SimFile& file) {
  if (!file.apart) ++file.disk->errors;
}

bool fails(const SimFile& file, std::uint32_t per_million, std::string_view what) {
  const State& disk = *file.disk;
  const bool failed =
      per_million != 0 && disk.draws.fork(what).fork(disk.calls).chance(per_million, 1'000'000);
  if (failed) count_error(file);
  return failed;
}

int x_close(sqlite3_file* file) {
  SimFile& self = sim(file);
  if (self.delete_on_close && alive(self)) self.disk->files.remove(self.name);
  self.~SimFile();
  return SQLITE_OK;
}

int x_read(sqlite3_file* file, void* data, int amount, sqlite3_int64 offset) {
  SimFile& self = sim(file);
  if (!alive(self)) return SQLITE_IOERR_READ;
  if (fails(self, self.disk->faults.read_errors, "read")) return SQLITE_IOERR_READ;
  const std::string& bytes = self.image->bytes();
  const auto wanted = static_cast<std::size_t>(amount);
  const auto from = std::min(static_cast<std::size_t>(offset), bytes.size());
  const std::size_t got = std::min(wanted, bytes.size() - from);
  std::memcpy(data, bytes.data() + from, got);
  if (got == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(data) + got, 0, wanted - got);
  return SQLITE_IOERR_SHORT_READ;
}

int x_write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  SimFile& self = sim(file);
  if (self.incarnation != self.disk->incarnation || self.disk->dead) return SQLITE_IOERR_WRITE;
  // As power that goes then: pages of the database without the log that they are from would be
  // damage of a kind that no page checksum shows.
  if (self.database && self.disk->faults.lying_sync && self.disk->faults.lies_until_checkpoint) {
    self.disk->dead = true;
    return SQLITE_IOERR_WRITE;
  }
  const bool lives = alive(self);
  const auto at = static_cast<std::uint64_t>(offset);
  const auto size = static_cast<std::uint64_t>(amount);
  if (fails(self, self.disk->faults.write_errors, "write")) return SQLITE_IOERR_WRITE;
  const std::uint64_t old_size = self.image->bytes().size();
  const std::uint64_t growth = at + size > old_size ? at + size - old_size : 0;
  if (growth != 0 && growth > self.disk->free_bytes()) {
    count_error(self);
    return SQLITE_FULL;
  }
  self.image->write(at, {static_cast<const std::uint8_t*>(data), size});
  return lives ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  SimFile& self = sim(file);
  if (!alive(self)) return SQLITE_IOERR_TRUNCATE;
  self.image->truncate(static_cast<std::uint64_t>(size));
  return SQLITE_OK;
}

int x_sync(sqlite3_file* file, int /*flags*/) {
  SimFile& self = sim(file);
  if (!alive(self)) return SQLITE_IOERR_FSYNC;
  if (self.disk->faults.lying_sync) return SQLITE_OK;
  if (fails(self, self.disk->faults.sync_errors, "sync")) {
    self.image->sync_failed(self.disk->draws.fork("lost").fork(self.disk->calls),
                            self.disk->sectors);
    return SQLITE_IOERR_FSYNC;
  }
  self.image->sync();
  if (std::exchange(self.sync_names, false)) self.disk->files.sync_names();
  return SQLITE_OK;
}

int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
  SimFile& self = sim(file);
  if (!alive(self)) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(self.image->bytes().size());
  return SQLITE_OK;
}

int x_lock(sqlite3_file* file, int /*level*/) {
  return alive(sim(file)) ? SQLITE_OK : SQLITE_IOERR_LOCK;
}
int x_unlock(sqlite3_file* /*file*/, int /*level*/) { return SQLITE_OK; }
int x_check_reserved_lock(sqlite3_file* /*file*/, int* held) {
  *held = 0;
  return SQLITE_OK;
}
int x_file_control(sqlite3_file* /*file*/, int /*operation*/, void* /*argument*/) {
  return SQLITE_NOTFOUND;
}
// Both as the unix VFS of SQLite 3.40 says on ext4.
int x_sector_size(sqlite3_file* /*file*/) { return 4096; }
int x_device_characteristics(sqlite3_file* /*file*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

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

int x_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  State& disk = disk_of(vfs);
  file->pMethods = nullptr;
  if (!alive(disk)) return SQLITE_CANTOPEN;
  std::shared_ptr<FileImage> image = std::make_shared<FileImage>();  // a temporary file has no name
  bool created = false;
  if (name != nullptr) {
    image = disk.files.find(name);
    created = image == nullptr;
    if (created && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (created) image = disk.files.create(name);
  }
  auto* self = new (static_cast<void*>(file)) SimFile{};
  self->disk = &disk;
  self->image = std::move(image);
  self->name = name == nullptr ? "" : name;
  self->incarnation = disk.incarnation;
  const int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  self->sync_names = created && (flags & journals) != 0;
  self->apart = self->name == disk.apart;
  self->database = (flags & SQLITE_OPEN_MAIN_DB) != 0 && !self->apart;
  self->delete_on_close = name != nullptr && (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  self->pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  State& disk = disk_of(vfs);
  if (!alive(disk)) return SQLITE_IOERR_DELETE;
  if (disk.files.find(name) == nullptr) return SQLITE_IOERR_DELETE_NOENT;
  disk.files.remove(name);
  if (sync_directory != 0) disk.files.sync_names();
  return SQLITE_OK;
}

// As the unix VFS: an empty file does not exist to a question for existence.
int x_access(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  State& disk = disk_of(vfs);
  if (!alive(disk)) return SQLITE_IOERR_ACCESS;
  const std::shared_ptr<FileImage> image = disk.files.find(name);
  const bool matters = flags != SQLITE_ACCESS_EXISTS || (image && !image->bytes().empty());
  *result = image != nullptr && matters ? 1 : 0;
  return SQLITE_OK;
}

int x_full_pathname(sqlite3_vfs* /*vfs*/, const char* name, int size, char* out) {
  const std::size_t length = std::strlen(name);
  if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, length + 1);
  return SQLITE_OK;
}

int x_randomness(sqlite3_vfs* vfs, int size, char* out) {
  State& disk = disk_of(vfs);
  Random bytes = disk.draws.fork("sqlite").fork(++disk.randomness_draws);
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(bytes.next());
  return size;
}
int x_sleep(sqlite3_vfs* /*vfs*/, int microseconds) { return microseconds; }
// Nothing that is stored comes from SQLite's clock: it stands still.
int x_current_time(sqlite3_vfs* /*vfs*/, sqlite3_int64* milliseconds) {
  *milliseconds = 210'866'760'000'000;  // 1970-01-01 as a Julian day
  return SQLITE_OK;
}
int x_get_last_error(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*out*/) { return 0; }

}  // namespace

SimVfs::SimVfs(const std::string& name, Random random, Sectors sectors)
    : state_(std::make_unique<State>(name, random, sectors)) {
  sqlite3_vfs& vfs = state_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(SimFile);
  vfs.mxPathname = kMaxPath;
  vfs.zName = state_->name.c_str();
  vfs.pAppData = state_.get();
  vfs.xOpen = x_open;
  vfs.xDelete = x_delete;
  vfs.xAccess = x_access;
  vfs.xFullPathname = x_full_pathname;
  vfs.xRandomness = x_randomness;
  vfs.xSleep = x_sleep;
  vfs.xGetLastError = x_get_last_error;
  vfs.xCurrentTimeInt64 = x_current_time;
  sqlite3_vfs_register(&vfs, 0);
}

SimVfs::~SimVfs() { sqlite3_vfs_unregister(&state_->vfs); }

const std::string& SimVfs::name() const { return state_->name; }

void SimVfs::boot() {
  ++state_->incarnation;
  state_->dead = false;
  state_->crash_at = 0;
  state_->errors = 0;
  take_turn();
}

void SimVfs::take_turn() {
  sqlite3_vfs_register(&state_->vfs, 1);
  sqlite3_randomness(0, nullptr);
}

void SimVfs::kill() { state_->dead = true; }

void SimVfs::power_loss(Random random) {
  kill();
  state_->files.power_loss(random, state_->sectors);
}

void SimVfs::crash_after(std::uint64_t calls) {
  state_->crash_at = calls == 0 ? 0 : state_->calls + calls;
}

bool SimVfs::dead() const { return state_->dead; }
std::uint64_t SimVfs::calls() const { return state_->calls; }
void SimVfs::set_faults(const DiskFaults& faults) { state_->faults = faults; }
void SimVfs::set_sectors(const Sectors& sectors) { state_->sectors = sectors; }
void SimVfs::set_apart(const std::string& name) { state_->apart = name; }
std::uint64_t SimVfs::errors() const { return state_->errors; }
std::uint64_t SimVfs::free_bytes() const { return state_->free_bytes(); }
FileSet& SimVfs::files() { return state_->files; }

}  // namespace dfs::sim
