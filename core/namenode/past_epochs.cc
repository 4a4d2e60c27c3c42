#include "core/namenode/past_epochs.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/base/ids.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kMostText = 4096;
constexpr std::uint64_t kEpochsToDrawFrom = 64;

// The number that the text begins with, and one character after it, are taken off.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const char* end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
  const auto length = static_cast<std::size_t>(end - text.data());
  text.remove_prefix(std::min(text.size(), length + 1));
  return number;
}

}  // namespace

std::string with_past_epoch(std::string past, std::uint64_t epoch, std::uint64_t end) {
  past += std::to_string(epoch) + ":" + std::to_string(end) + " ";
  while (past.size() > kMostText) past.erase(0, past.find(' ') + 1);
  return past;
}

bool can_be_raised_above(std::uint64_t epoch) { return epoch <= kMaxEpoch - kEpochsToDrawFrom; }

std::uint64_t draw_above(const MetaRow& meta, std::uint64_t seen, Random& random) {
  return std::max({meta.epoch, meta.behind_epoch, seen}) + random.below(kEpochsToDrawFrom);
}

bool given_out(const MetaRow& meta, BlockId block) {
  const std::uint64_t epoch = epoch_of(block.value);
  if (epoch == meta.epoch) return block.value < meta.next_block;
  for (std::string_view rest = meta.past_epochs; !rest.empty();) {
    const std::uint64_t past = take_number(rest);
    const std::uint64_t end = take_number(rest);
    if (past == epoch) return block.value < end;
  }
  return false;
}

}  // namespace dfs::namenode
