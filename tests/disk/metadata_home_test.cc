// A DataNode's copies of the metadata: what was acknowledged is there after a restart, whole.
#include "adapters/disk/metadata_home.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "core/base/crc32c.h"

namespace dfs::disk {
namespace {

constexpr const char* kCluster = "c1";

wire::CheckpointHeader header_of(const std::string& content, std::uint64_t epoch,
                                 std::uint64_t applied) {
  return {.cluster = kCluster,
          .epoch = epoch,
          .applied = applied,
          .length = content.size(),
          .crc = crc32c(as_bytes(content)),
          .time = {1}};
}

wire::JournalAppend append_after(const wire::JournalState& state,
                                 const std::vector<std::string>& lines) {
  wire::JournalAppend append{.cluster = kCluster,
                             .epoch = state.epoch,
                             .first = state.applied + 1,
                             .before = state.chain,
                             .after = state.chain,
                             .lines = lines};
  std::uint64_t position = append.first;
  for (const std::string& line : lines) {
    append.after = wire::chain_next(append.after, position++, line);
  }
  return append;
}

// The real system, with syncs that can fail and names that cannot be read. As on a real disk, a
// sync that fails takes what is to be written for clean: no later one writes it.
struct FailingSystem : System {
  int sync(int fd) override {
    const std::vector<Written> pending = std::exchange(unsynced[inode_of(fd)], {});
    if (fail_syncs || (fail_folder_syncs && is_folder(fd))) return -EIO;
    for (const Written& written : pending) {
      std::string& file = durable[inode_of(fd)];
      file.resize(std::max(file.size(), written.offset + written.data.size()));
      file.replace(written.offset, written.data.size(), written.data);
    }
    return System::sync(fd);
  }
  std::int64_t write_at(int fd, Bytes data, std::uint64_t offset) override {
    const std::int64_t size = System::write_at(fd, data, offset);
    EXPECT_EQ(size, std::ssize(data));
    unsynced[inode_of(fd)].push_back({offset, std::string(as_text(data))});
    return size;
  }
  int open(int directory, const char* path, int flags, int mode) override {
    if (path == unreadable) return -EIO;
    const int fd = System::open(directory, path, flags, mode);
    if (fd >= 0 && (flags & O_EXCL) != 0)
      durable[inode_of(fd)].clear();  // one that was used before
    return fd;
  }
  int rename(int from_dir, const char* from, int to_dir, const char* to) override {
    return fail_renames ? -ENOSPC : System::rename(from_dir, from, to_dir, to);
  }
  int list(int directory, const char* path, std::vector<std::string>& names) override {
    return path == unreadable ? -EIO : System::list(directory, path, names);
  }
  void begin_writeback(int fd, std::uint64_t offset, std::uint64_t length) override {
    begun.emplace_back(offset, length);
    System::begin_writeback(fd, offset, length);
  }
  // What the disk has of a file.
  std::string durable_content(const std::filesystem::path& path) {
    const int fd = System::open(AT_FDCWD, path.c_str(), O_RDONLY, 0);
    const ino_t inode = inode_of(fd);
    System::close(fd);
    return durable[inode];
  }

  bool fail_syncs = false;
  bool fail_folder_syncs = false;
  bool fail_renames = false;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> begun;
  std::string unreadable;

 private:
  struct Written {
    std::uint64_t offset;
    std::string data;
  };
  static bool is_folder(int fd) {
    struct stat status {};
    EXPECT_EQ(::fstat(fd, &status), 0);
    return S_ISDIR(status.st_mode);
  }
  static ino_t inode_of(int fd) {
    struct stat status {};
    EXPECT_EQ(::fstat(fd, &status), 0);
    return status.st_ino;
  }

  std::map<ino_t, std::string> durable;
  std::map<ino_t, std::vector<Written>> unsynced;
};

struct Home : ::testing::Test {
  Home() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dfs-home-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
    reopen();
  }
  ~Home() override {
    home.reset();
    std::filesystem::remove_all(folder);
  }

