#include "adapters/sqlite/wal_layout.h"

#include <algorithm>

namespace dfs::sqlite {
namespace {

constexpr std::uint32_t kLogMagic = 0x377f0682;  // its last bit: sums over big-endian words

std::uint32_t big_endian(const std::uint8_t* in) {
  return std::uint32_t{in[0]} << 24 | std::uint32_t{in[1]} << 16 | std::uint32_t{in[2]} << 8 |
         std::uint32_t{in[3]};
}

Sums sums_at(const std::uint8_t* in) { return {big_endian(in), big_endian(in + 4)}; }

template <std::uint32_t (*kWord)(const std::uint8_t*)>
Sums add(Sums sums, Bytes data) {
  for (std::size_t i = 0; i + 8 <= data.size(); i += 8) {
    sums.first += kWord(data.data() + i) + sums.second;
    sums.second += kWord(data.data() + i + 4) + sums.first;
  }
  return sums;
}

template <std::uint32_t (*kWord)(const std::uint8_t*)>
Sums take(Sums sums, Bytes data) {
  for (std::size_t i = data.size() / 8 * 8; i != 0; i -= 8) {
    sums.second -= kWord(data.data() + i - 4) + sums.first;
    sums.first -= kWord(data.data() + i - 8) + sums.second;
  }
  return sums;
}

}  // namespace

Sums Sums::with(Bytes data, bool big) const {
  return big ? add<big_endian>(*this, data) : add<get_le32>(*this, data);
}

Sums Sums::without(Bytes data, bool big) const {
  return big ? take<big_endian>(*this, data) : take<get_le32>(*this, data);
}

Mark Mark::between(const Sums& before, const Sums& after, bool big) {
  const std::uint32_t first = after.first - before.first - before.second;
  const std::uint32_t second = after.second - before.second - after.first;
  if (big) return {first, second};
  std::array<std::uint8_t, kMarkBytes> bytes;
  put_le32(bytes.data(), first);
  put_le32(bytes.data() + 4, second);
  return {big_endian(bytes.data()), big_endian(bytes.data() + 4)};
}

FrameHeader FrameHeader::of(Bytes bytes) {
  FrameHeader header;
  header.mark = {big_endian(bytes.data()), big_endian(bytes.data() + 4)};
  std::copy_n(bytes.data() + kMarkBytes, header.salts.size(), header.salts.begin());
  header.sums = sums_at(bytes.data() + 16);
  return header;
}

int find_log(sqlite3* db, sqlite3_file*& file) {
  const int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (file != nullptr && file->pMethods == nullptr) file = nullptr;
  return code;
}

std::size_t LogFile::frames() {
  const std::size_t size = file_.size();
  return size < kLogHeaderBytes ? 0 : (size - kLogHeaderBytes) / frame_bytes();
}

bool LogFile::read(LogHeader& header) {
  std::array<std::uint8_t, kLogHeaderBytes> bytes;
  if (!file_.read(0, bytes)) return false;
  const std::uint32_t magic = big_endian(bytes.data());
  header.big = (magic & 1) != 0;
  std::copy_n(bytes.data() + 16, header.salts.size(), header.salts.begin());
  header.stored = sums_at(bytes.data() + 24);
  header.computed = Sums{}.with(Bytes(bytes).first(24), header.big);
  header.whole = (magic | 1) == (kLogMagic | 1) && big_endian(bytes.data() + 8) == page_bytes_ &&
                 header.computed == header.stored;
  return true;
}

bool LogFile::read(std::size_t frame, FrameHeader& header) {
  std::array<std::uint8_t, kFrameHeaderBytes> bytes;
  if (!file_.read(start_of(frame), bytes)) return false;
  header = FrameHeader::of(bytes);
  return true;
}

}  // namespace dfs::sqlite
