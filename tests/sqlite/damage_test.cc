// A damaged database: what is read is right, or the store stops. Never a wrong row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <optional>

#include "adapters/sim/vfs.h"
#include "tests/sqlite/support.h"

namespace dfs::sqlite {
namespace {

using ::testing::HasSubstr;

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// The contents, or nullopt if the store stopped.
std::optional<std::string> read_all(const Options& options) {
  try {
    SqliteStore store(options);
    return contents(store);
  } catch (const StoreStopped&) {
    return std::nullopt;
  }
}

// A filled database: `image` is its file.
struct Damage : ::testing::Test {
  Damage() {
    disk.boot();
    {
      SqliteStore store(simulated());
      fill(store, 1, 120);
      good = contents(store);
    }
    image = disk.files().find("m.db")->bytes();
  }

  Options simulated(std::size_t page_bytes = kPageBytes) const {
    Options options{.file = "m.db", .vfs = disk.name(), .fatal = throw_on_fatal()};
    options.page_bytes = page_bytes;
    return options;
  }
  [[nodiscard]] std::string with_bit_flipped(std::size_t at) const {
    std::string damaged = image;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    return damaged;
  }

  sim::SimVfs disk{"disk", Random(1)};
  std::string image;
  std::string good;
  TemporaryFolder folder;
  std::string path = folder.file("m.db");
};

TEST_F(Damage, Teaching_2_OfAnyByteStopsTheStoreOrChangesNothing) {
  ASSERT_GT(image.size(), 20 * kPageBytes);
  int stopped = 0;
  for (const bool verify_at_open : {true, false}) {
    Options options = simulated();
    options.verify_at_open = verify_at_open;
    for (std::size_t at = 0; at < image.size(); at += at < 128 ? 1 : 499) {
      disk.files().put("m.db", with_bit_flipped(at));
      const std::optional<std::string> found = read_all(options);
      ASSERT_TRUE(!found || *found == good) << "byte " << at;
      ASSERT_FALSE(verify_at_open && found) << "byte " << at;
      if (!found) ++stopped;
    }
  }
  EXPECT_GT(stopped, 0);
}

TEST_F(Damage, OfARealFileStopsTheStore) {
  write_file(path, image);
  ASSERT_EQ(read_all(in_file(path)), good);
  for (std::size_t at = 0; at < image.size(); at += 9973) {
    write_file(path, with_bit_flipped(at));
    EXPECT_FALSE(read_all(in_file(path))) << "byte " << at;
  }
}

TEST_F(Damage, OfSmallPagesStopsTheStore) {
  for (const std::size_t page_bytes : {std::size_t{512}, std::size_t{1024}}) {
    disk.files().wipe();
    {
      SqliteStore store(simulated(page_bytes));
      fill(store, 1, 120);
    }
    image = disk.files().find("m.db")->bytes();
    ASSERT_EQ(read_all(simulated(page_bytes)), good);
    for (std::size_t at = 0; at < image.size(); at += 499) {
      disk.files().put("m.db", with_bit_flipped(at));
      ASSERT_FALSE(read_all(simulated(page_bytes))) << "byte " << at;
    }
  }
}

TEST_F(Damage, IsWhatPagesOfAnotherSizeAre) {
  EXPECT_FALSE(read_all(simulated(1024)));
  EXPECT_EQ(read_all(simulated()), good);
}

// Without checksums the same damage gives wrong rows: the test above can fail.
TEST_F(Damage, GoesUnnoticedByPlainSqlite) {
  write_file(path, image);
  const auto names = [&]() -> std::optional<std::string> {
    sqlite3* db = nullptr;
    sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, "unix");
    std::string all;
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(db, "SELECT name, owner FROM inodes ORDER BY id", -1, &statement, nullptr);
    int code = SQLITE_ERROR;
    while (statement != nullptr && (code = sqlite3_step(statement)) == SQLITE_ROW) {
      for (int column : {0, 1}) {
        const auto* text = sqlite3_column_text(statement, column);
        all += text == nullptr ? "" : reinterpret_cast<const char*>(text);
      }
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return code == SQLITE_DONE ? std::optional(all) : std::nullopt;
  };
  const std::optional<std::string> right = names();
  ASSERT_TRUE(right);
  int wrong = 0;
  for (std::size_t at = 5; at < image.size(); at += 499) {
    std::string damaged = image;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file(path, damaged);
    const std::optional<std::string> found = names();
    if (found && *found != *right) ++wrong;
  }
  EXPECT_GT(wrong, 0);
}

TEST_F(Damage, OfAPageIsToldWithItsNumberAndWhatToDo) {
  image[4 * kPageBytes + 1000] ^= 1;
  write_file(path, image);
  try {
    SqliteStore store(in_file(path));
    FAIL() << "opened a damaged file";
  } catch (const StoreStopped& stopped) {
    EXPECT_THAT(stopped.what(), HasSubstr("page 5 does not match its checksum"));
    EXPECT_THAT(stopped.what(), HasSubstr("restore a backup or run `dfs rescue`"));
  }
}

TEST_F(Damage, OfAPageWrittenToAnothersPlaceIsNoticed) {
  image.replace(4 * kPageBytes, kPageBytes, image.substr(6 * kPageBytes, kPageBytes));
  write_file(path, image);
  EXPECT_FALSE(read_all(in_file(path)));
}

TEST_F(Damage, OfAFileCutShortIsNoticed) {
  for (const std::size_t size : {image.size() - 1, image.size() - kPageBytes, kPageBytes * 3 / 2,
                                 kPageBytes, std::size_t{50}}) {
    write_file(path, image.substr(0, size));
    EXPECT_FALSE(read_all(in_file(path))) << size;
  }
}

// A log of several transactions, as a killed process leaves it.
struct WalDamage : ::testing::Test {
  WalDamage() { write(); }
  // With pages of `page_bytes`.
  void write() {
    disk.files().wipe();
    disk.boot();
    auto store = std::make_unique<SqliteStore>(options());
    fill(*store, 1, 60);
    for (std::uint64_t i = 60; i < 70; ++i) {
      before_last = contents(*store);
      fill(*store, i, i + 1);
    }
    good = contents(*store);
    disk.kill();
    store.reset();
    database = disk.files().find("m.db")->bytes();
    log = disk.files().find("m.db-wal")->bytes();
    disk.boot();
  }

