// The blocks of a file that is being written: allocated, committed, given up.
#pragma once

#include <vector>

#include "core/namenode/namespace/context.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/pending.h"

namespace dfs::namenode {

// Whether `blocks` can be asked for at once and the plan chose a pipeline for each.
[[nodiscard]] Status check_targets(std::uint32_t blocks, const Targets& targets);

// Allocates a block for each pipeline.
[[nodiscard]] std::vector<wire::AllocatedBlock> allocate_blocks(Context& context,
                                                                const InodeRow& file,
                                                                const Targets& targets);

// Blocks to commit, checked: each was allocated to this file, has a free index and a length within
// the file's block size, and is stored on at least min(2, r) distinct hosts (D1). A block that was
// committed before with the same length, checksum and index is left out: committing it again is no
// error (HDFS-3031); with others it is (HDFS-8498, HDFS-9289).
struct Commits {
  std::vector<BlockRow> blocks;  // as they will be
  PendingRow pending;            // with the totals as they will be
};
[[nodiscard]] Result<Commits> check_commits(Context& context, const Writing& writing,
                                            const std::vector<wire::CommittedBlock>& commits);
void commit(Context& context, const Commits& commits);

}  // namespace dfs::namenode