  void reopen() {
    home.reset();
    auto opened =
        MetadataHome::open((folder / "metadata").string(), MetadataHome::Access::kOwner, system);
    ASSERT_TRUE(opened.ok());
    home = std::move(*opened);
  }
  Result<wire::JournalState> put(const std::string& content, std::uint64_t epoch,
                                 std::uint64_t applied) {
    return put(content, header_of(content, epoch, applied));
  }
  Result<wire::JournalState> put(const std::string& content, const wire::CheckpointHeader& header) {
    auto incoming = home->begin(header);
    if (!incoming.ok()) return incoming.status();
    const std::size_t half = content.size() / 2;
    Status status = incoming->write(as_bytes(content).first(half));
    if (status.ok()) status = incoming->write(as_bytes(content).subspan(half));
    if (!status.ok()) return status;
    return home->finish(std::move(*incoming));
  }
  std::string text_of(const Result<HomeFile>& file) {
    if (!file.ok()) return std::string(to_string(file.status().code()));
    std::string text(file->size(), '\0');
    const Status status =
        file->read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    return status.ok() ? text : status.message();
  }
  std::string journal_text(std::uint64_t epoch, std::uint64_t applied) {
    return text_of(home->journal(kCluster, epoch, applied));
  }
  void lose_power() {
    for (const auto& entry : std::filesystem::directory_iterator(folder / "metadata")) {
      const std::string content = system.durable_content(entry.path());
      std::ofstream(entry.path(), std::ios::binary) << content;
    }
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder / "metadata"), {}));
  }

  std::filesystem::path folder;
  FailingSystem system;
  std::unique_ptr<MetadataHome> home;
};

TEST_F(Home, HasNothingAtFirst) {
  EXPECT_TRUE(home->list().checkpoints.empty());
  const auto state = home->append({.cluster = kCluster, .epoch = 1, .lines = {}});
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(*state, wire::JournalState{});
  EXPECT_EQ(home->checkpoint(kCluster, 1, 5).status().code(), Code::kNotFound);
}

TEST_F(Home, KeepsACheckpointAndItsJournalOverARestart) {
  wire::JournalState state = put("database", 1, 5).value();
  state = home->append(append_after(state, {"one", "two"})).value();
  state = home->append(append_after(state, {"three"})).value();
  EXPECT_EQ(state.applied, 8u);
  reopen();
  const wire::JournalState question =
      home->append({.cluster = kCluster, .epoch = 1, .lines = {}}).value();
  EXPECT_EQ(question, state);
  EXPECT_EQ(text_of(home->checkpoint(kCluster, 1, 5)), "database");
  const std::string text = journal_text(1, 5);
  const auto journal = wire::read_journal(text);
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(journal->lines.size(), 3u);
  EXPECT_EQ(home->list().checkpoints.at(0).journal_applied, 8u);
  EXPECT_EQ(home->append(append_after(state, {"four"})).value().applied, 9u);
}

// At the end there must not be gigabytes to sync while the NameNode waits for the answer.
TEST_F(Home, BeginsToWriteACheckpointBackWhileItArrives) {
  const std::string content(std::size_t{20} << 20, 'x');
  auto incoming = home->begin(header_of(content, 1, 5));
  ASSERT_TRUE(incoming.ok());
  constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;
  for (std::uint64_t at = 0; at < content.size(); at += kPiece) {
    ASSERT_TRUE(incoming->write(as_bytes(content).subspan(at, kPiece)).ok());
  }
  using Range = std::pair<std::uint64_t, std::uint64_t>;
  EXPECT_EQ(system.begun, (std::vector<Range>{{0, 8 * kPiece}, {8 * kPiece, 8 * kPiece}}));
  EXPECT_TRUE(home->finish(std::move(*incoming)).ok());
}

TEST_F(Home, HDFS_16507_HDFS_17105_KeepsTheNewestTwoCheckpoints) {
  ASSERT_TRUE(put("a", 1, 5).ok());
  ASSERT_TRUE(put("b", 1, 9).ok());
  ASSERT_TRUE(put("c", 2, 7).ok());
  ASSERT_EQ(home->list().checkpoints.size(), 2u);
  EXPECT_EQ(home->list().checkpoints[0].checkpoint.epoch, 2u);
  EXPECT_EQ(home->list().checkpoints[1].checkpoint.applied, 9u);
  EXPECT_EQ(files(), 4u);
  reopen();
  EXPECT_EQ(home->list().checkpoints.size(), 2u);
  EXPECT_EQ(home->list().checkpoints[0].checkpoint.epoch, 2u);
}

TEST_F(Home, RefusesAnOlderHistory) {
  ASSERT_TRUE(put("a", 2, 5).ok());
  EXPECT_EQ(put("b", 1, 900).status().code(), Code::kStale);
  EXPECT_EQ(put("b", 2, 4).status().code(), Code::kStale);
  EXPECT_EQ(text_of(home->checkpoint(kCluster, 2, 5)), "a");
}

