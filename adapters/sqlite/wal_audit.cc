#include "adapters/sqlite/wal_audit.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/sqlite/checksum_vfs.h"
#include "adapters/sqlite/wal_layout.h"

namespace dfs::sqlite {
namespace {

constexpr std::size_t kSectorBytes = 512;  // the smallest that a disk writes as a whole

struct Frame : FrameHeader {
  Mark told;           // as the sums around it say; of no sense if the page is not whole, either
  bool whole = false;  // its sums follow from the frame before
  std::size_t offset = 0;  // of the page, in the log
};

struct Log {
  LogHeader header;
  std::size_t page_bytes = 0;
  std::uint32_t pages_before = 0;  // that the database has certainly had before the bad frames
  std::vector<Frame> frames;

  [[nodiscard]] bool has(const Frame& frame) const { return frame.salts == header.salts; }
};

std::optional<Log> read_log(LogFile file, std::size_t page_bytes) {
  Log log;
  log.page_bytes = page_bytes;
  const std::size_t count = file.frames();
  if (count == 0 || !file.read(log.header)) return std::nullopt;
  const bool big = log.header.big;
  // The sums before a frame: as stored there, and as its content says.
  Sums before = log.header.stored;
  Sums computed = log.header.computed;
  std::vector<std::uint8_t> bytes(file.frame_bytes());
  std::vector<std::uint8_t> last(bytes.size());
  Sums before_last;
  for (std::size_t i = 0; i < count; ++i) {
    if (!file.file().read(file.start_of(i), bytes)) return std::nullopt;
    Frame frame{FrameHeader::of(bytes), Mark{}, false, file.start_of(i) + kFrameHeaderBytes};
    const Bytes mark = Bytes(bytes).first(kMarkBytes);
    const Bytes page = Bytes(bytes).subspan(kFrameHeaderBytes);
    const auto follows = [&](const Sums& from, bool order) {
      return from.with(mark, order).with(page, order);
    };
    const Sums next = follows(before, big);
    frame.whole = next == frame.sums || follows(computed, big) == frame.sums;
    // A damaged header may lie about the order of bytes, too.
    if (!log.header.whole) frame.whole = frame.whole || follows(before, !big) == frame.sums;
    // What stands in a bad frame for its sums may be damaged, too: the frame after it knows them.
    const bool after_bad =
        !log.frames.empty() && !(log.frames.back().whole && log.has(log.frames.back()));
    if (after_bad && log.has(frame)) {
      const Sums after = frame.sums.without(page, big).without(mark, big).without(
          Bytes(last).subspan(kFrameHeaderBytes), big);
      log.frames.back().told = Mark::between(before_last, after, big);
    }
    computed = next;
    before_last = std::exchange(before, frame.sums);
    std::swap(last, bytes);
    log.frames.push_back(frame);
  }
  return log;
}

// Whether a sector ends between the mark and the salts of a frame: the one may be on the disk
// without the other, and the sector with the mark has most of the page before, too.
bool is_cut(const Frame& frame) {
  return (frame.offset - kFrameHeaderBytes + kMarkBytes) % kSectorBytes == 0;
}

// How large the database is after a transaction behind the first bad frame.
struct Sizes {
  std::uint32_t least = 0;  // no transaction makes it smaller: nobody vacuums it
  std::uint32_t most = 0;   // as far as is certain

