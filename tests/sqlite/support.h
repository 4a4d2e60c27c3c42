// Shared by the tests of the metadata store: a temporary folder, and a store that throws.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

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
inline Options in_file(const std::string& file) {
  return {.file = file, .vfs = "", .fatal = throw_on_fatal()};
}

}  // namespace dfs::sqlite