TEST_F(Home, RefusesACheckpointThatItsJournalHasGoneBeyond) {
  wire::JournalState state = put("a", 1, 5).value();
  auto late = home->begin(header_of("b", 1, 6));
  ASSERT_TRUE(late.ok());
  ASSERT_TRUE(late->write(as_bytes("b")).ok());
  state = home->append(append_after(state, {"one", "two", "three"})).value();
  EXPECT_EQ(put("b", 1, 6).status().code(), Code::kStale);
  EXPECT_EQ(home->finish(std::move(*late)).status().code(), Code::kStale);
  reopen();
  EXPECT_EQ(put("b", 1, 7).status().code(), Code::kStale);
  EXPECT_EQ(home->list().checkpoints.at(0).journal_applied, 8u);
  EXPECT_TRUE(put("b", 1, 8).ok());
}

// The journal of the older one goes on, because the newer one was not acknowledged.
TEST_F(Home, RefusesACheckpointThatAnOlderOnesJournalHasGoneBeyond) {
  wire::JournalState state = put("a", 1, 5).value();
  state = home->append(append_after(state, {"6", "7"})).value();
  system.fail_folder_syncs = true;
  EXPECT_EQ(put("b", 1, 7).status().code(), Code::kIo);
  system.fail_folder_syncs = false;
  state = home->append(append_after(state, {"8", "9"})).value();
  reopen();
  EXPECT_EQ(home->append({.cluster = kCluster, .epoch = 1, .lines = {}}).value().applied, 9u);
  EXPECT_EQ(put("from an older copy", 1, 8).status().code(), Code::kStale);
  state = home->append(append_after(state, {"10"})).value();
  EXPECT_EQ(state.applied, 10u);
  reopen();
  EXPECT_EQ(home->list().checkpoints.at(0).journal_applied, 10u);
  EXPECT_EQ(text_of(home->checkpoint(kCluster, 1, 5)), "a");
  EXPECT_EQ(files(), 4u);
}

TEST_F(Home, GoesOnWithAJournalThatCouldNotBeOpenedForAMoment) {
  const wire::JournalState state = put("a", 1, 5).value();
  system.unreadable = "journal-1-5.log";
  EXPECT_EQ(home->append(append_after(state, {"6"})).status().code(), Code::kIo);
  system.unreadable.clear();
  EXPECT_EQ(home->append(append_after(state, {"6"})).value().applied, 6u);
}

TEST_F(Home, LeavesNothingOfACheckpointThatCouldNotGetItsName) {
  system.fail_renames = true;
  EXPECT_EQ(put("a", 1, 5).status().code(), Code::kNoSpace);
  EXPECT_EQ(files(), 0u);
}

TEST_F(Home, RefusesACheckpointThatDidNotArriveWhole) {
  wire::CheckpointHeader header = header_of("whole", 1, 5);
  EXPECT_EQ(put("whol", header).status().code(), Code::kCorrupt);
  EXPECT_EQ(put("whole thing", header).status().code(), Code::kCorrupt);
  EXPECT_EQ(put("whale", header).status().code(), Code::kCorrupt);
  EXPECT_TRUE(home->list().checkpoints.empty());
  EXPECT_EQ(files(), 0u);
}

TEST_F(Home, DoesNotAppendToAJournalWithADamagedEnd) {
  wire::JournalState state = put("database", 1, 5).value();
  state = home->append(append_after(state, {"one", "two"})).value();
  const std::filesystem::path path = folder / "metadata" / "journal-1-5.log";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 2);
  reopen();
  EXPECT_EQ(home->append(append_after(state, {"three"})).value(), wire::JournalState{});
  EXPECT_EQ(home->list().checkpoints.at(0).journal_applied, 6u) << "what rescue would find";
  const wire::JournalAppend question{.cluster = kCluster, .epoch = 1, .lines = {}};
  EXPECT_EQ(home->append(question).value().applied, 6u) << "a NameNode behind that must know";
  ASSERT_TRUE(put("newer", 1, 7).ok());
  EXPECT_EQ(home->list().checkpoints.at(0).journal_applied, 7u);
}

TEST_F(Home, AcknowledgesNothingThatItCannotSync) {
  const wire::JournalState state = put("database", 1, 5).value();
  system.fail_syncs = true;
  EXPECT_EQ(home->append(append_after(state, {"one"})).status().code(), Code::kIo);
  EXPECT_EQ(put("newer", 1, 7).status().code(), Code::kIo);
  system.fail_syncs = false;
  EXPECT_EQ(home->append(append_after(state, {"one"})).value(), wire::JournalState{})
      << "what became of the failed append is unknown";
  ASSERT_TRUE(put("newer", 1, 7).ok());
}

