// The note of how much of the log is synced: no checkpoint makes a database that is a mixture of
// older and newer pages, whatever becomes of the log's last transaction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/sim/vfs.h"
#include "adapters/sqlite/wal_note.h"
#include "tests/sqlite/support.h"

namespace dfs::sqlite {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kNotedPage = 1024;
constexpr const char* kLog = "m.db-wal";
constexpr const char* kNote = "m.db-synced";

struct Noted : ::testing::Test {
  Options options() const {
    Options options{.file = "m.db", .vfs = disk.name(), .fatal = throw_on_fatal()};
    options.wal_pages = limit;
    options.page_bytes = kNotedPage;
    return options;
  }
  std::string bytes_of(const std::string& file) { return disk.files().find(file)->bytes(); }
  std::uint32_t frames() {
    return static_cast<std::uint32_t>((bytes_of(kLog).size() - 32) / (24 + kNotedPage));
  }

  // A store with a few transactions in the log.
  std::unique_ptr<SqliteStore> begin(std::uint64_t last = 43) {
    disk.files().wipe();
    disk.boot();
    auto store = std::make_unique<SqliteStore>(options());
    fill(*store, 1, 40);
    store.reset();
    store = std::make_unique<SqliteStore>(options());
    fill(*store, 40, last);
    return store;
  }
  // A transaction that changes a page that no other in the log does, and one that all do.
  static void commit_last(SqliteStore& store) {
    store.begin();
    store.put_inode({.id = InodeId{1}, .name = "file-1", .owner = "another", .length = 1});
    store.put_meta({.cluster = "c", .applied = 43});
    store.commit();
  }
  void kill(std::unique_ptr<SqliteStore>& store) {
    disk.kill();
    store.reset();
    disk.boot();
  }
  // In the page of the last frame, which ends the last transaction.
  void damage_last_transaction() {
    const std::size_t count = frames();
    if (count != 0) disk.files().find(kLog)->flip_bit(32 + count * (24 + kNotedPage) - 500, 3);
  }
  // Why the store does not start.
  std::string refusal() {
    try {
      SqliteStore store(options());
      return "";
    } catch (const StoreStopped& stopped) {
      return stopped.what();
    }
  }
  std::map<std::string, std::string> copy() {
    std::map<std::string, std::string> all;
    for (const std::string& name : disk.files().names()) all[name] = bytes_of(name);
    return all;
  }
  void restore(const std::map<std::string, std::string>& copied) {
    disk.files().wipe();
    for (const auto& [name, bytes] : copied) disk.files().put(name, bytes);
  }

  sim::SimVfs disk{"disk", Random(1)};
  std::uint32_t limit = 1000;  // frames
};

// A checkpoint that is cut short after every number of calls of the disk.
struct CutCheckpoint : Noted {
  enum class Way { kAtOpening, kAfterCommit, kAtClosing };

  // False if it was not cut short.
  bool cut(Way way, std::uint64_t calls) {
    std::unique_ptr<SqliteStore> store = begin();
    if (way != Way::kAfterCommit) commit_last(*store);
    if (way == Way::kAtOpening) kill(store);
    disk.crash_after(calls);
    try {
      if (way == Way::kAtOpening) store = std::make_unique<SqliteStore>(options());
      if (way == Way::kAfterCommit) commit_last(*store);
    } catch (const StoreStopped&) {
    }
    if (way == Way::kAtClosing) store.reset();
    const bool dead = disk.dead();
    kill(store);
    return dead;
  }
  // How often the store starts with what was never its content.
  int mixed(Way way, bool power, bool damage, bool note) {
    std::vector<std::string> right;
    limit = 1000;
    std::unique_ptr<SqliteStore> store = begin();
    right.push_back(contents(*store));
    if (way == Way::kAfterCommit) limit = frames() + 1;
    commit_last(*store);
    right.push_back(contents(*store));
    kill(store);
    // Damaged before the last transaction is there, the log loses the one before it.
    store = begin(42);
    right.push_back(contents(*store));
    kill(store);
    int wrong = 0;
    int stopped = 0;
    std::uint64_t calls = 1;
    for (; cut(way, calls); ++calls) {
      if (power) disk.power_loss(Random(calls));
      disk.boot();
      if (!note) disk.files().remove(kNote);
      if (damage && disk.files().find(kLog) != nullptr) damage_last_transaction();
      const std::optional<std::string> found = read_all(options());
      stopped += found ? 0 : 1;
      wrong += found && std::ranges::count(right, *found) == 0 ? 1 : 0;
      EXPECT_TRUE(found || damage) << "a sound log was refused after " << calls << " calls";
    }
    EXPECT_GT(calls, 10u);
    EXPECT_EQ(stopped > 0, damage && note);
    return wrong;
  }
};

TEST_F(CutCheckpoint, MixesNoPagesWhereTheLastTransactionIsDamaged) {
  for (const Way way : {Way::kAtOpening, Way::kAfterCommit, Way::kAtClosing}) {
    for (const bool power : {false, true}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(way)) + (power ? ", the power went" : ""));
      EXPECT_EQ(mixed(way, power, true, true), 0);
      EXPECT_EQ(mixed(way, power, false, true), 0);
    }
  }
}

