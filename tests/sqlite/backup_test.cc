// Online copies of the store: whole, of one position, and no danger to the store.
#include "adapters/sqlite/backup.h"

#include <gtest/gtest.h>

#include <fstream>

#include "adapters/sim/vfs.h"
#include "tests/sqlite/support.h"

namespace dfs::sqlite {
namespace {

Result<wire::CheckpointHeader> copy(SqliteStore& store, const std::string& path) {
  return copy_store(
      store, path, "unix", [] { return Status(); },
      [](const std::function<void()>& work) { work(); });
}

TEST(Backup, IsTheStoreAsItWas) {
  TemporaryFolder folder;
  SqliteStore store(in_file(folder.file("m.db")));
  fill(store, 1, 100);
  const auto header = copy(store, folder.file("copy.db"));
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->applied, 99u);
  EXPECT_EQ(header->cluster, "c");
  EXPECT_EQ(header->length, std::filesystem::file_size(folder.file("copy.db")));
  const std::string before = contents(store);
  fill(store, 100, 110);
  SqliteStore restored(in_file(folder.file("copy.db")));
  EXPECT_EQ(contents(restored), before);
  EXPECT_EQ(restored.integrity_problem(), "");
}

TEST(Backup, HasPagesAsTheStore) {
  TemporaryFolder folder;
  Options options = in_file(folder.file("m.db"));
  options.page_bytes = 1024;
  SqliteStore store(options);
  fill(store, 1, 100);
  ASSERT_TRUE(copy(store, folder.file("copy.db")).ok());
  options.file = folder.file("copy.db");
  SqliteStore restored(options);
  EXPECT_EQ(contents(restored), contents(store));
}

// As SQLite's own tests do, for files that reach that byte sooner than after 1 GiB. For times
// without a connection.
class LockByteAt {
 public:
  explicit LockByteAt(unsigned at)
      : before_(sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, at)) {}
  ~LockByteAt() { sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, before_); }
  LockByteAt(const LockByteAt&) = delete;
  LockByteAt& operator=(const LockByteAt&) = delete;

 private:
  int before_;
};

TEST(Backup, OfAStoreBeyondSqlitesLockByteIsWhole) {
  constexpr unsigned kLockByte = 64 * kPageBytes;
  const LockByteAt moved(kLockByte);
  TemporaryFolder folder;
  std::string before;
  {
    SqliteStore store(in_file(folder.file("m.db")));
    fill(store, 1, 300);
    before = contents(store);
    const auto header = copy(store, folder.file("copy.db"));
    ASSERT_TRUE(header.ok()) << header.status().message();
    ASSERT_GT(header->length, kLockByte + kPageBytes);
  }
  for (const char* name : {"copy.db", "m.db"}) {
    SqliteStore restored(in_file(folder.file(name)));
    EXPECT_EQ(contents(restored), before) << name;
  }
}

TEST(Backup, TakesInWhatIsCommittedBetweenItsSlices) {
  TemporaryFolder folder;
  SqliteStore store(in_file(folder.file("m.db")));
  fill(store, 1, 100);
  Backup backup(store, folder.file("copy.db"), "unix");
  std::uint64_t next = 100;
  int slices = 0;
  while (!backup.done()) {
    ASSERT_TRUE(backup.step(8 * kPageBytes).ok());
    ++slices;
    if (backup.done()) break;
    store.begin();
    store.erase_inode(InodeId{next - 99});
    store.commit();
    fill(store, next, next + 1);
    ++next;
  }
  EXPECT_GT(slices, 5);
  ASSERT_EQ(backup.finish().value().applied, next - 1);
  SqliteStore restored(in_file(folder.file("copy.db")));
  EXPECT_EQ(contents(restored), contents(store));
  EXPECT_EQ(restored.integrity_problem(), "");
}

TEST(Backup, ThatCannotBeWrittenLeavesTheStoreAlone) {
  TemporaryFolder folder;
  SqliteStore store(in_file(folder.file("m.db")));
  fill(store, 1, 10);
  EXPECT_EQ(copy(store, folder.file("nowhere/copy.db")).status().code(), Code::kIo);
  fill(store, 10, 20);
  EXPECT_EQ(store.meta().applied, 19u);
}

