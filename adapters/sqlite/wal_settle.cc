#include "adapters/sqlite/wal_settle.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/base/bytes.h"

namespace dfs::sqlite {
namespace {

constexpr sqlite3_int64 kLogHeaderSize = 32;
constexpr sqlite3_int64 kSaltsInLogHeader = 16;
constexpr sqlite3_int64 kFrameHeaderSize = 24;

using FrameHeader = std::array<std::uint8_t, kFrameHeaderSize>;

bool ends_transaction(const FrameHeader& header) {
  return std::any_of(header.begin() + 4, header.begin() + 8, [](auto byte) { return byte != 0; });
}

// The frames of an open log, as the layer of checksums shows them: it refuses a page that is not
// the one that SQLite recovered.
class OpenLog {
 public:
  OpenLog(sqlite3_file* file, std::size_t page_bytes) : file_(file), page_(page_bytes) {}

  // How many frames there is room for.
  int count(sqlite3_int64& frames) {
    sqlite3_int64 size = 0;
    const int code = file_->pMethods->xFileSize(file_, &size);
    frames = std::max<sqlite3_int64>(0, size - kLogHeaderSize) / frame_bytes();
    return code;
  }
  int read_salts(std::array<std::uint8_t, 8>& salts) { return read(kSaltsInLogHeader, salts); }
  int read_header(sqlite3_int64 frame, FrameHeader& header) {
    return read(start_of(frame), header);
  }
  int write_again(sqlite3_int64 frame) {
    FrameHeader header;
    int code = read_header(frame, header);
    if (code == SQLITE_OK) code = read(start_of(frame) + kFrameHeaderSize, page_);
    // In two pieces, as SQLite does, so that the layer of checksums knows the page.
    if (code == SQLITE_OK) code = write(start_of(frame), header);
    return code == SQLITE_OK ? write(start_of(frame) + kFrameHeaderSize, page_) : code;
  }
  int sync() { return file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL); }

 private:
  [[nodiscard]] sqlite3_int64 frame_bytes() const {
    return kFrameHeaderSize + static_cast<sqlite3_int64>(page_.size());
  }
  [[nodiscard]] sqlite3_int64 start_of(sqlite3_int64 frame) const {
    return kLogHeaderSize + frame * frame_bytes();
  }
  int read(sqlite3_int64 offset, MutableBytes out) {
    return file_->pMethods->xRead(file_, out.data(), static_cast<int>(out.size()), offset);
  }
  int write(sqlite3_int64 offset, Bytes data) {
    return file_->pMethods->xWrite(file_, data.data(), static_cast<int>(data.size()), offset);
  }

  sqlite3_file* file_;
  std::vector<std::uint8_t> page_;
};

// The frames of the last transaction in the log, one that SQLite does not believe included.
struct LastTransaction {
  sqlite3_int64 begin = 0;
  sqlite3_int64 end = 0;
};

int find_last(OpenLog& log, LastTransaction& last) {
  sqlite3_int64 frames = 0;
  int code = log.count(frames);
  if (code != SQLITE_OK || frames == 0) return code;
  std::array<std::uint8_t, 8> salts;
  code = log.read_salts(salts);
  for (sqlite3_int64 frame = 0; code == SQLITE_OK && frame < frames; ++frame) {
    FrameHeader header;
    code = log.read_header(frame, header);
    // Frames with other salts are left from before the log was begun anew.
    if (code != SQLITE_OK || !std::equal(salts.begin(), salts.end(), header.begin() + 8)) break;
    if (!ends_transaction(header)) continue;
    last = {last.end, frame + 1};
  }
  return code;
}

}  // namespace

int settle_log(sqlite3* db, std::size_t page_bytes) {
  sqlite3_file* file = nullptr;
  int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return code;
  OpenLog log(file, page_bytes);
  LastTransaction last;
  code = find_last(log, last);
  if (code != SQLITE_OK || last.end == 0) return code;
  for (sqlite3_int64 frame = last.begin; frame < last.end && code == SQLITE_OK; ++frame) {
    code = log.write_again(frame);
  }
  return code == SQLITE_OK ? log.sync() : code;
}

}  // namespace dfs::sqlite
