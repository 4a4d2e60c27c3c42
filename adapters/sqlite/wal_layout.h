// The layout of SQLite's write-ahead log: a header, then frames, each a header and a page.
//
// All its integers are big-endian. The log's header: magic (whose last bit says in which order the
// checksums take the bytes of a word), version, bytes of a page, a counter, two salts, two sums
// over the 24 bytes before. A frame's header: the number of its page, the pages of the database if
// the frame ends a transaction, else 0, the salts of its log, two sums that run on, from the log's
// header and from frame to frame, over these first 8 bytes and the page.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "adapters/sqlite/raw_file.h"
#include "core/base/bytes.h"

namespace dfs::sqlite {

inline constexpr std::size_t kLogHeaderBytes = 32;
inline constexpr std::size_t kFrameHeaderBytes = 24;
inline constexpr std::size_t kMarkBytes = 8;  // of a frame's header; the salts follow

// Drawn anew for each log: a frame with others is from an older one.
using Salts = std::array<std::uint8_t, 8>;

// SQLite's checksum of its log: two sums that run on.
struct Sums {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  // `big`: the words of the data are big-endian.
  [[nodiscard]] Sums with(Bytes data, bool big) const;
  // The sums that become these over `data`.
  [[nodiscard]] Sums without(Bytes data, bool big) const;
  friend bool operator==(const Sums&, const Sums&) = default;
};

// The number of a frame's page, and how many pages the database has if it ends a transaction.
struct Mark {
  std::uint32_t page = 0;
  std::uint32_t pages = 0;

  // The one that makes the sums `before` into `after`.
  [[nodiscard]] static Mark between(const Sums& before, const Sums& after, bool big);
};

struct LogHeader {
  bool whole = false;  // it matches its sums, and says pages of the size asked for
  bool big = false;    // the sums take words as big-endian
  Salts salts{};
  Sums stored;
  Sums computed;
};

struct FrameHeader {
  Mark mark;
  Salts salts{};
  Sums sums;

  // From the beginning of `bytes`.
  [[nodiscard]] static FrameHeader of(Bytes bytes);
};

// The file of the log of an open database; null if it has none. Returns a code of SQLite.
[[nodiscard]] int find_log(sqlite3* db, sqlite3_file*& file);

// A log in a file, with pages of `page_bytes`. False is what reading beyond its end gives, and
// after an error, which the file knows.
class LogFile {
 public:
  LogFile(RawFile& file, std::size_t page_bytes) : file_(file), page_bytes_(page_bytes) {}

  [[nodiscard]] std::size_t frame_bytes() const { return kFrameHeaderBytes + page_bytes_; }
  // Of a frame, numbered from 0.
  [[nodiscard]] std::size_t start_of(std::size_t frame) const {
    return kLogHeaderBytes + frame * frame_bytes();
  }
  // How many frames there is room for.
  [[nodiscard]] std::size_t frames();
  [[nodiscard]] bool read(LogHeader& header);
  [[nodiscard]] bool read(std::size_t frame, FrameHeader& header);
  [[nodiscard]] RawFile& file() { return file_; }

 private:
  RawFile& file_;
  std::size_t page_bytes_;
};

}  // namespace dfs::sqlite
