// Power losses at every kind of moment: what was committed is there, what was not is there whole or
// not at all. The controls prove that the simulated disk can lose what is not synced.
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "adapters/sim/vfs.h"
#include "tests/sqlite/support.h"

namespace dfs::sqlite {
namespace {

using namenode::MetaRow;
using namenode::RequestRow;
using sim::SimVfs;

// Transaction number `n` of a run: puts and erases some request records, large and small ones.
template <class Put, class Erase>
void transaction(Random run, std::uint64_t n, Put put, Erase erase) {
  Random draw = run.fork("transaction").fork(n);
  const std::uint64_t changes = draw.between(1, 4);
  for (std::uint64_t i = 0; i < changes; ++i) {
    const std::uint64_t key = draw.below(60);
    if (draw.chance(1, 4)) {
      erase(key);
    } else {
      const std::uint64_t size = draw.chance(1, 5) ? draw.below(9000) : draw.below(200);
      put(key, std::string(size, static_cast<char>('a' + n % 26)) + std::to_string(n));
    }
  }
}

// How a run ended.
struct Verdict {
  std::string problem;  // "" if none was found
  std::uint64_t commits = 0;
  std::uint64_t crashes = 0;
  std::uint64_t digest = 0;  // of the disk
};

struct Settings {
  Synchronous synchronous = Synchronous::kFull;
  bool checkpoint_at_open = true;
  sim::Sectors sectors;
  sim::DiskFaults faults;
  std::size_t page_bytes = kPageBytes;
  std::uint64_t power_one_in = 1;  // deaths of the process; 0: the machine stays up
  std::uint64_t crashes = 6;
};

class Story {
 public:
  Story(std::uint64_t seed, Settings settings)
      : random_(seed), settings_(settings), disk_("disk", random_.fork("disk"), settings.sectors) {}

  Verdict go() {
    for (std::uint64_t crash = 1; crash <= settings_.crashes && verdict_.problem.empty(); ++crash) {
      live(random_.fork("crash").fork(crash));
    }
    if (verdict_.problem.empty()) check_in_peace();
    verdict_.commits = acked_;
    verdict_.digest = disk_.files().digest();
    return verdict_;
  }

 private:
  // One incarnation, up to its end.
  void live(Random draw) {
    disk_.boot();
    disk_.set_faults(settings_.faults);
    disk_.crash_after(draw.chance(1, 4) ? draw.between(1, 40) : draw.between(1, 900));
    std::unique_ptr<SqliteStore> store;
    try {
      store = std::make_unique<SqliteStore>(options());
      check(*store);
      while (verdict_.problem.empty()) commit_next(*store);
    } catch (const StoreStopped&) {
      ++verdict_.crashes;
    }
    disk_.kill();
    store.reset();
    const bool power = settings_.power_one_in != 0 && draw.chance(1, settings_.power_one_in);
    if (power) disk_.power_loss(draw.fork("power"));
  }

  void check_in_peace() {
    disk_.boot();
    disk_.set_faults({});
    try {
      SqliteStore store(options());
      check(store);
    } catch (const StoreStopped& stopped) {
      verdict_.problem = stopped.what();
    }
  }

  Options options() {
    return {.file = "metadata.db",
            .vfs = disk_.name(),
            .fatal =
                [this](const std::string& line) {
                  disk_.kill();  // a process that ends writes nothing on the way out
                  throw StoreStopped(line);
                },
            .page_bytes = settings_.page_bytes,
            .wal_pages = 20,
            .synchronous = settings_.synchronous,
            .checkpoint_at_open = settings_.checkpoint_at_open};
  }

  void commit_next(SqliteStore& store) {
    begun_ = acked_ + 1;
    store.begin();
    transaction(
        random_, begun_,
        [&](std::uint64_t key, const std::string& reply) {
          store.put_request({.client = "c", .request = key, .at = {1}, .reply = reply});
        },
        [&](std::uint64_t key) { store.erase_request("c", key); });
    store.put_meta({.cluster = "c", .applied = begun_});
    store.commit();
    acked_ = begun_;
  }

  // What is there is what the acknowledged transactions made, or with the one under way as well.
  void check(SqliteStore& store) {
    const std::uint64_t applied = store.meta().applied;
    if (applied != acked_ && applied != begun_) {
      verdict_.problem = "acknowledged " + std::to_string(acked_) + ", begun " +
                         std::to_string(begun_) + ", there " + std::to_string(applied);
      return;
    }
    acked_ = begun_ = applied;
    std::map<std::uint64_t, std::string> expected;
    for (std::uint64_t n = 1; n <= applied; ++n) {
      transaction(
          random_, n, [&](std::uint64_t key, std::string reply) { expected[key] = reply; },
          [&](std::uint64_t key) { expected.erase(key); });
    }
    std::map<std::uint64_t, std::string> found;
    for (const RequestRow& row : store.oldest_requests(SIZE_MAX)) found[row.request] = row.reply;
    if (found != expected) verdict_.problem = "rows differ at " + std::to_string(applied);
    disk_.set_faults({});  // the integrity check reports an error of the disk as damage
    const std::string integrity = store.integrity_problem();
    disk_.set_faults(settings_.faults);
    if (disk_.dead()) throw StoreStopped("in the check itself");
    if (!integrity.empty()) verdict_.problem = integrity;
  }

