// One SQLite connection with this project's settings, and prepared statements on it. Every page of
// its file has a checksum (checksum_vfs.h); a damaged file is refused when it is opened.
//
// Contract: used by one thread at a time; the only connection to its file (exclusive lock). No
// function reports an error: everything unexpected goes to the fatal handler, which does not
// return. Limits: WAL with a heap index (exclusive locking), so the VFS needs no shared memory.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "adapters/sqlite/checksum_vfs.h"
#include "adapters/sqlite/fatal.h"
#include "adapters/sqlite/wal_checkpoint.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/wire/fields.h"

namespace dfs::sqlite {

// How much of a commit survives a power loss. kNormal and kOff lose acknowledged commits: they
// exist so that the tests of the simulated disk can prove that they would notice.
enum class Synchronous { kFull, kNormal, kOff };

struct Options {
  std::string file;  // path, or ":memory:" for a store that lives as long as the object
  std::string vfs;   // VFS below the checksums; "" is SQLite's default
  FatalHandler fatal;
  std::uint32_t cache_kib = 16 * 1024;
  std::size_t page_bytes = kPageBytes;  // of the file; smaller ones to test with
  std::uint32_t wal_pages = 1000;       // length of the WAL at which it is checkpointed
  Synchronous synchronous = Synchronous::kFull;
  bool checkpoint_at_open = true;  // off only to prove that it is needed
  bool audit_at_open = true;       // look for damage in the WAL; off only to prove its use
  bool verify_at_open = true;      // read every page once; off only to prove that reads verify too
};

// For a process that uses SQLite in one thread only, before its first connection: SQLite takes no
// locks then and keeps no account of its memory.
void expect_one_thread();

class Connection {
 public:
  explicit Connection(Options options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void execute(const char* sql);
  // The first column of the first row, or "" without rows.
  [[nodiscard]] std::string value_of(const char* sql);
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
  [[nodiscard]] sqlite3* handle() const { return db_; }
  [[nodiscard]] const std::string& file() const { return options_.file; }
  [[nodiscard]] std::size_t page_bytes() const { return options_.page_bytes; }

  // Ends everything: SQLite said `code` while doing `what`.
  [[noreturn]] void fail(const char* what, int code) const;
  // The same for a state that SQLite itself does not object to.
  [[noreturn]] void fail(const std::string& line) const;

 private:
  void open();
  void audit();
  void make_durable();
  void configure();
  void verify();

  Options options_;
  std::optional<ChecksumVfs> checksums_;
  SyncedFrames found_;  // in the log, when it was opened
  Checkpoints checkpoints_;
  sqlite3* db_ = nullptr;
};

// A statement that is prepared at its first use and kept.
class Statement {
 public:
  Statement(Connection& connection, std::string sql)
      : connection_(connection), sql_(std::move(sql)) {}
  ~Statement() { sqlite3_finalize(prepared_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

 private:
  friend class Query;
  Connection& connection_;
  std::string sql_;
  sqlite3_stmt* prepared_ = nullptr;
};

// One run of a statement. Every parameter must be bound; bound strings are not copied: they must
// outlive the query.
class Query {
 public:
  template <class... Values>
  explicit Query(Statement& statement, const Values&... values)
      : connection_(statement.connection_), prepared_(prepare(statement)) {
    (bind(values), ...);
  }
  ~Query() { sqlite3_reset(prepared_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Binds the next parameter.
  template <class T>
  void bind(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      bind_text(value);
    } else if constexpr (wire::kIsId<T>) {
      bind_integer(static_cast<std::int64_t>(value.value));
    } else if constexpr (std::is_same_v<T, WallTime>) {
      bind_integer(value.ms);
    } else {
      static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
      bind_integer(static_cast<std::int64_t>(value));
    }
  }

  // To the next row; false after the last.
  bool step();
  // Runs a statement that returns no rows; the number of rows it changed.
  std::uint64_t run();

  // Reads the next column of the row.
  template <class T>
  void read(T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      read_text(value);
    } else if constexpr (wire::kIsId<T>) {
      value.value = static_cast<std::uint64_t>(read_integer());
    } else if constexpr (std::is_same_v<T, WallTime>) {
      value.ms = read_integer();
    } else if constexpr (std::is_enum_v<T> || std::is_same_v<T, bool>) {
      value = static_cast<T>(read_bounded(enumerators(value) - 1));
    } else if constexpr (sizeof(T) < sizeof(std::int64_t)) {
      value = static_cast<T>(read_bounded(UINT32_MAX));
    } else {
      value = static_cast<T>(read_integer());
    }
  }

 private:
  // Enumerations that are stored say how many values they have, found by argument-dependent lookup.
  static constexpr std::int64_t enumerators(bool /*of*/) { return 2; }
  template <class E>
  requires std::is_enum_v<E>
  static constexpr std::int64_t enumerators(E of) { return enumerator_count(of); }

  static sqlite3_stmt* prepare(Statement& statement);
  void bind_integer(std::int64_t value);
  void bind_text(const std::string& value);
  [[nodiscard]] std::int64_t read_integer();
  [[nodiscard]] std::int64_t read_bounded(std::int64_t highest);
  void read_text(std::string& value);

  Connection& connection_;
  sqlite3_stmt* prepared_;
  int bound_ = 0;
  int column_ = 0;
};

}  // namespace dfs::sqlite
