#include "adapters/sqlite/connection.h"

#include <cstdlib>
#include <utility>

#include "adapters/sqlite/raw_file.h"
#include "adapters/sqlite/wal_audit.h"
#include "adapters/sqlite/wal_settle.h"
#include "core/base/assert.h"
#include "core/base/mutant.h"

namespace dfs::sqlite {
namespace {

constexpr const char* kInMemory = ":memory:";

// What an operator can do about an error, by its primary code.
const char* advice(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another NameNode is using it; stop that one first";
    case SQLITE_FULL:
      return "its disk is full; free some space and start again";
    case SQLITE_CANTOPEN:
      return "check that the directory exists and is writable";
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return "check the permissions of the file and its directory";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "it is damaged; restore a backup or run `dfs rescue`";
    case SQLITE_IOERR:
      return code == SQLITE_IOERR_DATA
                 ? "a page checksum does not match; restore a backup or run `dfs rescue`"
                 : "its disk fails; check the disk, then start again, restore a backup or run "
                   "`dfs rescue`";
    case SQLITE_NOMEM:
      return "out of memory; start again with more";
    default:
      return "start again; if it stays so, restore a backup or run `dfs rescue`";
  }
}

// Makes the names of the database's files durable, whoever made them: SQLite syncs the directory
// for a log that it has created itself, and a process before this one may have died in between.
int sync_names(sqlite3_vfs* vfs, const std::string& file) {
  const std::string scratch = file + "-names";
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_TEMP_DB;
  const int code = RawFile(vfs, scratch, flags).code();
  return code == SQLITE_OK ? delete_durably(vfs, scratch) : code;
}

const char* name_of(Synchronous synchronous) {
  switch (synchronous) {
    case Synchronous::kFull:
      return "PRAGMA synchronous = FULL";
    case Synchronous::kNormal:
      return "PRAGMA synchronous = NORMAL";
    case Synchronous::kOff:
      return "PRAGMA synchronous = OFF";
  }
  return "";
}

}  // namespace

