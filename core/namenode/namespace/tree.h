// The tree of directories: finding a path's place in it, and keeping what directories know of the
// subtree below them.
//
// Every directory's row holds sums over its subtree, the number of its entries (files under
// construction that are shown count as entries, in no sums) and an upper bound of its height. They
// are kept up to the root by every change, in O(depth). Depth is bounded by kMaxPathDepth: paths
// are, and rename uses the heights to keep moved subtrees within it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/namenode/namespace/context.h"
#include "core/wire/path.h"

namespace dfs::namenode {

// The way to a directory: the deepest one that exists, and the names that are missing after it.
struct Way {
  InodeRow base;
  std::vector<std::string> missing;
};
// kNotFound names the first missing component unless `missing_allowed`; kNotDirectory the one that
// stands where a directory must be, which a file under construction does, too.
[[nodiscard]] Result<Way> find_way(Store& store, const wire::Path& directory, bool missing_allowed);

// A name in an existing directory, and what is there.
struct Spot {
  InodeRow parent;
  std::string name;
  std::optional<InodeRow> inode;      // the file or directory of that name
  std::optional<PendingRow> pending;  // the version of it that is being written

  // A file that is shown under construction because there was nothing at its name. No entry can be
  // made beside it: everything but its own writer treats the name as taken.
  [[nodiscard]] bool under_construction() const { return !inode && pending && !pending->replaces; }
};
// The place of `path`, which is not the root. Errors name the component that is missing or no
// directory.
[[nodiscard]] Result<Spot> find_spot(Store& store, const wire::Path& path);
[[nodiscard]] Spot look_at(Store& store, InodeRow parent, const std::string& name);

// Whether `directory` can be reached from the root: not so in a subtree that waits to be reaped.
[[nodiscard]] bool attached(Store& store, InodeId directory);

// What a change below a directory does to it and to those above.
struct Change {
  std::int64_t files = 0;
  std::int64_t directories = 0;
  std::int64_t length = 0;
  std::int64_t space = 0;
  std::int64_t children = 0;  // of the first directory only
  std::uint64_t height = 0;   // levels that are now below the first directory, at least
  bool touch = true;          // the first directory's entries changed: its mtime
};
// What `row` (a complete file, or a directory with its subtree) adds to those above it.
[[nodiscard]] Change adding(const InodeRow& row);
[[nodiscard]] Change removing(const InodeRow& row);
// Carries `change` from `directory` up to the root.
void change_tree(Context& context, InodeId directory, const Change& change);

// Makes directories `names` below `parent`, one in the other, and returns the last.
[[nodiscard]] InodeRow make_directories(Context& context, const InodeRow& parent,
                                        const std::vector<std::string>& names, std::uint32_t mode,
                                        const std::string& owner);

// Takes the inode out of its directory and queues it to be reaped with everything below it.
void detach(Context& context, InodeRow row);

[[nodiscard]] inline std::uint64_t space_of(const InodeRow& file) {
  return file.length * file.replication;
}

}  // namespace dfs::namenode
