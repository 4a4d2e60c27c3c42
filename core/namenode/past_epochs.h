// Which ids an earlier epoch of this history gave out, and which epoch comes next.
//
// After an older copy of the metadata was put back, ids of an earlier epoch belong to us up to
// where the copy had come, and to the history that was given up from there on. MetaRow::past_epochs
// remembers for each earlier epoch, as text "EPOCH:END …", the first block id that it did not give
// out.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/random.h"
#include "core/namenode/store.h"

namespace dfs::namenode {

// The text with one more epoch at its end. Only the newest ones are kept; blocks of older ones
// count as not ours, so they are never deleted.
[[nodiscard]] std::string with_past_epoch(std::string past, std::uint64_t epoch, std::uint64_t end);

// An epoch can be raised above this one, whatever is drawn.
[[nodiscard]] bool can_be_raised_above(std::uint64_t epoch);

// What the next epoch is raised above: `seen`, and whatever this history knows of. It is drawn from
// the 64 that follow, so that one that was raised before, that went with its machine's disk and
// that only DataNodes know which are away now is hardly ever raised a second time (G1).
[[nodiscard]] std::uint64_t draw_above(const MetaRow& meta, std::uint64_t seen, Random& random);

// The block id was given out by this history, in the present epoch or an earlier one.
[[nodiscard]] bool given_out(const MetaRow& meta, BlockId block);

}  // namespace dfs::namenode
