// A NameNode's metadata is rebuilt from what its second homes keep, up to the last command there.
#include "adapters/sqlite/rescue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "adapters/sqlite/backup.h"
#include "core/namenode/command.h"
#include "tests/sqlite/support.h"

namespace dfs::sqlite {
namespace {

using namenode::Command;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A second home in memory.
struct FakeSource final : namenode::RescueSource {
  std::string name() const override { return called; }
  Result<wire::MetadataList> list() override {
    if (away) return Status(Code::kUnavailable, "no answer");
    return wire::MetadataList{stored, {}, problems};
  }
  Result<wire::SeenEpoch> seen() override { return heard; }
  Status save_checkpoint(const wire::CheckpointHeader& /*checkpoint*/,
                         const std::string& path) override {
    std::ofstream(path, std::ios::binary) << checkpoint_bytes;
    return saved;
  }
  Result<std::string> journal(const wire::CheckpointHeader& /*checkpoint*/) override {
    return journal_text;
  }
  Status replicas(const std::function<void(const namenode::RescuedReplica&)>& each) override {
    for (const namenode::RescuedReplica& replica : found) each(replica);
    return {};
  }

  std::vector<namenode::RescuedReplica> found;
  Result<wire::SeenEpoch> heard = wire::SeenEpoch{"c1", 1};
  std::string called = "home";
  bool away = false;
  std::vector<wire::StoredCheckpoint> stored;
  std::vector<std::string> problems;
  std::string checkpoint_bytes;
  Status saved;
  std::string journal_text;
};

// No file of this process grows beyond `bytes` while it lives: writing fails there.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    if (::getrlimit(RLIMIT_FSIZE, &before_) != 0) throw std::runtime_error("getrlimit");
    set({.rlim_cur = bytes, .rlim_max = before_.rlim_max});
  }
  ~FileSizeLimit() {
    set(before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  static void set(const rlimit& limit) { EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0); }

  void (*handler_)(int);
  rlimit before_{};
};

// A NameNode's store that runs commands, and homes that follow it.
struct Rescue : ::testing::Test {
  Rescue() {
    std::filesystem::create_directory(folder.file("lost"));
    std::filesystem::create_directory(folder.file("new"));
    store = std::make_unique<SqliteStore>(in_file(folder.file("lost/metadata.db")));
    run(namenode::FormatCommand{
        .cluster = "c1", .owner = "root", .group = "root", .default_block_size = 1 << 20});
  }

  template <class Body>
  std::string run(const Body& body) {
    Command command;
    command.time = {1000 + clock};
    command.wall = {5000 + clock++};
    command.body = body;
    store->begin();
    (void)namenode::apply(*store, command);
    store->commit();
    return namenode::to_text(command);
  }
  std::string make_directory(const std::string& path) {
    wire::Mkdir mkdir;
    mkdir.caller = {.client = std::string(32, 'a'), .request = ++requests, .user = "u"};
    mkdir.path = path;
    namenode::RequestCommand request;
    request.body = mkdir;
    return run(request);
  }

  void take_checkpoint(FakeSource& home) {
    const std::string path = folder.file("copy.db");
    Backup backup(*store, path, "unix");
    while (!backup.done()) ASSERT_TRUE(backup.step(Backup::kSliceBytes).ok());
    wire::CheckpointHeader header = backup.finish().value();
    header.time = {5000 + clock};
    std::ifstream in(path, std::ios::binary);
    home.checkpoint_bytes = {std::istreambuf_iterator<char>(in), {}};
    home.journal_text = wire::journal_head(header);
    home.stored = {{.checkpoint = header, .journal_applied = header.applied}};
    states[&home] = wire::journal_begin(header);
  }
  void follow(FakeSource& home, const std::string& line) {
    wire::JournalState& state = states[&home];
    wire::JournalAppend append{.cluster = state.cluster,
                               .epoch = state.epoch,
                               .first = state.applied + 1,
                               .before = state.chain,
                               .lines = {line}};
    append.after = wire::chain_next(append.before, append.first, line);
    home.journal_text += wire::extend_journal(state, append).value();
    home.stored[0].journal_applied = state.applied;
  }

