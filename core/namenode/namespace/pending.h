// Files that are being written: who holds their lease, and how it ends.
//
// A lease ends by complete, abandon, expiry, another create of the name, a delete of the name while
// it is shown under construction, and by the end of the directory that the name is in. A directory
// that waits to be reaped still has its pending files' rows, so an operation of a writer also
// checks that the directory can be reached from the root (at most 256 rows).
#pragma once

#include <optional>

#include "core/base/status.h"
#include "core/namenode/namespace/context.h"
#include "core/namenode/namespace/operations.h"

namespace dfs::namenode {

struct Writing {
  PendingRow pending;
  InodeRow inode;
};
// The pending file `inode` if `client` holds its lease; kFenced otherwise.
[[nodiscard]] Result<Writing> find_writing(Context& context, InodeId inode,
                                           const std::string& client);

// Ends the lease without publishing anything; what was written waits to be reaped.
void end_pending(Context& context, const PendingRow& pending);
// The same, within a directory that is itself being reaped.
void drop_pending(Context& context, const PendingRow& pending);

// Makes the new version what its name shows, in place of `replaced`, which waits to be reaped.
void publish(Context& context, const Writing& writing, const std::optional<InodeRow>& replaced,
             WallTime mtime);

// Gives up blocks that were allocated to the file and not committed, at most `limit`; how many.
std::size_t give_up_allocated(Context& context, InodeId inode, std::size_t limit);
// Forgets a block that no published version has ever named.
void forget_unpublished(Context& context, BlockId block);

}  // namespace dfs::namenode
