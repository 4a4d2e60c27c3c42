#include "simulator/world/contents.h"

#include <algorithm>

#include "core/base/random.h"

namespace dfs::world {
namespace {

constexpr std::uint64_t kWordBytes = 8;

// An endless sequence of words that `key` names: no two of its words are equal, and the sequences
// of two keys hardly ever share one. One addition makes the next word, so that blocks are cheap.
class Words {
 public:
  explicit Words(std::uint64_t key) : first_(mix(key, 0)) {}
  [[nodiscard]] std::uint64_t at(std::uint64_t index) const { return first_ + index * kStep; }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;  // odd
  std::uint64_t first_;
};

// Calls `whole(at, word)` for each whole word of the bytes [offset, offset + length) and
// `part(at, bytes)` for what is left of the words at both ends; `at` counts from `offset`. False as
// soon as one of them says so.
template <class Whole, class Part>
bool each_word(const Content& content, std::uint64_t offset, std::uint64_t length,
               const Whole& whole, const Part& part) {
  const Words words(content.key);
  const auto end_piece = [&](std::uint64_t at, std::uint64_t size) {
    std::uint8_t bytes[kWordBytes];
    put_le64(bytes, words.at((offset + at) / kWordBytes));
    return part(at, Bytes(bytes).subspan((offset + at) % kWordBytes, size));
  };
  const std::uint64_t head = std::min(length, (kWordBytes - offset % kWordBytes) % kWordBytes);
  if (head > 0 && !end_piece(0, head)) return false;
  std::uint64_t at = head;
  std::uint64_t index = (offset + at) / kWordBytes;
  for (; at + kWordBytes <= length; at += kWordBytes) {
    if (!whole(at, words.at(index++))) return false;
  }
  return at == length || end_piece(at, length - at);
}

}  // namespace

std::vector<std::uint8_t> bytes_of(const Content& content, std::uint64_t offset,
                                   std::uint64_t length) {
  std::vector<std::uint8_t> bytes(length);
  each_word(
      content, offset, length,
      [&](std::uint64_t at, std::uint64_t word) {
        put_le64(bytes.data() + at, word);
        return true;
      },
      [&](std::uint64_t at, Bytes part) {
        std::copy(part.begin(), part.end(), bytes.data() + at);
        return true;
      });
  return bytes;
}

bool matches(const Content& content, std::uint64_t offset, Bytes data) {
  if (offset + data.size() > content.length) return false;
  return each_word(
      content, offset, data.size(),
      [&](std::uint64_t at, std::uint64_t word) { return get_le64(data.data() + at) == word; },
      [&](std::uint64_t at, Bytes part) {
        return std::equal(part.begin(), part.end(), data.data() + at);
      });
}

}  // namespace dfs::world
