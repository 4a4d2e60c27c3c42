#include "core/namenode/blocks/sidecar_facts.h"

#include <algorithm>

namespace dfs::namenode {
namespace {

constexpr int kDeepest = 32;         // directories of a path hint
constexpr std::uint64_t kLook = 16;  // blocks around where the index should be

// Ids of a file's blocks ascend with the index but for blocks that were written again, so a binary
// search comes close; a look around finds the rest.
std::uint64_t index_of(Store& store, const BlockRow& block) {
  std::uint64_t low = 0;
  std::uint64_t step = 1;
  const auto below = [&](std::uint64_t index) {
    const std::optional<FileBlockRow> row = store.file_block(block.owner, index);
    return row && row->block < block.id;
  };
  while (below(low + step)) {
    low += step;
    step *= 2;
  }
  for (; step > 0; step /= 2) {
    if (below(low + step)) low += step;
  }
  const std::uint64_t first = low < kLook ? 0 : low - kLook;
  for (const FileBlockRow& row : store.scan_file_blocks(block.owner, first, 2 * kLook + 2)) {
    if (row.block == block.id) return row.index;
  }
  return 0;
}

}  // namespace

SidecarFacts sidecar_facts(Store& store, const BlockRow& block) {
  SidecarFacts facts{block.owner, index_of(store, block), ""};
  InodeId at = block.owner;
  for (int depth = 0; depth < kDeepest; ++depth) {
    if (at == kRootInode) return facts;
    const std::optional<InodeRow> inode = store.inode(at);
    if (!inode || inode->name.empty()) break;
    facts.path_hint = "/" + inode->name + facts.path_hint;
    at = inode->parent;
  }
  if (at != kRootInode) facts.path_hint.clear();
  return facts;
}

}  // namespace dfs::namenode