  Options options() const {
    Options options{.file = "m.db", .vfs = disk.name(), .fatal = throw_on_fatal()};
    options.wal_pages = 120;
    options.page_bytes = page_bytes;
    return options;
  }
  std::optional<std::string> read_with_log(const std::string& bytes, const Options& how) {
    disk.files().put("m.db", database);
    disk.files().put("m.db-wal", bytes);
    return read_all(how);
  }
  [[nodiscard]] std::string with_bit_flipped(std::size_t at) const {
    std::string damaged = log;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    return damaged;
  }
  // The bytes of `with` xored from `at` on.
  [[nodiscard]] std::string with_bytes_changed(std::size_t at, const std::string& with) const {
    std::string damaged = log;
    for (std::size_t i = 0; i < with.size() && at + i < log.size(); ++i) {
      damaged[at + i] = static_cast<char>(damaged[at + i] ^ with[i]);
    }
    return damaged;
  }
  // Where the frames begin that are not left from an older log.
  [[nodiscard]] std::vector<std::size_t> frames() const {
    std::vector<std::size_t> all;
    for (std::size_t at = 32; at + 24 + page_bytes <= log.size(); at += 24 + page_bytes) {
      if (log.compare(at + 8, 8, log, 16, 8) == 0) all.push_back(at);
    }
    return all;
  }
  // Every byte of headers, some of pages.
  [[nodiscard]] std::vector<std::size_t> places() const {
    std::vector<std::size_t> all;
    for (std::size_t at = 0; at < log.size(); ++at) {
      const bool header = at < 32 || (at - 32) % (page_bytes + 24) < 24;
      if (header ? at % 3 == 0 || at < 32 : at % 1511 == 0) all.push_back(at);
    }
    return all;
  }

