// A damaged write-ahead log: the store stops, or nothing but the last transaction is missing.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/sim/vfs.h"
#include "tests/sqlite/support.h"

namespace dfs::sqlite {
namespace {

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
    disk.files().remove("m.db-synced");  // of what the opening before this one found
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

// Logs whose last transaction frees pages, and so writes one that is a list of the free ones.
struct FreedPages : WalDamage {
  struct Freed {
    std::string before_last, database, log;
    std::size_t begin;  // of the last transaction, in the log
  };

  // `first`: each is the first transaction of its log.
  std::vector<Freed> free_pages(bool first) {
    disk.files().wipe();
    auto store = std::make_unique<SqliteStore>(options());
    store->begin();
    for (std::uint64_t i = 0; i < 60; ++i) {
      store->put_request({.client = "c", .request = i, .reply = std::string(2000, '\0')});
    }
    store->commit();
    std::vector<Freed> all;
    const auto log_bytes = [&] { return disk.files().find("m.db-wal")->bytes(); };
    for (std::uint64_t i = 0; i < 20; ++i) {
      if (first || i == 0) {
        store.reset();
        store = std::make_unique<SqliteStore>(options());
      }
      const std::string before = contents(*store);
      const std::size_t begin = first || i == 0 ? 32 : log_bytes().size();
      store->begin();
      store->erase_request("c", i);
      store->put_meta({.cluster = "c", .applied = i});
      store->commit();
      all.push_back({before, disk.files().find("m.db")->bytes(), log_bytes(), begin});
    }
    disk.kill();
    store.reset();
    disk.boot();
    return all;
  }
  // The power loss kept the header of the frame at `header` and a sector of the page at `page` from
  // the disk.
  void expect_only_the_last_lost(const Freed& freed, std::size_t header, std::size_t page) {
    for (std::size_t at = page; at < page + page_bytes;) {
      const std::size_t end = std::min((at / 512 + 1) * 512, page + page_bytes);
      std::string torn = freed.log;
      torn.replace(header, 24, 24, '\0');
      torn.replace(at, end - at, end - at, '\0');
      EXPECT_TRUE(read_with_log(torn, options()) == freed.before_last)
          << "frame at " << header << ", zeros from " << at << " to " << end;
      at = end;
    }
  }
};

// Its numbers are as small as those of a mark: where a sector of it is missing, the sums around the
// header of a frame leave a mark that may well be plausible.
TEST_F(FreedPages, AreNotTakenForMarksWherePowerLossLeftAPartOfTheirList) {
  page_bytes = 1024;
  const std::size_t frame_bytes = 24 + page_bytes;
  for (const bool first : {false, true}) {
    SCOPED_TRACE(first ? "first transaction" : "a later transaction");
    for (const Freed& freed : free_pages(first)) {
      database = freed.database;
      ASSERT_TRUE(read_with_log(freed.log, options()) != freed.before_last);
      for (std::size_t at = freed.begin; at + frame_bytes < freed.log.size(); at += frame_bytes) {
        expect_only_the_last_lost(freed, at, at + 24);
        expect_only_the_last_lost(freed, at, at + 24 + frame_bytes);
      }
    }
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

// Logs of one to four transactions, of one frame and of several, every field and sector of which is
// zeroed or garbled, one at a time.
struct EveryDamage : ::testing::Test {
  static constexpr std::size_t kPage = 1024;
  static constexpr std::size_t kFrame = 24 + kPage;

  Options options() const {
    Options options{.file = "m.db", .vfs = disk.name(), .fatal = throw_on_fatal()};
    options.wal_pages = 40;
    options.page_bytes = kPage;
    return options;
  }
  // Transactions: bit i of `large` says how large number i is. `upon`: frames of an older log
  // stand behind them, otherwise nothing does.
  void write(std::uint64_t transactions, std::uint64_t large, bool upon) {
    disk.files().wipe();
    disk.boot();
    auto store = std::make_unique<SqliteStore>(options());
    std::uint64_t next = 1;
    const auto log_bytes = [&] { return disk.files().find("m.db-wal")->bytes(); };
    fill(*store, next, next + 12);
    next += 12;
    if (upon) {  // to the first transaction after a checkpoint
      for (std::string salts = log_bytes().substr(16, 8); log_bytes().substr(16, 8) == salts;) {
        fill(*store, next, next + 1);
        ++next;
      }
    } else {
      store.reset();
      store = std::make_unique<SqliteStore>(options());
    }
    for (std::uint64_t i = upon ? 1 : 0; i < transactions; ++i) {
      before_last = contents(*store);
      if ((large >> i & 1) != 0) {
        fill(*store, next, next + 1);
      } else {
        store->begin();
        store->put_meta({.cluster = "c", .applied = next});
        store->commit();
      }
      ++next;
    }
    good = contents(*store);
    disk.kill();
    store.reset();
    log = log_bytes();
    database = disk.files().find("m.db")->bytes();
    disk.boot();
  }
  void expect_no_more_lost_than_the_last(std::size_t at, std::size_t size) {
    for (const bool zeros : {true, false}) {
      std::string damaged = log;
      for (std::size_t i = at; i < at + size; ++i) {
        damaged[i] = static_cast<char>(zeros ? 0 : damaged[i] ^ 0x5a);
      }
      disk.files().put("m.db", database);
      disk.files().put("m.db-wal", damaged);
      disk.files().remove("m.db-synced");  // of what the opening before this one found
      const std::optional<std::string> found = read_all(options());
      if (!found) ++stopped;
      ASSERT_TRUE(!found || *found == good || *found == before_last)
          << (zeros ? "zeros" : "garbage") << " from " << at << " for " << size;
    }
  }
  void damage_every_field_and_sector() {
    constexpr std::array<std::pair<std::size_t, std::size_t>, 10> kFields = {
        {{0, 4}, {4, 4}, {0, 8}, {8, 4}, {12, 4}, {8, 8}, {16, 4}, {20, 4}, {16, 8}, {0, 24}}};
    for (std::size_t at = 0; at < 32; at += 4) expect_no_more_lost_than_the_last(at, 4);
    for (std::size_t frame = 32; frame + kFrame <= log.size(); frame += kFrame) {
      if (log.compare(frame + 8, 8, log, 16, 8) != 0) break;
      for (const auto& field : kFields) {
        expect_no_more_lost_than_the_last(frame + field.first, field.second);
      }
      for (std::size_t at = 0; at < kPage; at += 512) {
        expect_no_more_lost_than_the_last(frame + 24 + at, 512);
      }
    }
  }

  sim::SimVfs disk{"disk", Random(1)};
  std::string good, before_last, database, log;
  int stopped = 0;
};

TEST_F(EveryDamage, OfTheHeadersOfTheLogAndItsFirstFramesStopsTheStore) {
  for (const bool upon : {false, true}) {
    write(6, 0, upon);
    for (const std::size_t size :
         {std::size_t{56}, std::size_t{512}, 56 + kFrame, 56 + 2 * kFrame}) {
      expect_no_more_lost_than_the_last(0, size);
    }
  }
  EXPECT_EQ(stopped, 16);
}

TEST_F(EveryDamage, StopsTheStoreOrCostsAtMostTheLastTransaction) {
  for (std::uint64_t transactions = 1; transactions <= 4; ++transactions) {
    for (std::uint64_t large = 0; large < 1u << transactions; ++large) {
      for (const bool upon : {false, true}) {
        if (upon && transactions == 1) continue;
        SCOPED_TRACE(std::to_string(transactions) + " transactions, large " +
                     std::to_string(large) + (upon ? ", upon an older log" : ""));
        write(transactions, large, upon);
        ASSERT_NO_FATAL_FAILURE(damage_every_field_and_sector());
      }
    }
  }
  EXPECT_GT(stopped, 1000);
}

}  // namespace
}  // namespace dfs::sqlite