  [[nodiscard]] bool fit(const Mark& mark) const {
    const std::uint32_t pages = mark.pages != 0 ? mark.pages : most;
    return mark.page <= pages && least <= pages && pages <= most;
  }
};

// By the frames that are whole or whose headers show by their salts to have arrived.
Sizes sizes_of(const Log& log) {
  Sizes sizes{.least = log.pages_before, .most = 0};
  for (const Frame& frame : log.frames) {
    const bool arrived = log.has(frame) && (frame.whole || !is_cut(frame));
    if (arrived) sizes.most = std::max(sizes.most, frame.mark.pages);
  }
  return sizes;
}

// Whether the header of a frame is one of an older log: others have its salts.
bool is_stale(const Log& log, const Frame& frame) {
  return !log.has(frame) &&
         std::count_if(log.frames.begin(), log.frames.end(),
                       [&](const Frame& f) { return f.salts == frame.salts; }) > 1;
}

// Whether a frame ends a transaction, as far as that can be said of one that is not whole.
bool ends_transaction(const Log& log, std::size_t index, const Sizes& sizes) {
  const Frame& frame = log.frames[index];
  // What the sums say is the mark, or, where a page is an older one or lacks a part, two numbers
  // that may well be small: the first page of a database changes by its counters only, and one of
  // the freelist is numbers of pages. So they must fit the database, and the header must agree, or
  // be too damaged to be of any log. No log has a page 0: a mark of zeros is damage, or one that
  // did not arrive where nothing was before.
  const auto of_any_log = [&] {
    return (log.has(frame) || is_stale(log, frame)) && frame.mark.page != 0;
  };
  const bool plausible = frame.told.page != 0 && sizes.fit(frame.told);
  if (plausible && (frame.told.page == frame.mark.page || !of_any_log())) {
    return frame.told.pages != 0;
  }
  if (frame.mark.pages == 0 || !log.has(frame)) return false;
  // With its salts a header has arrived at the disk as a whole, unless it is cut; and where a power
  // loss turns what a write leaves of a sector into garbage, the mark may be that.
  if (!is_cut(frame) || frame.whole) return true;
  return sizes.fit(frame.mark) && (index == 0 || log.frames[index - 1].whole);
}

// Whether the transaction that frame `bad` belongs to was followed by something of the same log.
bool was_synced(const Log& log, std::size_t bad) {
  const Sizes sizes = sizes_of(log);
  bool ended = false;
  for (std::size_t i = bad; i < log.frames.size(); ++i) {
    // Salts are drawn for each log: nothing else has the same ones.
    if (ended && log.has(log.frames[i])) return true;
    ended = ended || ends_transaction(log, i, sizes);
  }
  return false;
}

// Whether, with the header and the first frames lost, those behind tell of a transaction that was
// followed by another, and so was synced.
bool tells_of_a_synced_one(const Log& log) {
  bool ended = false;
  for (std::size_t i = 1; i < log.frames.size(); ++i) {
    const Frame& frame = log.frames[i];
    if (frame.mark.page == 0 || frame.salts != log.frames[i - 1].salts) ended = false;
    if (ended) return true;
    ended = frame.mark.page != 0 && frame.mark.pages != 0;
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
  // A header is only rewritten over a log with transactions; that of an empty one may be missing
  // where its sync failed, with the first transaction behind it.
  return !committed.empty() || !tells_of_a_synced_one(log);
}

}  // namespace

AuditedLog audit_log(sqlite3_vfs* vfs, const std::string& file, std::size_t page_bytes) {
  const auto damaged = [](const std::string& what) {
    return AuditedLog{.problem = {Code::kCorrupt, what}, .frames = {}};
  };
  const AuditedLog unread{.problem = {Code::kIo, "cannot be read"}, .frames = {}};
  RawFile wal(vfs, file + "-wal", SQLITE_OPEN_WAL);
  std::optional<Log> log = read_log(LogFile(wal, page_bytes), page_bytes);
  if (wal.failed()) return unread;
  if (!log) return {};
  if (!log->header.whole) {
    RawFile database(vfs, file, SQLITE_OPEN_MAIN_DB);
    if (is_in_database(*log, wal, database)) return {};
    if (wal.failed() || database.failed()) return unread;
    return damaged("its header does not match its checksum");
  }
  int code = SQLITE_OK;
  const std::uint32_t noted = noted_frames(vfs, file, log->header.salts, code);
  if (code != SQLITE_OK) return unread;
  AuditedLog audited{.problem = {}, .frames = {.salts = log->header.salts, .frames = 0}};
  std::uint32_t whole = 0;
  for (const Frame& frame : log->frames) {
    if (!frame.whole || !log->has(frame)) break;
    ++whole;
    if (frame.mark.pages == 0) continue;
    audited.frames.frames = whole;
    log->pages_before = frame.mark.pages;
  }
  const std::size_t count = log->frames.size();
  // Before the first checkpoint of a log the database has what the log before left.
  if (whole < count && audited.frames.frames == 0 && noted == 0) {
    RawFile database(vfs, file, SQLITE_OPEN_MAIN_DB);
    log->pages_before = static_cast<std::uint32_t>(database.size() / page_bytes);
    if (database.failed()) return unread;
  }
  if (whole < count && was_synced(*log, whole)) {
    return damaged("frame " + std::to_string(whole + 1) + " of " + std::to_string(count) +
                   " does not match its checksum");
  }
  if (whole < noted) {
    return damaged("frame " + std::to_string(whole + 1) + " of the " + std::to_string(noted) +
                   " that were synced is not whole");
  }
  return audited;
}

}  // namespace dfs::sqlite