void damage(const std::string& path, std::size_t page) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>((page - 1) * kPageBytes + 50);
  file.seekg(at);
  const int byte = file.get();
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 1));
}

TEST(Backup, ThatFindsDamageInTheStoreEndsIt) {
  TemporaryFolder folder;
  const Options options = in_file(folder.file("m.db"));
  {
    SqliteStore store(options);
    fill(store, 1, 100);
  }
  SqliteStore store(options);
  damage(folder.file("m.db"), 20);
  EXPECT_THROW(static_cast<void>(copy(store, folder.file("copy.db"))), StoreStopped);
}

// Of what is copied already a page that changes is read again, if memory has it no more.
TEST(Backup, ThatFindsDamageInItselfLeavesTheStoreAlone) {
  TemporaryFolder folder;
  SqliteStore store(in_file(folder.file("m.db")));
  fill(store, 1, 500);
  Backup backup(store, folder.file("copy.db"), "unix");
  ASSERT_TRUE(backup.step(600 * kPageBytes).ok());
  const std::size_t written = std::filesystem::file_size(folder.file("copy.db")) / kPageBytes;
  ASSERT_FALSE(backup.done());
  for (std::size_t page = 2; page <= written; ++page) damage(folder.file("copy.db"), page);
  store.begin();
  store.erase_inode(InodeId{1});
  store.commit();
  EXPECT_EQ(backup.step(kPageBytes).code(), Code::kIo);
  fill(store, 500, 510);
  EXPECT_EQ(store.integrity_problem(), "");
}

TEST(Backup, GivenUpHalfwayLeavesTheStoreAlone) {
  TemporaryFolder folder;
  SqliteStore store(in_file(folder.file("m.db")));
  fill(store, 1, 100);
  {
    Backup backup(store, folder.file("copy.db"), "unix");
    ASSERT_TRUE(backup.step(kPageBytes).ok());
    backup.give_up();
  }
  fill(store, 100, 120);
  EXPECT_EQ(store.integrity_problem(), "");
  EXPECT_TRUE(copy(store, folder.file("copy.db")).ok()) << "the half copy is replaced";
}

// Afterwards the store's connection knows nothing of it: it could be stepping for somebody else.
TEST(Backup, GivenUpBetweenSlicesEndsWhereNobodyElseUsesTheStore) {
  TemporaryFolder folder;
  SqliteStore store(in_file(folder.file("m.db")));
  fill(store, 1, 800);
  int slices = 0;
  int turns = 0;
  const auto copied = copy_store(
      store, folder.file("copy.db"), "unix",
      [&]() -> Status { return ++slices == 2 ? Status(Code::kNoSpace, "no more") : Status(); },
      [&](const std::function<void()>& work) {
        ++turns;
        work();
      });
  EXPECT_EQ(copied.status().code(), Code::kNoSpace);
  EXPECT_EQ(turns, 2) << "a slice and the end";
  fill(store, 800, 810);
  EXPECT_TRUE(copy(store, folder.file("copy.db")).ok());
}

// Its last slice would wait for all of it, and the store with it.
TEST(Backup, IsNotSynced) {
  sim::SimVfs disk("disk", Random(1));
  disk.boot();
  Options options = in_file("m.db");
  options.vfs = disk.name();
  SqliteStore store(options);
  fill(store, 1, 100);
  disk.set_faults({.sync_errors = 1'000'000});
  const auto copied = copy_store(
      store, "copy.db", disk.name(), [] { return Status(); },
      [](const std::function<void()>& work) { work(); });
  EXPECT_TRUE(copied.ok()) << copied.status().message();
  disk.set_faults({});
}

TEST(Backup, SaysThatTheDiskIsFull) {
  sim::SimVfs disk("disk", Random(1));
  disk.boot();
  Options options = in_file("m.db");
  options.vfs = disk.name();
  SqliteStore store(options);
  fill(store, 1, 100);
  disk.set_faults({.capacity_bytes = disk.files().used_bytes() + 5 * kPageBytes});
  Backup backup(store, "copy.db", disk.name());
  Status status;
  while (!backup.done() && status.ok()) status = backup.step(kPageBytes);
  EXPECT_EQ(status.code(), Code::kNoSpace);
}

}  // namespace
}  // namespace dfs::sqlite
