#include "adapters/sqlite/wal_audit.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/sqlite/checksum_vfs.h"

namespace dfs::sqlite {
namespace {

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::size_t kMarkEnds = 8;          // of a frame's header; the salts follow
constexpr std::size_t kSectorBytes = 512;     // the smallest that a disk writes as a whole
constexpr std::uint32_t kMagic = 0x377f0682;  // the last bit: checksums over big-endian words

// A file of a VFS, read without SQLite. One that is not there is empty.
class RawFile {
 public:
  RawFile(sqlite3_vfs* vfs, const std::string& name, int flags)
      : memory_((static_cast<std::size_t>(vfs->szOsFile) + sizeof(std::max_align_t) - 1) /
                sizeof(std::max_align_t)) {
    std::vector<char> path(static_cast<std::size_t>(vfs->mxPathname) + 1);
    const int size = static_cast<int>(path.size());
    if (vfs->xFullPathname(vfs, name.c_str(), size, path.data()) != SQLITE_OK) return;
    int exists = 0;
    failed_ = vfs->xAccess(vfs, path.data(), SQLITE_ACCESS_EXISTS, &exists) != SQLITE_OK;
    if (failed_ || exists == 0) return;
    opened_ =
        vfs->xOpen(vfs, path.data(), file(), flags | SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK;
    failed_ = !opened_;
  }
  ~RawFile() {
    if (file()->pMethods != nullptr) file()->pMethods->xClose(file());
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  [[nodiscard]] std::size_t size() {
    sqlite3_int64 size = 0;
    if (!opened_) return 0;
    failed_ = file()->pMethods->xFileSize(file(), &size) != SQLITE_OK || failed_;
    return failed_ ? 0 : static_cast<std::size_t>(size);
  }
  [[nodiscard]] bool read(std::size_t offset, MutableBytes out) {
    if (!opened_) return false;
    const int code = file()->pMethods->xRead(file(), out.data(), static_cast<int>(out.size()),
                                             static_cast<sqlite3_int64>(offset));
    failed_ = (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) || failed_;
    return code == SQLITE_OK;
  }
  // An error of the disk has come between: what was read says nothing.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }

  std::vector<std::max_align_t> memory_;
  bool opened_ = false;
  bool failed_ = false;
};

std::uint32_t big_endian(const std::uint8_t* in) {
  return std::uint32_t{in[0]} << 24 | std::uint32_t{in[1]} << 16 | std::uint32_t{in[2]} << 8 |
         std::uint32_t{in[3]};
}

// SQLite's checksum of its log: two sums that run on from frame to frame.
struct Sums {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  static Sums stored_at(const std::uint8_t* in) { return {big_endian(in), big_endian(in + 4)}; }
  [[nodiscard]] Sums with(Bytes data, bool big) const {
    return big ? add<big_endian>(data) : add<get_le32>(data);
  }
  // The sums that become these over `data`.
  [[nodiscard]] Sums without(Bytes data, bool big) const {
    return big ? take<big_endian>(data) : take<get_le32>(data);
  }
  friend bool operator==(const Sums&, const Sums&) = default;

 private:
  template <std::uint32_t (*kWord)(const std::uint8_t*)>
  [[nodiscard]] Sums add(Bytes data) const {
    Sums sums = *this;
    for (std::size_t i = 0; i + 8 <= data.size(); i += 8) {
      sums.first += kWord(data.data() + i) + sums.second;
      sums.second += kWord(data.data() + i + 4) + sums.first;
    }
    return sums;
  }
  template <std::uint32_t (*kWord)(const std::uint8_t*)>
  [[nodiscard]] Sums take(Bytes data) const {
    Sums sums = *this;
    for (std::size_t i = data.size() / 8 * 8; i != 0; i -= 8) {
      sums.second -= kWord(data.data() + i - 4) + sums.first;
      sums.first -= kWord(data.data() + i - 8) + sums.second;
    }
    return sums;
  }
};

// The number of a frame's page, and how many pages the database has if it ends a transaction.
struct Mark {
  std::uint32_t page = 0;
  std::uint32_t pages = 0;

  // The one that makes the sums `before` into `after`.
  static Mark between(const Sums& before, const Sums& after, bool big) {
    const std::uint32_t first = after.first - before.first - before.second;
    const std::uint32_t second = after.second - before.second - after.first;
    if (big) return {first, second};
    std::array<std::uint8_t, kMarkEnds> bytes;
    put_le32(bytes.data(), first);
    put_le32(bytes.data() + 4, second);
    return {big_endian(bytes.data()), big_endian(bytes.data() + 4)};
  }
};

struct Frame {
  Mark mark;  // as stored
  Mark told;  // as the sums around it say; of no sense if the page is not whole, either
  std::array<std::uint8_t, 8> salts{};
  Sums sums;               // as stored
  bool whole = false;      // they follow from the frame before
  std::size_t offset = 0;  // of the page, in the log
};

struct Log {
  std::size_t page_bytes = 0;
  bool header_whole = false;
  std::array<std::uint8_t, 8> salts{};
  std::vector<Frame> frames;

  [[nodiscard]] bool has(const Frame& frame) const { return frame.salts == salts; }
};

std::optional<Log> read_log(RawFile& file, std::size_t page_bytes) {
  std::array<std::uint8_t, kHeaderBytes> header;
  const std::size_t size = file.size();
  if (size < kHeaderBytes || !file.read(0, header)) return std::nullopt;
  Log log;
  log.page_bytes = page_bytes;
  const std::uint32_t magic = big_endian(header.data());
  const bool big = (magic & 1) != 0;
  const Sums stored = Sums::stored_at(header.data() + 24);
  // The sums before a frame: as stored there, and as its content says.
  Sums before = stored;
  Sums computed = Sums{}.with(Bytes(header).first(24), big);
  log.header_whole = (magic | 1) == (kMagic | 1) && big_endian(header.data() + 8) == page_bytes &&
                     computed == stored;
  std::memcpy(log.salts.data(), header.data() + 16, 8);
  std::vector<std::uint8_t> bytes(kFrameHeaderBytes + page_bytes);
  std::vector<std::uint8_t> last(bytes.size());
  Sums before_last;
  for (std::size_t at = kHeaderBytes; at + bytes.size() <= size; at += bytes.size()) {
    if (!file.read(at, bytes)) return std::nullopt;
    Frame frame;
    frame.mark = {big_endian(bytes.data()), big_endian(bytes.data() + 4)};
    std::memcpy(frame.salts.data(), bytes.data() + 8, 8);
    frame.sums = Sums::stored_at(bytes.data() + 16);
    frame.offset = at + kFrameHeaderBytes;
    const auto follows = [&](const Sums& from, bool order) {
      return from.with(Bytes(bytes).first(kMarkEnds), order)
          .with(Bytes(bytes).subspan(kFrameHeaderBytes), order);
    };
    const Sums next = follows(before, big);
    frame.whole = next == frame.sums || follows(computed, big) == frame.sums;
    // A damaged header may lie about the order of bytes, too.
    if (!log.header_whole) frame.whole = frame.whole || follows(before, !big) == frame.sums;
    // What stands in a bad frame for its sums may be damaged, too: the frame after it knows them.
    const bool after_bad =
        !log.frames.empty() && !(log.frames.back().whole && log.has(log.frames.back()));
    if (after_bad && log.has(frame)) {
      const Sums after = frame.sums.without(Bytes(bytes).subspan(kFrameHeaderBytes), big)
                             .without(Bytes(bytes).first(kMarkEnds), big)
                             .without(Bytes(last).subspan(kFrameHeaderBytes), big);
      log.frames.back().told = Mark::between(before_last, after, big);
    }
    computed = next;
    before_last = std::exchange(before, frame.sums);
    std::swap(last, bytes);
    log.frames.push_back(frame);
  }
  return log;
}

// How large the database is at most after the transactions of the log, as far as is certain.
std::uint32_t most_pages(const Log& log) {
  std::uint32_t most = 0;
  for (const Frame& frame : log.frames) {
    if (frame.whole && log.has(frame)) most = std::max(most, frame.mark.pages);
  }
  return most;
}

// Whether the header of a frame is one of an older log: others have its salts.
bool is_stale(const Log& log, const Frame& frame) {
  return !log.has(frame) &&
         std::count_if(log.frames.begin(), log.frames.end(),
                       [&](const Frame& f) { return f.salts == frame.salts; }) > 1;
}

// Whether a frame ends a transaction, as far as that can be said of one that is not whole.
bool ends_transaction(const Log& log, std::size_t index, std::uint32_t most) {
  const Frame& frame = log.frames[index];
  // What the sums say is the mark, or, where the page is an older one, two numbers that may well be
  // small: the first page of a database changes by its counters only. So the header must agree, or
  // be too damaged to be of any log.
  const bool of_any_log = log.has(frame) || is_stale(log, frame);
  const bool agrees = frame.told.page == frame.mark.page || !of_any_log;
  const std::uint32_t greatest = std::max(frame.told.page, frame.told.pages);
  if (frame.told.page != 0 && agrees && greatest <= most) return frame.told.pages != 0;
  if (frame.mark.pages == 0 || !log.has(frame)) return false;
  // With its salts a header has arrived at the disk as a whole, unless a sector ends after the
  // mark. That sector has most of the page before, too; and where a power loss turns what a write
  // leaves of a sector into garbage, the mark may be that.
  const bool cut = (frame.offset - kFrameHeaderBytes + kMarkEnds) % kSectorBytes == 0;
  if (!cut || frame.whole) return true;
  const bool fits = std::max(frame.mark.page, frame.mark.pages) <= most;
  return fits && (index == 0 || log.frames[index - 1].whole);
}

// Whether the transaction that frame `bad` belongs to was followed by something of the same log.
bool was_synced(const Log& log, std::size_t bad) {
  const std::uint32_t most = most_pages(log);
  bool ended = false;
  for (std::size_t i = bad; i < log.frames.size(); ++i) {
    // Salts are drawn for each log: nothing else has the same ones.
    if (ended && log.has(log.frames[i])) return true;
    ended = ended || ends_transaction(log, i, most);
  }
  return false;
}

// Whether the database has what the frames of the log, up to the last that commits, hold.
bool is_in_database(const Log& log, RawFile& wal, RawFile& database) {
  std::map<std::uint32_t, const Frame*> newest;
  std::map<std::uint32_t, const Frame*> committed;
  for (const Frame& frame : log.frames) {
    // The first frame cannot be verified without the header, but is told by its salts.
    const bool first = &frame == &log.frames.front();
    if (frame.salts != log.frames.front().salts || (!frame.whole && !first)) break;
    newest[frame.mark.page] = &frame;
    if (frame.mark.pages != 0) committed = newest;
  }
  std::vector<std::uint8_t> logged(log.page_bytes);
  std::vector<std::uint8_t> stored(log.page_bytes);
  const std::size_t content = log.page_bytes - kReservedBytes;
  for (const auto& [page, frame] : committed) {
    if (page == 0 || !wal.read(frame->offset, logged)) return false;
    if (!database.read((std::size_t{page} - 1) * log.page_bytes, stored)) return false;
    if (std::memcmp(logged.data(), stored.data(), content) != 0) return false;
  }
  return true;
}

}  // namespace

Status wal_problem(sqlite3_vfs* vfs, const std::string& file, std::size_t page_bytes) {
  const auto damaged = [](const std::string& what) { return Status(Code::kCorrupt, what); };
  const Status unread(Code::kIo, "cannot be read");
  RawFile wal(vfs, file + "-wal", SQLITE_OPEN_WAL);
  const std::optional<Log> log = read_log(wal, page_bytes);
  if (wal.failed()) return unread;
  if (!log) return {};
  if (!log->header_whole) {
    RawFile database(vfs, file, SQLITE_OPEN_MAIN_DB);
    if (is_in_database(*log, wal, database)) return {};
    if (wal.failed() || database.failed()) return unread;
    return damaged("its header does not match its checksum");
  }
  for (std::size_t i = 0; i < log->frames.size(); ++i) {
    const Frame& frame = log->frames[i];
    if (frame.whole && frame.salts == log->salts) continue;
    if (!was_synced(*log, i)) return {};
    return damaged("frame " + std::to_string(i + 1) + " of " + std::to_string(log->frames.size()) +
                   " does not match its checksum");
  }
  return {};
}

}  // namespace dfs::sqlite
