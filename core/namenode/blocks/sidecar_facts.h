// What a new replica's sidecar says of the file that its block belongs to, so that files can be
// rebuilt from replicas alone.
#pragma once

#include <string>

#include "core/namenode/store.h"

namespace dfs::namenode {

struct SidecarFacts {
  InodeId inode;
  std::uint64_t index = 0;  // of the block in the file
  std::string path_hint;    // as far as it is found out cheaply; may be ""
};

// Touches at most 32 rows.
[[nodiscard]] SidecarFacts sidecar_facts(Store& store, const BlockRow& block);

}  // namespace dfs::namenode
