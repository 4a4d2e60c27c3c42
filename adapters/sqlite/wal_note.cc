#include "adapters/sqlite/wal_note.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/base/bytes.h"
#include "core/base/crc32c.h"

namespace dfs::sqlite {
namespace {

constexpr std::uint32_t kNoteMagic = 0x57534644;  // "DFSW"
constexpr std::uint32_t kNoteVersion = 1;
constexpr std::size_t kNotePlaces = 2;
constexpr std::size_t kPlaceBytes = 4096;  // the largest sector of a disk
constexpr std::size_t kSummed = 20;

using NoteBytes = std::array<std::uint8_t, kSummed + 4>;

NoteBytes encode(const SyncedFrames& synced) {
  NoteBytes bytes;
  put_le32(bytes.data(), kNoteMagic);
  put_le32(bytes.data() + 4, kNoteVersion);
  std::copy(synced.salts.begin(), synced.salts.end(), bytes.begin() + 8);
  put_le32(bytes.data() + 16, synced.frames);
  put_le32(bytes.data() + kSummed, crc32c(Bytes(bytes).first(kSummed)));
  return bytes;
}

// What the note at a place says of the log with `salts`.
std::uint32_t read_place(RawFile& file, std::size_t place, const Salts& salts) {
  NoteBytes bytes;
  if (!file.read(place * kPlaceBytes, bytes)) return 0;
  const std::uint32_t frames = get_le32(bytes.data() + 16);
  return bytes == encode({salts, frames}) ? frames : 0;
}

}  // namespace

std::uint32_t noted_frames(sqlite3_vfs* vfs, const std::string& file, const Salts& salts,
                           int& code) {
  RawFile note(vfs, file + kNoteSuffix, SQLITE_OPEN_MAIN_JOURNAL);
  std::uint32_t most = 0;
  for (std::size_t place = 0; place < kNotePlaces; ++place) {
    most = std::max(most, read_place(note, place, salts));
  }
  code = note.code();
  return most;
}

// With room for every note to come, so that none fails on a disk that is full. Opened as a journal,
// so that it gets the permissions of the database.
WalNote::WalNote(sqlite3_vfs* vfs, const std::string& file)
    : file_(vfs, file + kNoteSuffix,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_JOURNAL) {
  const NoteBytes nothing{};
  if (file_.failed() || file_.size() >= (kNotePlaces - 1) * kPlaceBytes + nothing.size()) return;
  for (std::size_t place = 0; place < kNotePlaces; ++place) {
    file_.write(place * kPlaceBytes, nothing);
  }
}

int WalNote::write(const SyncedFrames& synced) {
  const bool first_counts =
      read_place(file_, 0, synced.salts) >= std::max(1u, read_place(file_, 1, synced.salts));
  const std::size_t place = first_counts ? 1 : 0;
  if (file_.failed() || !file_.write(place * kPlaceBytes, encode(synced))) return file_.code();
  file_.sync();
  return file_.code();
}

}  // namespace dfs::sqlite
