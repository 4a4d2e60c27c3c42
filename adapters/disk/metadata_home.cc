#include "adapters/disk/metadata_home.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>

#include "core/base/crc32c.h"

namespace dfs::disk {
namespace {

constexpr std::size_t kKept = 2;
constexpr std::string_view kJournal = "journal-";
constexpr std::string_view kCheckpoint = "checkpoint-";
constexpr std::string_view kIncoming = "incoming-";

Status failed(std::string_view what, std::int64_t error) {
  const Code code = -error == ENOSPC || -error == EDQUOT ? Code::kNoSpace : Code::kIo;
  return {code, "metadata: cannot " + std::string(what) + " on this DataNode (error " +
                    std::to_string(-error) + ")"};
}

std::string stem(const wire::CheckpointHeader& header) {
  return std::to_string(header.epoch) + "-" + std::to_string(header.applied);
}
std::string journal_name(const wire::CheckpointHeader& header) {
  return std::string(kJournal) + stem(header) + ".log";
}
std::string checkpoint_name(const wire::CheckpointHeader& header) {
  return std::string(kCheckpoint) + stem(header) + ".db";
}

// Epoch and position in the name of a checkpoint or a journal.
std::optional<std::tuple<std::uint64_t, std::uint64_t>> position_of(std::string_view name) {
  const std::string_view kind = name.starts_with(kJournal) ? kJournal : kCheckpoint;
  if (!name.starts_with(kind)) return std::nullopt;
  const char* end = name.data() + name.size();
  std::uint64_t epoch = 0;
  std::uint64_t applied = 0;
  const auto dash = std::from_chars(name.data() + kind.size(), end, epoch);
  if (dash.ec != std::errc() || dash.ptr == end || *dash.ptr != '-') return std::nullopt;
  if (std::from_chars(dash.ptr + 1, end, applied).ec != std::errc()) return std::nullopt;
  return std::tuple(epoch, applied);
}

Status write_all(System& system, int fd, Bytes data, std::uint64_t offset) {
  while (!data.empty()) {
    const std::int64_t written = system.write_at(fd, data, offset);
    if (written == -EINTR) continue;
    if (written <= 0) return failed("write", written == 0 ? -EIO : written);
    data = data.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

// Closes a descriptor at the end of a scope.
struct Closing {
  System& system;
  int fd;
  ~Closing() {
    if (fd >= 0) system.close(fd);
  }
};

}  // namespace

HomeFile::HomeFile(HomeFile&& other) noexcept
    : system_(other.system_), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}
HomeFile& HomeFile::operator=(HomeFile&& other) noexcept {
  std::swap(system_, other.system_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  return *this;
}
HomeFile::~HomeFile() {
  if (fd_ >= 0) system_->close(fd_);
}

Status HomeFile::read(std::uint64_t offset, MutableBytes out) const {
  while (!out.empty()) {
    const std::int64_t got = system_->read_at(fd_, out, offset);
    if (got == -EINTR) continue;
    if (got <= 0) return failed("read", got == 0 ? -EIO : got);
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

MetadataHome::Incoming::Incoming(MetadataHome& home, wire::CheckpointHeader header,
                                 std::string name, int fd)
    : home_(&home), header_(std::move(header)), name_(std::move(name)), fd_(fd) {}
MetadataHome::Incoming::Incoming(Incoming&& other) noexcept
    : home_(other.home_),
      header_(std::move(other.header_)),
      name_(std::move(other.name_)),
      fd_(std::exchange(other.fd_, -1)),
      length_(other.length_),
      written_back_(other.written_back_),
      crc_(other.crc_) {}
MetadataHome::Incoming::~Incoming() {
  if (fd_ < 0) return;
  home_->system_.close(fd_);
  home_->system_.unlink(home_->directory_, name_.c_str());
}

Status MetadataHome::Incoming::write(Bytes data) {
  if (length_ + data.size() > header_.length) {
    return {Code::kCorrupt, "metadata: more came than the checkpoint's length"};
  }
  Status status = write_all(home_->system_, fd_, data, length_);
  length_ += data.size();
  crc_ = crc32c(data, crc_);
  if (status.ok() && length_ >= written_back_ + kWritebackBytes) {
    home_->system_.begin_writeback(fd_, written_back_, length_ - written_back_);
    written_back_ = length_;
  }
  return status;
}

Result<std::unique_ptr<MetadataHome>> MetadataHome::open(const std::string& directory,
                                                         Access access, System& system) {
  const int made =
      access == Access::kOwner ? system.make_directory(AT_FDCWD, directory.c_str()) : -EEXIST;
  if (made < 0 && made != -EEXIST) return failed("make its directory", made);
  const int fd = system.open(AT_FDCWD, directory.c_str(), O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return failed("open its directory", fd);
  std::unique_ptr<MetadataHome> home(new MetadataHome(system, fd));
  home->load(access);
  return home;
}

MetadataHome::~MetadataHome() { system_.close(directory_); }

// What cannot be read is left where it is, and told of: the NameNode sends everything again.
void MetadataHome::load(Access access) {
  std::vector<std::string> names;
  if (const int error = system_.list(directory_, ".", names); error < 0) {
    problems_.push_back(failed("read its directory", error).message());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const bool unfinished = name.starts_with(kIncoming) && access == Access::kOwner;
    if (unfinished) system_.unlink(directory_, name.c_str());
    if (!name.starts_with(kJournal)) continue;
    const Status status = load_journal(name);
    if (!status.ok()) problems_.push_back(status.message());
  }
  const auto reach = [](const Stored& stored) {
    return std::tuple(stored.state.epoch, stored.state.applied, stored.checkpoint.applied);
  };
  std::sort(stored_.begin(), stored_.end(),
            [&](const Stored& a, const Stored& b) { return reach(a) > reach(b); });
  if (access != Access::kOwner) return;
  if (const Status settled = settle(); settled.ok()) {
    drop_leftovers(names);
  } else {
    problems_.push_back(settled.message());
  }
}

// The process before this one may have died before a sync, or been told that one failed: then the
// journal's end is in memory only, and no later sync of the file writes it, since the system takes
// it for clean. So the journal is written once more, as another file, which takes its name.
Status MetadataHome::settle() {
  if (stored_.empty() || !stored_.front().appendable) return {};
  Stored& newest = stored_.front();
  newest.appendable = false;  // until it is known to be whole again
  const std::string name = journal_name(newest.checkpoint);
  const Result<std::string> text = read_whole(name);
  if (!text.ok()) return text.status();
  const std::string again = std::string(kIncoming) + "again.log";
  Status status = write_file(again, as_bytes(*text));
  if (status.ok()) {
    const int error = system_.rename(directory_, again.c_str(), directory_, name.c_str());
    if (error < 0) status = failed("rename a journal", error);
  }
  if (!status.ok()) {
    system_.unlink(directory_, again.c_str());
    return status;
  }
  if (const int error = system_.sync(directory_); error < 0) return failed("sync", error);
  newest.appendable = true;
  return {};
}

// What a crash left while a checkpoint was dropped or published. Files that are younger than the
// oldest that is kept may still be worth something to somebody who looks at them.
void MetadataHome::drop_leftovers(const std::vector<std::string>& names) {
  if (stored_.size() < kKept) return;
  stored_.erase(stored_.begin() + kKept, stored_.end());
  auto oldest = std::tuple(UINT64_MAX, UINT64_MAX);
  for (const Stored& stored : stored_) {
    oldest = std::min(oldest, std::tuple(stored.checkpoint.epoch, stored.checkpoint.applied));
  }
  for (const std::string& name : names) {
    const auto position = position_of(name);
    if (position && *position < oldest) {
      system_.unlink(directory_, name.c_str());
    }
  }
}

Status MetadataHome::load_journal(const std::string& name) {
  const Result<std::string> text = read_whole(name);
  if (!text.ok()) return text.status();
  const Result<wire::Journal> journal = wire::read_journal(*text);
  if (!journal.ok() || journal_name(journal->checkpoint) != name) {
    return {Code::kCorrupt, "metadata: the head of " + name + " is damaged"};
  }
  const std::string below = checkpoint_name(journal->checkpoint);
  const Result<HomeFile> checkpoint = open_file(below);
  if (!checkpoint.ok()) return checkpoint.status();
  if (checkpoint->size() != journal->checkpoint.length) {
    return {Code::kCorrupt, "metadata: " + below + " has another length than it had"};
  }
  stored_.push_back({.checkpoint = journal->checkpoint,
                     .state = journal->state,
                     .appendable = journal->verified_bytes == text->size()});
  return {};
}

Result<wire::JournalState> MetadataHome::append(const wire::JournalAppend& append) {
  const std::lock_guard lock(mutex_);
  wire::JournalState next;
  // A question is answered with how far it goes, also where nothing can be appended.
  const bool tell = !stored_.empty() && (stored_.front().appendable || append.lines.empty());
  if (tell) next = stored_.front().state;
  const std::uint64_t end = next.journal_bytes;
  const Result<std::string> text = wire::extend_journal(next, append);
  if (!text.ok()) return text.status();
  if (text->empty()) return next;
  Stored& newest = stored_.front();
  const Closing file{
      system_, system_.open(directory_, journal_name(newest.checkpoint).c_str(), O_WRONLY, 0)};
  if (file.fd < 0) return failed("open the journal", file.fd);
  newest.appendable = false;  // until it is known to be whole again
  if (Status status = write_all(system_, file.fd, as_bytes(*text), end); !status.ok()) {
    return status;
  }
  if (const int error = system_.sync(file.fd); error < 0) return failed("sync", error);
  newest.state = next;
  newest.appendable = true;
  return next;
}

Result<MetadataHome::Incoming> MetadataHome::begin(const wire::CheckpointHeader& header) {
  const std::lock_guard lock(mutex_);
  if (Status status = check_newest(header); !status.ok()) return status;
  const std::string name = std::string(kIncoming) + std::to_string(++incoming_);
  const int fd = system_.open(directory_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0) return failed("make a file", fd);
  return Incoming(*this, header, name, fd);
}

Status MetadataHome::check_newest(const wire::CheckpointHeader& header) const {
  if (stored_.empty()) return {};
  const wire::JournalState& newest = stored_.front().state;
  if (std::tuple(header.epoch, header.applied) >= std::tuple(newest.epoch, newest.applied)) {
    return {};
  }
  return {Code::kStale, "metadata: this DataNode has a newer history, up to command " +
                            std::to_string(newest.applied) + " of epoch " +
                            std::to_string(newest.epoch)};
}

Result<wire::JournalState> MetadataHome::finish(Incoming incoming) {
  const wire::CheckpointHeader& header = incoming.header_;
  if (incoming.length_ != header.length || incoming.crc_ != header.crc) {
    return {Code::kCorrupt, "metadata: the checkpoint did not arrive whole"};
  }
  if (const int error = system_.sync(incoming.fd_); error < 0) return failed("sync", error);
  const std::lock_guard lock(mutex_);
  if (Status status = check_newest(header); !status.ok()) return status;  // what came meanwhile
  const Stored stored{
      .checkpoint = header, .state = wire::journal_begin(header), .appendable = true};
  if (Status status = publish(incoming.name_, stored); !status.ok()) return status;
  std::erase_if(stored_, [&](const Stored& old) { return stem(old.checkpoint) == stem(header); });
  stored_.insert(stored_.begin(), stored);
  drop_old();
  return stored.state;
}

// A journal of the same checkpoint goes first: it must never follow another file than its own.
Status MetadataHome::publish(const std::string& incoming_name, const Stored& stored) {
  const std::string journal_incoming = incoming_name + ".log";
  const std::string journal = journal_name(stored.checkpoint);
  const int removed = system_.unlink(directory_, journal.c_str());
  if (removed < 0 && removed != -ENOENT) return failed("remove an old journal", removed);
  Status status = write_file(journal_incoming, as_bytes(wire::journal_head(stored.checkpoint)));
  int error = 0;
  if (status.ok()) {
    error = system_.rename(directory_, incoming_name.c_str(), directory_,
                           checkpoint_name(stored.checkpoint).c_str());
  }
  if (status.ok() && error == 0) {
    error = system_.rename(directory_, journal_incoming.c_str(), directory_, journal.c_str());
  }
  if (!status.ok() || error < 0) system_.unlink(directory_, journal_incoming.c_str());
  if (!status.ok()) return status;
  if (error == 0) error = system_.sync(directory_);
  return error < 0 ? failed("publish the checkpoint", error) : Status();
}

Status MetadataHome::write_file(const std::string& name, Bytes data) {
  const Closing file{system_,
                     system_.open(directory_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644)};
  if (file.fd < 0) return failed("make a file", file.fd);
  if (Status status = write_all(system_, file.fd, data, 0); !status.ok()) return status;
  const int error = system_.sync(file.fd);
  return error < 0 ? failed("sync", error) : Status();
}

void MetadataHome::drop_old() {
  while (stored_.size() > kKept) {
    system_.unlink(directory_, journal_name(stored_.back().checkpoint).c_str());
    system_.unlink(directory_, checkpoint_name(stored_.back().checkpoint).c_str());
    stored_.pop_back();
  }
}

wire::MetadataList MetadataHome::list() const {
  const std::lock_guard lock(mutex_);
  wire::MetadataList list;
  for (const Stored& stored : stored_) {
    list.checkpoints.push_back({.checkpoint = stored.checkpoint,
                                .journal_applied = stored.state.applied,
                                .journal_bytes = stored.state.journal_bytes});
  }
  list.problems = problems_;
  return list;
}

Result<HomeFile> MetadataHome::open_file(const std::string& name) const {
  const int fd = system_.open(directory_, name.c_str(), O_RDONLY, 0);
  if (fd < 0) return failed("open " + name, fd);
  FileInfo info;
  if (const int error = system_.stat_file(fd, info); error < 0) {
    system_.close(fd);
    return failed("read " + name, error);
  }
  return HomeFile(system_, fd, info.size);
}

Result<std::string> MetadataHome::read_whole(const std::string& name) const {
  const Result<HomeFile> file = open_file(name);
  if (!file.ok()) return file.status();
  std::string text(file->size(), '\0');
  auto* bytes = reinterpret_cast<std::uint8_t*>(text.data());
  const Status status = file->read(0, {bytes, text.size()});
  if (!status.ok()) return Status(status.code(), status.message() + ": " + name);
  return text;
}

Result<HomeFile> MetadataHome::find(const std::string& cluster, std::uint64_t epoch,
                                    std::uint64_t applied, bool journal) const {
  const std::lock_guard lock(mutex_);
  for (const Stored& stored : stored_) {
    const wire::CheckpointHeader& header = stored.checkpoint;
    if (header.cluster != cluster || header.epoch != epoch || header.applied != applied) continue;
    return open_file(journal ? journal_name(header) : checkpoint_name(header));
  }
  return {Code::kNotFound, "metadata: no checkpoint " + std::to_string(epoch) + "-" +
                               std::to_string(applied) + " of this cluster here"};
}

Result<HomeFile> MetadataHome::checkpoint(const std::string& cluster, std::uint64_t epoch,
                                          std::uint64_t applied) const {
  return find(cluster, epoch, applied, false);
}
Result<HomeFile> MetadataHome::journal(const std::string& cluster, std::uint64_t epoch,
                                       std::uint64_t applied) const {
  return find(cluster, epoch, applied, true);
}

}  // namespace dfs::disk
