#include "adapters/sqlite/wal_settle.h"

#include <array>
#include <cstdint>
#include <vector>

#include "adapters/sqlite/wal_layout.h"
#include "core/base/mutant.h"

namespace dfs::sqlite {
namespace {

// The frames of the last transaction in the log, one that SQLite does not believe included.
struct LastTransaction {
  std::size_t begin = 0;
  std::size_t end = 0;
};

LastTransaction find_last(LogFile& log) {
  LastTransaction last;
  LogHeader header;
  const std::size_t frames = log.frames();
  if (frames == 0 || !log.read(header)) return last;
  FrameHeader frame;
  for (std::size_t i = 0; i < frames && log.read(i, frame); ++i) {
    // Frames with other salts are left from before the log was begun anew.
    if (frame.salts != header.salts) break;
    if (frame.mark.pages != 0) last = {last.end, i + 1};
  }
  return last;
}

// In two pieces, as SQLite does, so that the layer of checksums knows the page, and refuses one
// that is not the one that SQLite recovered.
bool write_again(LogFile& log, std::size_t frame, MutableBytes header, MutableBytes page) {
  RawFile& file = log.file();
  const std::size_t at = log.start_of(frame);
  return file.read(at, header) && file.read(at + kFrameHeaderBytes, page) &&
         file.write(at, header) && file.write(at + kFrameHeaderBytes, page);
}

}  // namespace

int settle_log(sqlite3* db, std::size_t page_bytes) {
  sqlite3_file* open = nullptr;
  const int code = find_log(db, open);
  if (code != SQLITE_OK || open == nullptr || mutated(Mutant::kF1BelieveUnsettledLog)) return code;
  RawFile file(open);
  LogFile log(file, page_bytes);
  const LastTransaction last = find_last(log);
  std::array<std::uint8_t, kFrameHeaderBytes> header;
  std::vector<std::uint8_t> page(page_bytes);
  for (std::size_t frame = last.begin; frame < last.end; ++frame) {
    if (!write_again(log, frame, header, page)) break;
  }
  if (last.end != 0 && !file.failed()) file.sync();
  return file.code();
}

}  // namespace dfs::sqlite
