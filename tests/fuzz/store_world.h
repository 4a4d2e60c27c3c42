// A NameNode's database on a simulated disk, with a log of several transactions, to be damaged.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "adapters/sim/vfs.h"
#include "tests/sqlite/support.h"

namespace dfs::fuzz {

class StoreWorld {
 public:
  StoreWorld() {
    disk_.boot();
    auto store = std::make_unique<sqlite::SqliteStore>(options());
    sqlite::fill(*store, 1, 30);
    for (std::uint64_t i = 30; i < 36; ++i) {
      before_last = sqlite::contents(*store);
      sqlite::fill(*store, i, i + 1);
    }
    good = sqlite::contents(*store);
    disk_.kill();
    store.reset();
    database = disk_.files().find("m.db")->bytes();
    log = disk_.files().find("m.db-wal")->bytes();
    disk_.boot();
    checkpointed = [this] {
      put(database, log);
      static_cast<void>(contents());
      return disk_.files().find("m.db")->bytes();
    }();
  }

  void put(const std::string& file, const std::string& wal) {
    disk_.boot();
    disk_.files().wipe();
    disk_.files().put("m.db", file);
    if (!wal.empty()) disk_.files().put("m.db-wal", wal);
  }
  // What a store opened on the files reads; none if it stopped.
  std::optional<std::string> contents() {
    try {
      sqlite::SqliteStore store(options());
      return sqlite::contents(store);
    } catch (const sqlite::StoreStopped&) {
      return std::nullopt;
    }
  }

  std::string database, log;  // as a killed process leaves them
  std::string checkpointed;   // the database with all of the log in it
  std::string good, before_last;

 private:
  [[nodiscard]] sqlite::Options options() const {
    sqlite::Options options{.file = "m.db", .vfs = disk_.name(), .fatal = sqlite::throw_on_fatal()};
    options.wal_pages = 60;
    return options;
  }

  sim::SimVfs disk_{"fuzzed", Random(1)};
};

inline StoreWorld& store_world() {
  static StoreWorld world;
  return world;
}

}  // namespace dfs::fuzz
