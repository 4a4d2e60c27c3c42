// Strong types for identities: an InodeId is never passed where a BlockId is meant.
//
// Inode and block ids are allocated by the NameNode's counters and never reused. Their high bits
// carry the epoch in which they were made, so that a NameNode restored from an older backup, which
// must raise its epoch before it writes, cannot hand out an id a second time.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace dfs {

template <class Tag>
struct StrongId {
  std::uint64_t value = 0;  // 0 is "none"

  [[nodiscard]] explicit operator bool() const { return value != 0; }
  friend auto operator<=>(const StrongId&, const StrongId&) = default;
};

using InodeId = StrongId<struct InodeTag>;
using BlockId = StrongId<struct BlockTag>;
// A DataNode, numbered by the NameNode at its first registration and durable from then on.
using NodeId = StrongId<struct NodeTag>;

// Bits below the epoch: 2^40 ids of each kind in an epoch. Ids stay below 2^53, which JSON readers
// with only doubles can hold, for the first 8,191 epochs.
inline constexpr int kEpochShift = 40;
inline constexpr std::uint64_t kMaxEpoch = 0x7fffff;

[[nodiscard]] constexpr std::uint64_t first_id_of_epoch(std::uint64_t epoch) {
  return (epoch << kEpochShift) + 1;
}
[[nodiscard]] constexpr std::uint64_t epoch_of(std::uint64_t id) { return id >> kEpochShift; }

inline constexpr InodeId kRootInode{1};

}  // namespace dfs
