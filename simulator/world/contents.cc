#include "simulator/world/contents.h"

#include <algorithm>
#include <cstring>

#include "core/base/random.h"

namespace dfs::world {
namespace {

constexpr std::uint64_t kWordBytes = 8;

// Hands the bytes [offset, offset + length) of the endless sequence of words that `key` names to
// `take(at, bytes, count)`, a word or a part of one at a time; `take` says whether to go on.
template <class Take>
bool each_word(std::uint64_t key, std::uint64_t offset, std::size_t length, const Take& take) {
  for (std::size_t at = 0; at < length;) {
    std::uint8_t word[kWordBytes];
    put_le64(word, mix(key, (offset + at) / kWordBytes));
    const std::size_t skip = (offset + at) % kWordBytes;
    const std::size_t count = std::min<std::size_t>(kWordBytes - skip, length - at);
    // Nearly always a whole word; with a constant for its size the copy is one instruction.
    if (!(count == kWordBytes ? take(at, word, kWordBytes) : take(at, word + skip, count))) {
      return false;
    }
    at += count;
  }
  return true;
}

}  // namespace

std::vector<std::uint8_t> bytes_of(const Content& content, std::uint64_t offset,
                                   std::uint64_t length) {
  std::vector<std::uint8_t> bytes(length);
  each_word(content.key, offset, length,
            [&bytes](std::size_t at, const std::uint8_t* word, std::size_t count) {
              std::memcpy(bytes.data() + at, word, count);
              return true;
            });
  return bytes;
}

bool matches(const Content& content, std::uint64_t offset, Bytes data) {
  if (offset + data.size() > content.length) return false;
  return each_word(content.key, offset, data.size(),
                   [data](std::size_t at, const std::uint8_t* word, std::size_t count) {
                     return std::memcmp(data.data() + at, word, count) == 0;
                   });
}

}  // namespace dfs::world