  Result<namenode::RescueReport> rescue_from(const std::vector<FakeSource*>& homes,
                                             std::uint64_t seed = 1) {
    return rescue(folder.file("new"), {homes.begin(), homes.end()}, {9000}, Random(seed));
  }
  // Everything durable, as the namespace sees it, with the epoch raised.
  std::uint64_t digest_in_epoch(std::uint64_t epoch) {
    run(namenode::RaiseEpochCommand{.above = epoch - 1});
    return digest_without_time(*store);
  }
  static std::uint64_t digest_without_time(SqliteStore& of) {
    namenode::MetaRow meta = of.meta();
    meta.time = {};
    of.begin();
    of.put_meta(meta);
    of.commit();
    return namenode::digest_of(of);
  }

  TemporaryFolder folder;
  std::unique_ptr<SqliteStore> store;
  std::map<FakeSource*, wire::JournalState> states;
  FakeSource one{};
  FakeSource two{};
  std::uint64_t requests = 0;
  std::int64_t clock = 0;
};

TEST_F(Rescue, BringsBackTheStateOfTheLastCommandThatGotThrough) {
  make_directory("/before");
  take_checkpoint(one);
  for (int i = 0; i < 500; ++i) follow(one, make_directory("/after" + std::to_string(i)));
  const Result<namenode::RescueReport> report = rescue_from({&one});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->replayed, 500u);
  EXPECT_EQ(report->applied, store->meta().applied);
  EXPECT_EQ(report->until.ms, 5000 + clock - 1);
  EXPECT_GT(report->epoch, 1u);
  EXPECT_THAT(report->notes, SizeIs(0));
  SqliteStore rescued(in_file(folder.file("new/metadata.db")));
  EXPECT_EQ(rescued.meta().epoch, report->epoch);
  EXPECT_EQ(digest_without_time(rescued), digest_in_epoch(report->epoch));
}

TEST_F(Rescue, TakesAnEpochAboveAllThatADataNodeHasSeenOrHasReplicasOf) {
  take_checkpoint(one);
  two.heard = wire::SeenEpoch{"c1", 200};
  EXPECT_GT(rescue_from({&one, &two}).value().epoch, 200u);
  two.away = true;
  EXPECT_GT(rescue_from({&two, &one}).value().epoch, 200u) << "whatever it keeps";
  one.found = {{.cluster = "c1", .info = {BlockId{first_id_of_epoch(300)}, 5, 1}, .inode = {}}};
  EXPECT_GT(rescue_from({&one, &two}).value().epoch, 300u);
}

TEST_F(Rescue, BelievesNoEpochOfAnotherClusterAndSaysWhatIsNotKnown) {
  take_checkpoint(one);
  two.called = "other";
  two.heard = wire::SeenEpoch{"c2", 200};
  two.found = {{.cluster = "c2", .info = {BlockId{first_id_of_epoch(300)}, 5, 1}, .inode = {}}};
  FakeSource three;
  three.called = "third";
  three.heard = Status(Code::kCorrupt, "VERSION is damaged");
  FakeSource fresh;
  fresh.heard = wire::SeenEpoch{};
  const Result<namenode::RescueReport> report = rescue_from({&one, &two, &three, &fresh});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_LE(report->epoch, 1u + 64);
  EXPECT_THAT(report->notes, ::testing::ElementsAre("other: is of another cluster, c2",
                                                    "third: VERSION is damaged"));
}

TEST_F(Rescue, SaysThatANewerHistoryIsKnownOf) {
  take_checkpoint(one);
  two.heard = wire::SeenEpoch{"c1", 40};
  EXPECT_THAT(rescue_from({&one, &two}).value().notes,
              ::testing::ElementsAre(HasSubstr("epoch 40 is known of")));
}

// Of two rescues from the same sources neither knows what the other raised.
TEST_F(Rescue, G1_HardlyEverRaisesAnEpochThatAnEarlierRescueDid) {
  take_checkpoint(one);
  std::set<std::uint64_t> epochs;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    epochs.insert(rescue_from({&one}, seed).value().epoch);
  }
  EXPECT_GE(epochs.size(), 6u);
}

TEST_F(Rescue, UsesTheHomeThatGotFurthest) {
  take_checkpoint(one);
  two.called = "other";
  take_checkpoint(two);
  for (int i = 0; i < 5; ++i) {
    const std::string line = make_directory("/d" + std::to_string(i));
    if (i < 3) follow(one, line);
    follow(two, line);
  }
  const Result<namenode::RescueReport> report = rescue_from({&one, &two});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->checkpoint_from, "other");
  EXPECT_EQ(report->applied, store->meta().applied);
}

