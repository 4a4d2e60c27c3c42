// All that is known of one block's replicas at one moment, each with its standing.
#pragma once

#include <optional>
#include <vector>

#include "core/namenode/blocks/state.h"

namespace dfs::namenode {

enum class Standing {
  kGood,        // matches what was committed, by the node's own report in this session
  kSuspect,     // the same, but somebody doubts it
  kUnknown,     // claimed by a client, hinted by the store, or told before the node's last
                // registration: probably there, never a reason to delete another
  kDoomed,      // matches, but a deletion was ordered and may still happen
  kUnreadable,  // told of, but could not be read: neither good nor rotten
  kCorrupt,     // read by its node and found rotten
  kMismatch,    // of other length or CRC than what was committed
};

struct Copy {
  Node* node = nullptr;
  NodeId id;
  Standing standing = Standing::kUnknown;
  wire::BlockInfo info;        // as told
  bool doomed = false;         // also when rotten
  bool told = false;           // by the node itself; else a claim or a hint
  bool hint = false;           // only the store knows of it
  std::uint32_t verified = 0;  // Replica::verified

  // Matches what was committed, as far as anybody knows.
  [[nodiscard]] bool good() const {
    return standing == Standing::kGood || standing == Standing::kSuspect;
  }
  // On a node that leaves: readable, a source of copies, but none of those asked for.
  [[nodiscard]] bool leaves() const;
  [[nodiscard]] bool counts_as_good() const { return good() && !leaves(); }
  [[nodiscard]] bool may_count() const {
    return (good() || standing == Standing::kUnknown) && !leaves();
  }
  [[nodiscard]] bool rotten() const {
    return standing == Standing::kCorrupt || standing == Standing::kMismatch;
  }
};

struct BlockView {
  BlockId id;
  std::optional<BlockRow> row;
  std::vector<Copy> copies;  // on nodes that are not dead, by node
  std::vector<Copy> lost;    // on dead nodes, as last told
  std::uint32_t good = 0;    // with suspects, on nodes in service
  std::uint32_t unknown = 0;
  std::uint32_t leaving_good = 0;  // … and on nodes that leave
  std::uint32_t leaving_unknown = 0;
  std::uint32_t unreadable = 0;
  std::uint32_t rotten = 0;

  // Copies there are or may be, on nodes that stay or leave.
  [[nodiscard]] std::uint32_t hoped() const {
    return good + unknown + leaving_good + leaving_unknown;
  }
  [[nodiscard]] wire::BlockInfo info() const { return {id, row->length, row->crc}; }
  [[nodiscard]] const Copy* on(NodeId node) const;
};

// Reads the row, and the hints where a node could have replicas that it has not told of.
[[nodiscard]] BlockView look(Soft& soft, BlockId block);
[[nodiscard]] BlockView look(Soft& soft, BlockId block, std::optional<BlockRow> row);

// True for a block that has no row because it was forgotten: our own history made its id. An id
// beyond our counters is of a history that we do not know, and its replicas are not ours to touch
// (MooseFS #151).
[[nodiscard]] bool was_forgotten(Soft& soft, BlockId block);

}  // namespace dfs::namenode