// The control: it is the note that prevents it.
TEST_F(CutCheckpoint, MixesPagesWithoutTheNote) {
  for (const Way way : {Way::kAtOpening, Way::kAfterCommit, Way::kAtClosing}) {
    EXPECT_GT(mixed(way, false, true, false), 0) << static_cast<int>(way);
  }
}

// A log whose last transaction is damaged, with notes of it.
struct NotedLog : Noted {
  NotedLog() {
    std::unique_ptr<SqliteStore> store = begin();
    kill(store);
    std::copy_n(bytes_of(kLog).begin() + 16, salts.size(), salts.begin());
    count = frames();
    damage_last_transaction();
    disk.files().remove(kNote);
    files = copy();
  }
  void note(const SyncedFrames& synced) {
    WalNote note(sqlite3_vfs_find(disk.name().c_str()), "m.db");
    ASSERT_EQ(note.write(synced), SQLITE_OK);
  }

  Salts salts{};
  std::uint32_t count = 0;
  std::map<std::string, std::string> files;
};

TEST_F(NotedLog, IsRefusedInOneLineThatSaysWhatIsMissing) {
  note({salts, count});
  EXPECT_THAT(refusal(), HasSubstr("the write-ahead log of m.db is damaged: frame " +
                                   std::to_string(count) + " of the " + std::to_string(count) +
                                   " that were synced is not whole; restore a backup"));
}

TEST_F(NotedLog, IsTakenForOneThatAPowerLossCutShortWhereNothingIsClaimed) {
  EXPECT_EQ(refusal(), "") << "without a note";
  restore(files);
  note({salts, count - 1});
  EXPECT_EQ(refusal(), "") << "a note of what is whole";
  restore(files);
  Salts others = salts;
  others[7] ^= 1;
  note({others, count});
  EXPECT_EQ(refusal(), "") << "a note of another log";
}

TEST_F(NotedLog, IsNotJudgedByANoteThatIsTornOrDamaged) {
  note({salts, count});
  const std::string whole = bytes_of(kNote);
  for (std::size_t at = 0; at < 24; ++at) {
    restore(files);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    disk.files().put(kNote, damaged);
    EXPECT_EQ(refusal(), "") << "byte " << at << " is damaged";
    restore(files);
    disk.files().put(kNote, whole.substr(0, at));
    EXPECT_EQ(refusal(), "") << "torn at byte " << at;
  }
}

TEST_F(NotedLog, IsJudgedByTheNoteBeforeATornOne) {
  note({salts, count - 1});
  const std::string first = bytes_of(kNote);
  note({salts, count});
  const std::string second = bytes_of(kNote);
  EXPECT_EQ(std::ranges::mismatch(first, second).in1 - first.begin(), 4096) << "another place";
  disk.files().put(kNote, second.substr(0, 4096 + 10));
  EXPECT_EQ(refusal(), "") << "what the older one says is whole";
  restore(files);
  disk.files().find(kLog)->flip_bit(32 + (count - 1) * (24 + kNotedPage) - 500, 3);
  disk.files().put(kNote, second.substr(0, 4096 + 10));
  EXPECT_THAT(refusal(), HasSubstr("of the " + std::to_string(count - 1) + " that were synced"));
}

TEST_F(NotedLog, IsRefusedWhereTheNoteCannotBeRead) {
  note({salts, count});
  disk.set_faults({.read_errors = 20'000});
  for (int time = 0; time < 100; ++time) ASSERT_NE(refusal(), "") << "opening number " << time;
}

TEST_F(Noted, CopyOfTheFilesStartsWhenItIsPutBackWithOrWithoutItsNote) {
  std::unique_ptr<SqliteStore> store = begin();
  const std::string content = contents(*store);
  const auto copied = copy();
  limit = frames() + 5;
  kill(store);
  store = std::make_unique<SqliteStore>(options());
  fill(*store, 43, 60);  // with checkpoints, upon new logs
  kill(store);
  const std::string newer = bytes_of(kNote);
  for (const std::string& note : {copied.at(kNote), std::string(), newer}) {
    restore(copied);
    disk.files().put(kNote, note);
    EXPECT_EQ(read_all(options()), content);
  }
}

// Of the same log, as it was before more was synced to it: the newer frames are missing.
TEST_F(Noted, CopyOfTheDatabaseAndItsLogIsRefusedBesideANewerNoteOfThatLog) {
  std::unique_ptr<SqliteStore> store = begin();
  auto copied = copy();
  commit_last(*store);
  const auto log = bytes_of(kLog);
  kill(store);
  store = std::make_unique<SqliteStore>(options());
  kill(store);
  copied[kNote] = bytes_of(kNote);
  restore(copied);
  EXPECT_THAT(refusal(), HasSubstr("that were synced is not whole"));
  disk.files().put(kLog, log);
  EXPECT_EQ(refusal(), "");
}

}  // namespace
}  // namespace dfs::sqlite
