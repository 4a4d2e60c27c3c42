// A damaged database: what is read is right, or the store stops. Never a wrong row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>

#include "adapters/sqlite/schema.h"
#include "tests/sqlite/support.h"

namespace dfs::sqlite {
namespace {

using ::testing::HasSubstr;

// Everything in a store, as one string.
std::string contents(SqliteStore& store) {
  std::string all;
  const auto add = [&all]<class Row>(const Row& row) {
    Table<Row>::visit(row, [&all](const auto& field) {
      using T = std::remove_cvref_t<decltype(field)>;
      if constexpr (std::is_same_v<T, std::string>) {
        all += field;
      } else if constexpr (wire::kIsId<T>) {
        all += std::to_string(field.value);
      } else if constexpr (std::is_same_v<T, WallTime>) {
        all += std::to_string(field.ms);
      } else {
        all += std::to_string(static_cast<std::int64_t>(field));
      }
      all += '|';
    });
  };
  add(store.meta());
  for (const auto& row : store.scan_inodes({}, SIZE_MAX)) add(row);
  for (const auto& row : store.scan_entries(kRootInode, "", SIZE_MAX)) add(row);
  for (const auto& row : store.scan_blocks({}, SIZE_MAX)) add(row);
  for (const auto& row : store.oldest_requests(SIZE_MAX)) add(row);
  return all;
}

void fill(SqliteStore& store, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t i = from; i < to; ++i) {
    store.begin();
    const std::string name = "file-" + std::to_string(i * 7919 % 1000);
    store.put_inode({.id = InodeId{i}, .name = name, .owner = "somebody", .length = i});
    store.put_entry({.parent = kRootInode, .name = name, .inode = InodeId{i}});
    store.put_block({.id = BlockId{i}, .length = i * i, .crc = 77, .owner = InodeId{i}});
    store.put_request({.client = "c", .request = i, .at = {5}, .reply = std::string(i * 20, 'r')});
    store.put_meta({.cluster = "c", .applied = i});
    store.commit();
  }
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
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

struct Damage : ::testing::Test {
  Damage() {
    SqliteStore store(in_file(path));
    fill(store, 1, 120);
    good = contents(store);
  }

  TemporaryFolder folder;
  std::string path = folder.file("m.db");
  std::string good;
};

TEST_F(Damage, OfAnyByteStopsTheStoreOrChangesNothing) {
  const std::string image = read_file(path);
  ASSERT_GT(image.size(), 20 * kPageBytes);
  int stopped = 0;
  for (const bool verify_at_open : {true, false}) {
    for (std::size_t at = 0; at < image.size(); at += 499) {
      std::string damaged = image;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      write_file(path, damaged);
      Options options = in_file(path);
      options.verify_at_open = verify_at_open;
      const std::optional<std::string> found = read_all(options);
      ASSERT_TRUE(!found || *found == good) << "byte " << at;
      if (!found) ++stopped;
      ASSERT_FALSE(verify_at_open && found) << "byte " << at;
    }
  }
  EXPECT_GT(stopped, 0);
}

// Without checksums the same damage gives wrong rows: the test above can fail.
TEST_F(Damage, GoesUnnoticedByPlainSqlite) {
  const std::string image = read_file(path);
  const auto names = [&]() -> std::optional<std::string> {
    sqlite3* db = nullptr;
    sqlite3_open(path.c_str(), &db);
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
  std::string image = read_file(path);
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
  std::string image = read_file(path);
  image.replace(4 * kPageBytes, kPageBytes, image.substr(6 * kPageBytes, kPageBytes));
  write_file(path, image);
  EXPECT_FALSE(read_all(in_file(path)));
}

TEST_F(Damage, OfAFileCutShortIsNoticed) {
  const std::string image = read_file(path);
  for (const std::size_t size : {image.size() - 1, image.size() - kPageBytes, kPageBytes * 3 / 2,
                                 kPageBytes, std::size_t{50}}) {
    write_file(path, image.substr(0, size));
    EXPECT_FALSE(read_all(in_file(path))) << size;
  }
}

}  // namespace
}  // namespace dfs::sqlite
