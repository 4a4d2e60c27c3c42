#include "simulator/world/contents.h"

#include <algorithm>

#include "core/base/random.h"

namespace dfs::world {
namespace {

constexpr std::uint64_t kWordBytes = 8;

// Bytes [offset, offset + out.size()) of the endless sequence of words that `key` names.
void write_words(std::uint64_t key, std::uint64_t offset, MutableBytes out) {
  std::size_t done = 0;
  while (done < out.size()) {
    std::uint8_t word[kWordBytes];
    put_le64(word, mix(key, offset / kWordBytes));
    const std::uint64_t skip = offset % kWordBytes;
    const std::size_t count = std::min<std::size_t>(kWordBytes - skip, out.size() - done);
    std::copy_n(word + skip, count, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += count;
    offset += count;
  }
}

}  // namespace

std::vector<std::uint8_t> bytes_of(const Content& content, std::uint64_t offset,
                                   std::uint64_t length) {
  std::vector<std::uint8_t> bytes(length);
  write_words(content.key, offset, bytes);
  return bytes;
}

bool matches(const Content& content, std::uint64_t offset, Bytes data) {
  if (offset + data.size() > content.length) return false;
  const std::vector<std::uint8_t> expected = bytes_of(content, offset, data.size());
  return std::equal(data.begin(), data.end(), expected.begin());
}

}  // namespace dfs::world