TEST_F(Home, MakesDurableWhatAFailedSyncLeftBeforeItGoesOn) {
  wire::JournalState state = put("database", 1, 5).value();
  system.fail_syncs = true;
  EXPECT_FALSE(home->append(append_after(state, {"one"})).ok());
  system.fail_syncs = false;
  reopen();
  state = home->append({.cluster = kCluster, .epoch = 1, .lines = {}}).value();
  EXPECT_EQ(state.applied, 6u) << "it is there, as far as can be seen";
  state = home->append(append_after(state, {"two"})).value();
  EXPECT_EQ(state.applied, 7u);
  lose_power();
  reopen();
  EXPECT_EQ(home->append({.cluster = kCluster, .epoch = 1, .lines = {}}).value(), state);
  EXPECT_EQ(text_of(home->checkpoint(kCluster, 1, 5)), "database");
  EXPECT_EQ(files(), 2u);
}

TEST_F(Home, DoesNotAppendToAJournalThatCannotBeMadeDurable) {
  ASSERT_TRUE(put("a", 1, 5).ok());
  ASSERT_TRUE(put("b", 1, 9).ok());
  const wire::JournalState state = put("c", 1, 12).value();
  const auto left = folder / "metadata" / "checkpoint-1-5.db";
  std::ofstream(left) << "left";
  system.fail_syncs = true;
  reopen();
  system.fail_syncs = false;
  EXPECT_EQ(home->list().problems.size(), 1u);
  EXPECT_EQ(home->append(append_after(state, {"one"})).value(), wire::JournalState{});
  EXPECT_EQ(home->list().checkpoints.size(), 2u);
  EXPECT_EQ(files(), 5u) << "nothing is dropped for what may not be durable";
  reopen();
  EXPECT_EQ(files(), 4u);
  EXPECT_EQ(home->append(append_after(state, {"one"})).value().applied, 13u);
}

TEST_F(Home, SaysWhatItCannotRead) {
  const auto problems = [&](const std::string& unreadable) {
    system.unreadable = unreadable;
    reopen();
    system.unreadable.clear();
    const std::vector<std::string> found = home->list().problems;
    EXPECT_EQ(found.size(), unreadable.empty() ? 0u : 1u);
    return found.empty() ? "" : found[0];
  };
  ASSERT_TRUE(put("a", 1, 5).ok());
  ASSERT_TRUE(put("b", 1, 9).ok());
  EXPECT_EQ(problems(""), "");
  for (const std::string name : {"journal-1-5.log", "checkpoint-1-5.db"}) {
    EXPECT_NE(problems(name).find(name), std::string::npos);
    EXPECT_EQ(home->list().checkpoints.size(), 1u);
  }
  EXPECT_NE(problems(".").find("directory"), std::string::npos);
  EXPECT_EQ(home->list().checkpoints.size(), 0u);

  std::ofstream(folder / "metadata" / "checkpoint-1-5.db") << "longer";
  std::ofstream(folder / "metadata" / "journal-1-9.log") << "no head";
  reopen();
  EXPECT_EQ(home->list().checkpoints.size(), 0u);
  EXPECT_EQ(home->list().problems,
            (std::vector<std::string>{"metadata: checkpoint-1-5.db has another length than it had",
                                      "metadata: the head of journal-1-9.log is damaged"}));
}

TEST_F(Home, DropsWhatACrashLeftOfOlderCheckpoints) {
  ASSERT_TRUE(put("a", 1, 15).ok());
  const auto leave = [&](const std::string& name) { std::ofstream(folder / "metadata" / name); };
  for (const char* name : {"checkpoint-1-9.db", "journal-1-9.log"}) leave(name);
  reopen();
  EXPECT_EQ(files(), 4u) << "there are not two that count";
  ASSERT_TRUE(put("b", 2, 7).ok());
  for (const char* name : {"checkpoint-1-16.db", "checkpoint-9.db"}) leave(name);
  reopen();
  EXPECT_EQ(files(), 6u) << "the two older files are gone";
  EXPECT_TRUE(std::filesystem::exists(folder / "metadata" / "checkpoint-1-16.db"));
  EXPECT_EQ(home->list().checkpoints.size(), 2u);
}

TEST_F(Home, DropsWhatWasNeverFinished) {
  {
    auto incoming = home->begin(header_of("abandoned", 1, 5));
    ASSERT_TRUE(incoming.ok());
    ASSERT_TRUE(incoming->write(as_bytes("aban")).ok());
  }
  EXPECT_EQ(files(), 0u);
  std::ofstream(folder / "metadata" / "incoming-9") << "left by a crash";
  ASSERT_TRUE(
      MetadataHome::open((folder / "metadata").string(), MetadataHome::Access::kReader).ok());
  EXPECT_EQ(files(), 1u) << "a reader changes nothing";
  reopen();
  EXPECT_EQ(files(), 0u);
}

}  // namespace
}  // namespace dfs::disk
