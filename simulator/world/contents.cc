#include "simulator/world/contents.h"

#include <algorithm>
#include <utility>

#include "core/base/random.h"

namespace dfs::world {
namespace {

constexpr std::uint64_t kWordBytes = 8;

// An endless sequence of words that `key` names: no two of its words are equal, and the sequences
// of two keys hardly ever share one. One addition makes the next word, so that blocks are cheap.
class Words {
 public:
  Words(std::uint64_t key, std::uint64_t first) : word_(mix(key, 0) + first * kStep) {}
  std::uint64_t next() { return std::exchange(word_, word_ + kStep); }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;  // odd
  std::uint64_t word_;
};

// The words that hold the bytes [offset, offset + length), from the first byte of the first one on.
std::vector<std::uint8_t> words_around(const Content& content, std::uint64_t offset,
                                       std::uint64_t length) {
  const std::uint64_t first = offset / kWordBytes;
  const std::uint64_t end = (offset + length + kWordBytes - 1) / kWordBytes;
  std::vector<std::uint8_t> bytes((end - first) * kWordBytes);
  Words words(content.key, first);
  for (std::size_t at = 0; at < bytes.size(); at += kWordBytes) {
    put_le64(bytes.data() + at, words.next());
  }
  return bytes;
}

}  // namespace

std::vector<std::uint8_t> bytes_of(const Content& content, std::uint64_t offset,
                                   std::uint64_t length) {
  std::vector<std::uint8_t> bytes = words_around(content, offset, length);
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(offset % kWordBytes));
  bytes.resize(length);
  return bytes;
}

bool matches(const Content& content, std::uint64_t offset, Bytes data) {
  if (offset + data.size() > content.length) return false;
  const std::vector<std::uint8_t> bytes = words_around(content, offset, data.size());
  return std::equal(data.begin(), data.end(), bytes.data() + offset % kWordBytes);
}

}  // namespace dfs::world