  Random random_;
  Settings settings_;
  SimVfs disk_;
  std::uint64_t acked_ = 0;
  std::uint64_t begun_ = 0;
  Verdict verdict_;
};

struct Sweep {
  std::uint64_t bad = 0;
  std::uint64_t commits = 0;
  std::uint64_t crashes = 0;
  std::string first_problem;
};

Sweep sweep(std::uint64_t seeds, const Settings& settings) {
  Sweep sweep;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Verdict verdict = Story(seed, settings).go();
    sweep.commits += verdict.commits;
    sweep.crashes += verdict.crashes;
    if (verdict.problem.empty()) continue;
    if (sweep.bad++ == 0) {
      sweep.first_problem = "seed " + std::to_string(seed) + ": " + verdict.problem;
    }
  }
  return sweep;
}

TEST(PowerLoss, LosesNothingAcknowledged) {
  const Sweep result = sweep(400, {});
  EXPECT_EQ(result.bad, 0u) << result.first_problem;
  EXPECT_GE(result.crashes, 400u * 6);
  EXPECT_GT(result.commits, 10'000u);
}

TEST(PowerLoss, LosesNothingAcknowledgedOnSmallSectors) {
  const Sweep result = sweep(100, {.sectors = {.bytes = 512}});
  EXPECT_EQ(result.bad, 0u) << result.first_problem;
}

// Several pages of the log share a sector.
TEST(PowerLoss, LosesNothingAcknowledgedWithSmallPages) {
  for (const std::size_t page_bytes : {std::size_t{512}, std::size_t{1024}}) {
    const Sweep result = sweep(100, {.page_bytes = page_bytes});
    EXPECT_EQ(result.bad, 0u) << result.first_problem;
  }
}

TEST(PowerLoss, LosesNothingAcknowledgedWhenReadsWritesAndSyncsFail) {
  const Sweep result =
      sweep(100, {.faults = {.read_errors = 500, .write_errors = 2000, .sync_errors = 10'000}});
  EXPECT_EQ(result.bad, 0u) << result.first_problem;
}

// What a process finds and builds on after a failed sync is there for good.
TEST(PowerLoss, LosesNothingThatAProcessFoundAfterTheFailedSyncOfOneBeforeIt) {
  for (const std::size_t page_bytes : {std::size_t{512}, kPageBytes}) {
    const Sweep result = sweep(200, {.faults = {.sync_errors = 200'000},
                                     .page_bytes = page_bytes,
                                     .power_one_in = 2,
                                     .crashes = 20});
    EXPECT_EQ(result.bad, 0u) << result.first_problem;
  }
}

TEST(PowerLoss, TakesBackNoTransactionThatWasFoundAfterItsSyncFailed) {
  std::uint64_t found_it = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Random random(seed);
    SimVfs disk("disk", random.fork("disk"));
    const Options options{.file = "metadata.db", .vfs = disk.name(), .fatal = throw_on_fatal()};
    disk.boot();
    auto store = std::make_unique<SqliteStore>(options);
    fill(*store, 1, 8);
    disk.set_faults({.sync_errors = 1'000'000});
    EXPECT_THROW(fill(*store, 8, 9), StoreStopped);
    disk.kill();
    store.reset();
    disk.set_faults({});
    disk.boot();
    store = std::make_unique<SqliteStore>(options);
    const std::string found = contents(*store);
    if (store->meta().applied == 8) ++found_it;
    disk.kill();
    store.reset();
    disk.power_loss(random.fork("power"));
    disk.boot();
    store = std::make_unique<SqliteStore>(options);
    EXPECT_EQ(contents(*store), found) << "seed " << seed;
    EXPECT_EQ(store->integrity_problem(), "") << "seed " << seed;
    disk.kill();
  }
  EXPECT_GT(found_it, 0u) << "no process saw what the failed sync had lost";
}

TEST(PowerLoss, RustFS_3296_LosesNothingAcknowledgedWhenTheDiskIsFull) {
  const Sweep result = sweep(100, {.faults = {.capacity_bytes = 200'000}});
  EXPECT_EQ(result.bad, 0u) << result.first_problem;
}

TEST(Kill, OfTheProcessLosesNothingAcknowledged) {
  const Sweep result = sweep(100, {.power_one_in = 0});
  EXPECT_EQ(result.bad, 0u) << result.first_problem;
}

// Controls: each weakens one thing, and must be caught.
TEST(PowerLoss, LosesNothingThoughAProcessDiedBeforeItsNewLogWasSynced) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Random random(seed);
    SimVfs disk("disk", random.fork("disk"));
    const Options options{.file = "metadata.db", .vfs = disk.name(), .fatal = throw_on_fatal()};
    disk.boot();
    std::make_unique<SqliteStore>(options).reset();
    disk.files().remove("metadata.db-wal");
    disk.files().sync_names();
    disk.files().create("metadata.db-wal");  // as far as a process got that died then
    disk.boot();
    auto store = std::make_unique<SqliteStore>(options);
    fill(*store, 1, 4);
    disk.kill();
    store.reset();
    disk.power_loss(random.fork("power"));
    disk.boot();
    store = std::make_unique<SqliteStore>(options);
    EXPECT_TRUE(store->inode(InodeId{3})) << "seed " << seed;
    disk.kill();
  }
}

TEST(Checkpoint, ThatFailsOnItsOwnAccountStopsTheStore) {
  const Random random(1);
  SimVfs disk("disk", random.fork("disk"));
  disk.boot();
  SqliteStore store(
      {.file = "metadata.db", .vfs = disk.name(), .fatal = throw_on_fatal(), .wal_pages = 10});
  // The log has room and takes the commit; the database that it is carried over to has none.
  disk.files().create("metadata.db-wal")->truncate(1 << 20);
  disk.set_faults({.capacity_bytes = disk.files().used_bytes()});
  EXPECT_THROW(fill(store, 1, 200), StoreStopped);
  EXPECT_LE(disk.errors(), 1u) << "it went on after an error";
  disk.kill();
}

TEST(PowerLossControl, SynchronousNormalLosesAcknowledgedCommits) {
  EXPECT_GT(sweep(40, {.synchronous = Synchronous::kNormal}).bad, 20u);
}
TEST(PowerLossControl, SynchronousOffLosesAcknowledgedCommits) {
  EXPECT_GT(sweep(40, {.synchronous = Synchronous::kOff}).bad, 20u);
}
TEST(PowerLossControl, ADiskThatLiesAboutSyncingLosesAcknowledgedCommits) {
  EXPECT_GT(sweep(40, {.faults = {.lying_sync = true}}).bad, 20u);
}

// Pages of the database that lie there without the log that they are from fit nothing, and each of
// them is whole.
TEST(SimVfs, ThatLiesUntilACheckpointLetsNoPageOfTheDatabaseBeWritten) {
  SimVfs disk("disk", Random(1));
  disk.boot();
  SqliteStore store(
      {.file = "metadata.db", .vfs = disk.name(), .fatal = throw_on_fatal(), .wal_pages = 10});
  const std::string before = disk.files().find("metadata.db")->bytes();
  disk.set_faults({.lying_sync = true, .lies_until_checkpoint = true});
  EXPECT_THROW(fill(store, 1, 200), StoreStopped);
  EXPECT_TRUE(disk.files().find("metadata.db")->bytes() == before);
}

TEST(SimVfs, GivesTheSameDiskForTheSameSeed) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Verdict first = Story(seed, {}).go();
    const Verdict second = Story(seed, {}).go();
    EXPECT_EQ(first.digest, second.digest) << seed;
    EXPECT_EQ(first.commits, second.commits) << seed;
  }
  EXPECT_NE(Story(1, {}).go().digest, Story(2, {}).go().digest);
}

// What SQLite is told decides what it syncs and pads, so both disks must say the same.
TEST(SimVfs, DescribesItselfAsTheRealOneDoes) {
  const auto described = [](const Options& options) {
    Connection connection(options);
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    return std::pair(file->pMethods->xSectorSize(file),
                     file->pMethods->xDeviceCharacteristics(file));
  };
  TemporaryFolder folder;
  SimVfs disk("disk", Random(1));
  disk.boot();
  Options simulated = in_file("m.db");
  simulated.vfs = disk.name();
  EXPECT_EQ(described(simulated), described(in_file(folder.file("m.db"))));
}

TEST(SimVfs, OfADeadProcessWritesNothingWhenClosed) {
  SimVfs disk("disk", Random(1));
  disk.boot();
  Options options = in_file("m.db");
  options.vfs = disk.name();
  auto store = std::make_unique<SqliteStore>(options);
  store->begin();
  store->put_reap(InodeId{1});
  store->commit();
  const std::uint64_t before = disk.files().digest();
  disk.kill();
  store.reset();
  EXPECT_EQ(disk.files().digest(), before);
}

}  // namespace
}  // namespace dfs::sqlite