TEST_F(Rescue, JoinsOneHomesCheckpointWithAnothersJournal) {
  two.called = "other";
  take_checkpoint(one);
  follow(one, make_directory("/a"));
  take_checkpoint(two);
  for (const char* path : {"/b", "/c"}) follow(two, make_directory(path));
  two.checkpoint_bytes[5000] ^= 1;
  const Result<namenode::RescueReport> report = rescue_from({&one, &two});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->checkpoint_from, "home");
  EXPECT_EQ(report->replayed, 3u);
  EXPECT_EQ(report->applied, store->meta().applied);
  ASSERT_THAT(report->notes, SizeIs(1));
  EXPECT_THAT(report->notes[0], HasSubstr("other: checkpoint"));
}

TEST_F(Rescue, StopsAtDamageInTheJournal) {
  take_checkpoint(one);
  for (const char* path : {"/a", "/b", "/c"}) follow(one, make_directory(path));
  one.journal_text[one.journal_text.find("/b") + 1] = 'x';
  const Result<namenode::RescueReport> report = rescue_from({&one});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->replayed, 1u);
  ASSERT_THAT(report->notes, SizeIs(1));
  EXPECT_THAT(report->notes[0], HasSubstr("home: the journal after command 1 of epoch 1: damaged "
                                          "after command 2, it had gone to 4"));
}

TEST_F(Rescue, BelievesWhatTheJournalsAreAndNotWhatWasSaidOfThem) {
  take_checkpoint(one);
  two.called = "other";
  for (int i = 0; i < 10; ++i) {
    const std::string line = make_directory("/d" + std::to_string(i));
    follow(one, line);
    if (i == 6) take_checkpoint(two);
    if (i == 7 || i == 8) follow(two, line);
  }
  one.journal_text[one.journal_text.find("/d2") + 1] = 'x';
  const Result<namenode::RescueReport> report = rescue_from({&one, &two});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->checkpoint_from, "other");
  EXPECT_EQ(report->applied, store->meta().applied - 1);
  ASSERT_THAT(report->notes, SizeIs(1));
  EXPECT_THAT(report->notes[0], HasSubstr("home: the journal after"));
}

TEST_F(Rescue, BeginsBehindACommandThatCannotBeReplayed) {
  take_checkpoint(one);
  two.called = "other";
  (void)make_directory("/a");
  follow(one, "no command");
  follow(one, make_directory("/b"));
  const Result<namenode::RescueReport> alone = rescue_from({&one});
  ASSERT_TRUE(alone.ok());
  EXPECT_EQ(alone->replayed, 0u);
  EXPECT_THAT(alone->notes, SizeIs(1));
  take_checkpoint(two);
  follow(one, make_directory("/c"));
  const Result<namenode::RescueReport> report = rescue_from({&one, &two});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->checkpoint_from, "other");
  EXPECT_EQ(report->applied, store->meta().applied) << "with the end of the first one's journal";
}

// An older copy of the metadata was put back while the DataNodes that had seen more were away.
TEST_F(Rescue, DoesNotMixTwoHistoriesOfOneEpoch) {
  FakeSource copy;
  take_checkpoint(copy);
  for (const char* path : {"/lost1", "/lost2"}) make_directory(path);
  take_checkpoint(one);
  for (const char* path : {"/lost3", "/lost4"}) follow(one, make_directory(path));
  store.reset();
  std::ofstream(folder.file("lost/metadata.db"), std::ios::binary) << copy.checkpoint_bytes;
  store = std::make_unique<SqliteStore>(in_file(folder.file("lost/metadata.db")));
  two.called = "other";
  take_checkpoint(two);
  for (const char* path : {"/1", "/2", "/3", "/4", "/5"}) follow(two, make_directory(path));
  const Result<namenode::RescueReport> report = rescue_from({&one, &two});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->checkpoint_from, "other");
  EXPECT_THAT(report->notes, ::testing::ElementsAre(HasSubstr("two histories of epoch 1: of the "
                                                              "one up to command 5 only")));
  SqliteStore rescued(in_file(folder.file("new/metadata.db")));
  EXPECT_EQ(digest_without_time(rescued), digest_in_epoch(report->epoch));
}

TEST_F(Rescue, SaysWhatASourceCouldNotRead) {
  take_checkpoint(one);
  one.problems = {"metadata: the head of journal-1-5.log is damaged"};
  EXPECT_THAT(rescue_from({&one}).value().notes,
              ::testing::ElementsAre("home: metadata: the head of journal-1-5.log is damaged"));
}

