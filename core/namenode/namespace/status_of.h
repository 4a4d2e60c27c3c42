// An inode's row as users see it.
#pragma once

#include <string>

#include "core/namenode/store.h"

namespace dfs::namenode {

[[nodiscard]] inline wire::FileStatus status_of(const InodeRow& row, const std::string& name) {
  wire::FileStatus status;
  status.name = name;
  status.inode = row.id;
  status.type = row.type;
  status.length = row.length;
  status.replication = row.replication;
  status.block_size = row.block_size;
  status.mode = row.mode;
  status.owner = row.owner;
  status.group = row.group;
  status.mtime = row.mtime;
  status.atime = row.atime;
  status.children = row.children;
  // The row of a version that was never published knows no length yet.
  status.under_construction = row.type == FileType::kFile && row.born == 0;
  return status;
}

}  // namespace dfs::namenode
