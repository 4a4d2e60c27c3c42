#include "core/namenode/blocks/sidecar_facts.h"

namespace dfs::namenode {
namespace {

constexpr int kDeepest = 32;  // directories of a path hint

}  // namespace

SidecarFacts sidecar_facts(Store& store, const BlockRow& block) {
  SidecarFacts facts{block.owner, block.index, ""};
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