TEST_F(Rescue, KeepsADatabaseThatWasThere) {
  take_checkpoint(one);
  std::ofstream(folder.file("new/metadata.db")) << "damaged";
  const Result<namenode::RescueReport> report = rescue_from({&one});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->kept, folder.file("new/metadata.db.before-rescue-1"));
  EXPECT_TRUE(std::filesystem::exists(report->kept));
  SqliteStore rescued(in_file(folder.file("new/metadata.db")));
  EXPECT_EQ(rescued.meta().cluster, "c1");
}

TEST_F(Rescue, LeavesNoDatabaseWithoutItsLogWhenItCannotMoveAllOfItAside) {
  take_checkpoint(one);
  for (const char* name : {"new/metadata.db", "new/metadata.db-wal", "new/metadata.db-synced"}) {
    std::ofstream(folder.file(name)) << "damaged";
  }
  std::filesystem::create_directories(folder.file("new/metadata.db.before-rescue-1-synced/in"));
  EXPECT_EQ(rescue_from({&one}).status().code(), Code::kIo);
  EXPECT_FALSE(std::filesystem::exists(folder.file("new/metadata.db")));
  EXPECT_TRUE(std::filesystem::exists(folder.file("new/metadata.db.before-rescue-1")));
  EXPECT_TRUE(rescue_from({&one}).ok()) << "again";
}

TEST_F(Rescue, GoesOnWithoutASourceThatDoesNotAnswer) {
  take_checkpoint(one);
  two.away = true;
  two.called = "far";
  const Result<namenode::RescueReport> report = rescue_from({&two, &one});
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->notes, ::testing::ElementsAre("far: no answer"));
}

TEST_F(Rescue, SaysWhyThereIsNothingToRebuildFrom) {
  two.away = true;
  const Result<namenode::RescueReport> none = rescue_from({&one, &two});
  EXPECT_EQ(none.status().code(), Code::kNotFound);
  EXPECT_THAT(none.status().message(), HasSubstr("no source has a checkpoint"));
  take_checkpoint(one);
  one.checkpoint_bytes.resize(one.checkpoint_bytes.size() / 2);
  const Result<namenode::RescueReport> broken = rescue_from({&one});
  EXPECT_THAT(broken.status().message(), HasSubstr("no source has a usable checkpoint"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("new/metadata.db")));
  EXPECT_FALSE(std::filesystem::exists(folder.file("new/rescue.db")));
}

TEST_F(Rescue, FailsWhereTheLastChangesDoNotFitIntoTheDatabase) {
  for (int i = 0; i < 1000; ++i) (void)make_directory("/before" + std::to_string(i));
  take_checkpoint(one);
  for (int i = 0; i < 150; ++i) follow(one, make_directory("/after" + std::to_string(i)));
  {
    const FileSizeLimit limit(one.checkpoint_bytes.size() + 2 * kPageBytes);
    const Result<namenode::RescueReport> report = rescue_from({&one});
    EXPECT_THAT(report.status().message(), HasSubstr("its last changes cannot be written"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.file("new/metadata.db")));
  EXPECT_EQ(rescue_from({&one}).value().replayed, 150u);
}

TEST_F(Rescue, DoesNotFallBackToAnOlderCheckpointWhereTheDiskHereHasNoRoom) {
  take_checkpoint(one);
  (void)make_directory("/later");
  take_checkpoint(two);
  two.saved = {Code::kNoSpace, "no room"};
  const Result<namenode::RescueReport> report = rescue_from({&one, &two});
  EXPECT_EQ(report.status().code(), Code::kNoSpace);
  EXPECT_THAT(report.status().message(), HasSubstr("no room; nothing was changed"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("new/metadata.db")));
  EXPECT_FALSE(std::filesystem::exists(folder.file("new/rescue.db")));
  two.saved = {Code::kCorrupt, "damaged"};
  EXPECT_EQ(rescue_from({&one, &two}).value().checkpoint_from, one.called);
}

TEST_F(Rescue, DoesNotMixClusters) {
  take_checkpoint(one);
  two = one;
  two.stored[0].checkpoint.cluster = "c2";
  EXPECT_EQ(rescue_from({&one, &two}).status().code(), Code::kWrongCluster);
}

}  // namespace
}  // namespace dfs::sqlite