void expect_one_thread() {
  sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

Connection::Connection(Options options)
    : options_(std::move(options)), checkpoints_(options_.wal_pages, options_.page_bytes) {
  struct CloseOnFailure {
    Connection& connection;
    bool armed = true;
    ~CloseOnFailure() {
      if (armed) sqlite3_close_v2(connection.db_);
    }
  } guard{*this};
  open();
  configure();
  verify();
  guard.armed = false;
}

Connection::~Connection() {
  checkpoints_.prepare_to_close(db_);
  sqlite3_close_v2(db_);
}

void Connection::open() {
  if (mutated(Mutant::kD2CommitWithoutSync)) options_.synchronous = Synchronous::kNormal;
  if (options_.file != kInMemory) {
    checksums_.emplace(options_.vfs, options_.page_bytes);
    if (!checksums_->usable()) fail("there is no VFS '" + options_.vfs + "'");
    audit();
  }
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const char* vfs = checksums_ ? checksums_->name().c_str() : nullptr;
  int code = sqlite3_open_v2(options_.file.c_str(), &db_, flags, vfs);
  if (code != SQLITE_OK) fail("open it", db_ != nullptr ? sqlite3_extended_errcode(db_) : code);
  sqlite3_extended_result_codes(db_, 1);
  int reserved = checksums_ ? static_cast<int>(kReservedBytes) : 0;
  code = sqlite3_file_control(db_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  if (code != SQLITE_OK) fail("reserve bytes for checksums", code);
}

void Connection::audit() {
  if (options_.synchronous != Synchronous::kFull || !options_.audit_at_open) return;
  const AuditedLog audited = audit_log(checksums_->base(), options_.file, options_.page_bytes);
  const Status& problem = audited.problem;
  found_ = audited.frames;
  if (problem.ok() || mutated(Mutant::kF1IgnoreDamagedLog)) return;
  const std::string log = "the write-ahead log of " + options_.file;
  if (problem.code() == Code::kIo) {
    fail(log + " cannot be read: its disk fails; check the disk, then start again");
  }
  fail(log + " is damaged: " + problem.message() + "; restore a backup or run `dfs rescue`");
}

// The order matters: exclusive locking before the first access to the WAL, so that its index is on
// the heap; the log durable before its pages go to the database, whose older ones they replace; the
// checkpoint after everything else, so that a WAL whose sectors were garbled beyond its end by a
// power loss is never appended to.
void Connection::configure() {
  execute("PRAGMA locking_mode = EXCLUSIVE");
  execute(("PRAGMA page_size = " + std::to_string(options_.page_bytes)).c_str());
  execute("PRAGMA mmap_size = 0");
  execute("PRAGMA temp_store = MEMORY");
  execute("PRAGMA trusted_schema = OFF");
  execute("PRAGMA secure_delete = OFF");  // some builds overwrite what is deleted, page by page
  execute("PRAGMA cell_size_check = ON");
  execute(("PRAGMA cache_size = -" + std::to_string(options_.cache_kib)).c_str());
  const std::string mode = value_of("PRAGMA journal_mode = WAL");
  if (mode != (checksums_ ? "wal" : "memory")) {
    fail("cannot use write-ahead logging on " + options_.file + ": the journal mode is '" + mode +
         "'; put it on a local file system");
  }
  execute(name_of(options_.synchronous));
  if (checksums_ && options_.synchronous == Synchronous::kFull) make_durable();
  checkpoints_.begin(db_);
  if (options_.checkpoint_at_open && checksums_ &&
      value_of("PRAGMA wal_checkpoint(TRUNCATE)") != "0") {
    fail("checkpoint its write-ahead log", SQLITE_BUSY);
  }
}

// What a checkpoint relies on: the log, the names of the files, and the note of the log's frames.
// SQLite makes a log where there is none before it first reads.
void Connection::make_durable() {
  static_cast<void>(value_of("PRAGMA schema_version"));
  int code = settle_log(db_, options_.page_bytes);
  if (code != SQLITE_OK) fail("make its write-ahead log durable", code);
  code = checkpoints_.keep_note(checksums_->base(), options_.file);
  if (code != SQLITE_OK) fail("open the note of its write-ahead log", code);
  code = sync_names(checksums_->base(), options_.file);
  if (code != SQLITE_OK) fail("sync its directory", code);
  code = checkpoints_.note_found(found_);
  if (code != SQLITE_OK) fail("note the frames of its write-ahead log", code);
}

void Connection::verify() {
  if (!options_.verify_at_open || !options_.checkpoint_at_open || !checksums_) return;
  const std::uint32_t page = first_bad_page(db_);
  if (page == 0) return;
  fail("the metadata in " + options_.file + " is damaged: page " + std::to_string(page) +
       " does not match its checksum; restore a backup or run `dfs rescue`");
}

void Connection::execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(sql, code);
}

std::string Connection::value_of(const char* sql) {
  Statement statement(*this, sql);
  Query query(statement);
  std::string value;
  if (query.step()) query.read(value);
  while (query.step()) continue;
  return value;
}

void Connection::fail(const char* what, int code) const {
  fail("cannot use the metadata in " + options_.file + " (" + sqlite3_errstr(code) + ", code " +
       std::to_string(code) + ", at: " + what + "): " + advice(code));
}

// Closing makes no checkpoint either: nothing that SQLite says after an error is believed.
void Connection::fail(const std::string& line) const {
  if (db_ != nullptr) sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  options_.fatal("namenode: " + line);
  std::abort();  // a handler that returns would let a broken store go on
}

sqlite3_stmt* Query::prepare(Statement& statement) {
  if (statement.prepared_ == nullptr) {
    const int code = sqlite3_prepare_v3(statement.connection_.handle(), statement.sql_.c_str(),
                                        static_cast<int>(statement.sql_.size() + 1),
                                        SQLITE_PREPARE_PERSISTENT, &statement.prepared_, nullptr);
    if (code != SQLITE_OK) statement.connection_.fail(statement.sql_.c_str(), code);
  }
  return statement.prepared_;
}

bool Query::step() {
  DFS_ASSERT(bound_ == sqlite3_bind_parameter_count(prepared_));
  column_ = 0;
  const int code = sqlite3_step(prepared_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.fail(sqlite3_sql(prepared_), code);
  return false;
}

std::uint64_t Query::run() {
  while (step()) continue;
  return static_cast<std::uint64_t>(sqlite3_changes64(connection_.handle()));
}

void Query::bind_integer(std::int64_t value) {
  const int code = sqlite3_bind_int64(prepared_, ++bound_, value);
  if (code != SQLITE_OK) connection_.fail(sqlite3_sql(prepared_), code);
}

void Query::bind_text(const std::string& value) {
  const int code = sqlite3_bind_text64(prepared_, ++bound_, value.data(), value.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) connection_.fail(sqlite3_sql(prepared_), code);
}

std::int64_t Query::read_integer() { return sqlite3_column_int64(prepared_, column_++); }

std::int64_t Query::read_bounded(std::int64_t highest) {
  const std::int64_t value = read_integer();
  if (value < 0 || value > highest) connection_.fail(sqlite3_sql(prepared_), SQLITE_CORRUPT);
  return value;
}

void Query::read_text(std::string& value) {
  const unsigned char* text = sqlite3_column_text(prepared_, column_);
  const int size = sqlite3_column_bytes(prepared_, column_++);
  if (text == nullptr && sqlite3_errcode(connection_.handle()) == SQLITE_NOMEM) {
    connection_.fail(sqlite3_sql(prepared_), SQLITE_NOMEM);
  }
  value.assign(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

}  // namespace dfs::sqlite
