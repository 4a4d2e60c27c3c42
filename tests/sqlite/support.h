// Shared by the tests of the metadata store: a temporary folder, and a store that throws.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/store.h"

namespace dfs::sqlite {

// What the tests' fatal handler throws.
struct StoreStopped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline FatalHandler throw_on_fatal() {
  return [](const std::string& line) { throw StoreStopped(line); };
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dfs-sqlite-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline Options in_memory() { return {.file = ":memory:", .vfs = "", .fatal = throw_on_fatal()}; }
// On the real file system, also while a simulated disk is SQLite's default.
inline Options in_file(const std::string& file) {
  return {.file = file, .vfs = "unix", .fatal = throw_on_fatal()};
}

// Everything in a store, as one string.
inline std::string contents(SqliteStore& store) {
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

// The contents, or nullopt if the store stopped.
inline std::optional<std::string> read_all(const Options& options) {
  try {
    SqliteStore store(options);
    return contents(store);
  } catch (const StoreStopped&) {
    return std::nullopt;
  }
}

// Commits number `from` to `to` − 1, with rows in several tables and on overflow pages.
inline void fill(SqliteStore& store, std::uint64_t from, std::uint64_t to) {
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

}  // namespace dfs::sqlite
