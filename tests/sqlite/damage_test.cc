// A damaged database: what is read is right, or the store stops. Never a wrong row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "adapters/sim/vfs.h"
#include "tests/sqlite/support.h"

namespace dfs::sqlite {
namespace {

using ::testing::HasSubstr;

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
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
  disk.files().wipe();
  {
    SqliteStore store(simulated(1024));
    fill(store, 1, 120);
  }
  EXPECT_FALSE(read_all(simulated()));
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

TEST_F(Damage, OfAPageThatIsZerosNowIsNoticed) {
  image.replace(4 * kPageBytes, kPageBytes, kPageBytes, '\0');
  write_file(path, image);
  EXPECT_FALSE(read_all(in_file(path)));
}

// SQLite from 3.45 on reads overflow pages past its pager, without the bytes that are reserved.
TEST_F(Damage, OfAPageOfWhichAPartIsReadIsNoticed) {
  write_file(path, image);
  SqliteStore store(in_file(path));
  sqlite3_file* file = nullptr;
  sqlite3_file_control(store.connection().handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  const auto read = [&](std::size_t at, std::size_t size) -> std::optional<std::string> {
    std::string part(size, ' ');
    const int code = file->pMethods->xRead(file, part.data(), static_cast<int>(size),
                                           static_cast<sqlite3_int64>(at));
    EXPECT_TRUE(code == SQLITE_OK || code == SQLITE_IOERR_DATA) << code;
    return code == SQLITE_OK ? std::optional(part) : std::nullopt;
  };
  const std::size_t size = kPageBytes - kReservedBytes;
  for (const std::size_t at : {kPageBytes, 2 * kPageBytes}) {
    EXPECT_TRUE(read(at, size) == image.substr(at, size)) << at;
    EXPECT_TRUE(read(at + 1000, 10) == image.substr(at + 1000, 10)) << at;
  }
  EXPECT_FALSE(read(kPageBytes + 1000, size)) << "of two pages";
  write_file(path, with_bit_flipped(kPageBytes + 2000));
  EXPECT_FALSE(read(kPageBytes, size));
  EXPECT_FALSE(read(kPageBytes + 1000, 10));
  EXPECT_TRUE(read(2 * kPageBytes, size) == image.substr(2 * kPageBytes, size));
}

TEST_F(Damage, OfAFileCutShortIsNoticed) {
  for (const std::size_t size : {image.size() - 1, image.size() - kPageBytes, kPageBytes * 3 / 2,
                                 kPageBytes, std::size_t{50}}) {
    write_file(path, image.substr(0, size));
    EXPECT_FALSE(read_all(in_file(path))) << size;
  }
}

}  // namespace
}  // namespace dfs::sqlite