  sim::SimVfs disk{"disk", Random(1)};
  std::size_t page_bytes = kPageBytes;
  std::string good;
  std::string before_last;
  std::string database;
  std::string log;
};

TEST_F(WalDamage, StopsTheStoreOrCostsAtMostTheLastTransaction) {
  for (page_bytes = kPageBytes; page_bytes >= 1024; page_bytes /= 4) {
    write();
    ASSERT_EQ(read_with_log(log, options()), good);
    int stopped = 0;
    int last_lost = 0;
    for (const std::size_t at : places()) {
      const std::optional<std::string> found = read_with_log(with_bit_flipped(at), options());
      stopped += found ? 0 : 1;
      last_lost += found == before_last ? 1 : 0;
      ASSERT_TRUE(!found || *found == good || *found == before_last) << "byte " << at;
    }
    EXPECT_GT(stopped, 100);
    EXPECT_GT(last_lost, 0) << "cannot be told from a power loss";
  }
}

// The mark that ends a transaction, the salts and the sums of a frame: damage may have several.
TEST_F(WalDamage, OfSeveralBytesInAHeaderStopsTheStoreOrCostsAtMostTheLastTransaction) {
  int stopped = 0;
  for (const std::size_t frame : frames()) {
    for (std::size_t at = 0; at <= 24; ++at) {
      const std::string bytes = with_bytes_changed(frame + at, std::string(8, '\x5a'));
      const std::optional<std::string> found = read_with_log(bytes, options());
      stopped += found ? 0 : 1;
      ASSERT_TRUE(!found || *found == good || *found == before_last)
          << "byte " << at << " of the frame at " << frame;
    }
  }
  EXPECT_GT(stopped, 100);
}

TEST_F(WalDamage, ThatTakesTheMarkOfATransactionsEndAwayStopsTheStoreOrCostsAtMostTheLast) {
  int marks = 0;
  int stopped = 0;
  for (const std::size_t frame : frames()) {
    const std::string mark = log.substr(frame + 4, 4);
    if (mark == std::string(4, '\0')) continue;
    const auto found = read_with_log(with_bytes_changed(frame + 4, mark), options());
    ++marks;
    stopped += found ? 0 : 1;
    ASSERT_TRUE(!found || *found == before_last) << "the frame at " << frame;
  }
  EXPECT_EQ(stopped, marks - 1) << "all but the last transaction's are known";
}

TEST_F(WalDamage, StopsTheStoreWhereTheLastTransactionIsOfOneFrame) {
  {
    SqliteStore store(options());
    for (std::uint64_t i = 1; i <= 2; ++i) {
      store.begin();
      store.put_meta({.cluster = "c", .applied = i});
      store.commit();
    }
    good = contents(store);
    disk.kill();
  }
  log = disk.files().find("m.db-wal")->bytes();
  database = disk.files().find("m.db")->bytes();
  disk.boot();
  ASSERT_EQ(read_with_log(log, options()), good);
  ASSERT_EQ(frames().size(), 2u) << "two transactions";
  for (std::size_t at = frames().front(); at + 8 <= frames().back(); ++at) {
    EXPECT_FALSE(read_with_log(with_bytes_changed(at, std::string(8, '\x5a')), options()))
        << "byte " << at;
  }
}

// A sector ends between the mark and the salts of every 64th frame: a power loss may leave the mark
// of an older log before the new salts, or garbage, with the page before whole or not.
TEST_F(WalDamage, IsNotWhatAPowerLossLeavesBeforeTheSaltsOfAFrame) {
  constexpr std::size_t kCut = 41;
  const auto begin_of = [this](std::size_t frame) { return 32 + frame * (24 + page_bytes); };
  page_bytes = 1024;
  disk.files().wipe();
  {
    SqliteStore store(options());
    log.clear();
    for (std::uint64_t i = 1; log.size() <= begin_of(kCut + 1); ++i) {
      before_last = contents(store);
      fill(store, i, i + 1);
      log = disk.files().find("m.db-wal")->bytes();
    }
    disk.kill();
  }
  database = disk.files().find("m.db")->bytes();
  disk.boot();
  const std::size_t frame = begin_of(kCut);
  const std::size_t sector_end = frame + 8;
  ASSERT_EQ(sector_end % 512, 0u);
  ASSERT_EQ(log.substr(frame + 4, 4), std::string(4, '\0')) << "in the midst of a transaction";
  for (const std::size_t from : {sector_end - 512, frame}) {
    std::string torn = log;
    torn.replace(from, sector_end - from, sector_end - from, '\x1');
    torn.replace(frame + 512, 512, 512, '\x1');
    EXPECT_EQ(read_with_log(torn, options()), before_last) << "from " << from;
  }
}

TEST_F(WalDamage, StopsTheStoreAlsoWhereTheLogCannotBeReadEveryTime) {
  const std::string damaged = with_bit_flipped(32 + 24 + 100);
  disk.set_faults({.read_errors = 20'000});
  for (int time = 0; time < 300; ++time) {
    ASSERT_FALSE(read_with_log(damaged, options())) << "opening number " << time;
  }
}

// Without the audit, SQLite drops acknowledged transactions after damage.
TEST_F(WalDamage, LosesTransactionsInPlainSqlite) {
  Options plain = options();
  plain.audit_at_open = false;
  int lost = 0;
  for (const std::size_t at : places()) {
    const std::optional<std::string> found = read_with_log(with_bit_flipped(at), plain);
    lost += found && *found != good && *found != before_last ? 1 : 0;
  }
  EXPECT_GT(lost, 100);
}

}  // namespace
}  // namespace dfs::sqlite
