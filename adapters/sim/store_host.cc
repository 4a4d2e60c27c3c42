#include "adapters/sim/store_host.h"

#include "adapters/sqlite/store.h"

namespace dfs::sim {
namespace {

constexpr std::uint32_t kCacheKib = 1024;
constexpr std::uint32_t kWalPages = 250;

}  // namespace

std::unique_ptr<namenode::Store> SimStoreHost::open() {
  disk_.boot();
  return std::make_unique<sqlite::SqliteStore>(
      sqlite::Options{.file = "metadata.db",
                      .vfs = disk_.name(),
                      .fatal =
                          [this](const std::string& line) {
                            disk_.kill();  // a process that ends writes nothing on the way out
                            throw StoreDied{line};
                          },
                      .cache_kib = kCacheKib,
                      .page_bytes = page_bytes_,
                      .wal_pages = kWalPages});
}

void SimStoreHost::die_in_commit(namenode::Store& store, std::uint64_t steps) {
  disk_.crash_after(steps + 1);
  try {
    store.commit();  // gets through if it has fewer steps
  } catch (const StoreDied&) {
    return;
  }
}

void SimStoreHost::keep_backup() {
  backup_.clear();
  FileSet& files = disk_.files();
  for (const std::string& name : files.names()) {
    const FileSet::FilePtr file = files.find(name);
    if (file != nullptr) backup_[name] = file->bytes();
  }
}

void SimStoreHost::restore_backup() {
  FileSet& files = disk_.files();
  files.wipe();
  for (const auto& [name, bytes] : backup_) files.put(name, bytes);
}

}  // namespace dfs::sim
