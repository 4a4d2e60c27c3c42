// Files younger than what a rescue recovered, rebuilt from the sidecars of their replicas.
//
// A sidecar names the file (inode id, path hint) and the position of its block. What the recovered
// history does not know (blocks with ids that it had not given out yet, and blocks of files that
// were being written at its end) is gathered by file; a file whose blocks are there from the first
// one on without a gap comes back as /lost+found/<inode id>-<name>. Whether it had been complete
// cannot be told: its end may be missing, or its write was never acknowledged. That is why it never
// gets its old name. Blocks of deleted files and of writes that were given up are not taken: the
// history knows their ids. A writer of such a file that still lives is fenced.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/namenode/command.h"
#include "core/namenode/store.h"

namespace dfs::namenode {

inline constexpr const char* kLostAndFound = "/lost+found";

// What a replica's sidecar says.
struct RescuedReplica {
  std::string cluster;
  BlockInfo info;
  InodeId inode;
  std::uint64_t index = 0;
  std::string path_hint;
};

struct RebuiltFile {
  std::string path;
  std::string was;  // the path hint
  std::uint64_t length = 0;
};

class YoungFiles {
 public:
  // `store` holds the recovered history, before its epoch is raised. `observer`: nullptr or one
  // that outlives this.
  explicit YoungFiles(Store& store, CommandObserver* observer = nullptr);

  // Keeps it if it matters.
  void add(const RescuedReplica& replica);
  // Once, after the epoch was raised. What cannot be rebuilt is said in `notes`, a line each.
  [[nodiscard]] std::vector<RebuiltFile> rebuild(WallTime wall, std::vector<std::string>& notes);

 private:
  struct File {
    std::string path_hint;
    std::map<std::uint64_t, std::vector<BlockInfo>> blocks;  // by position, without repetition
  };

  [[nodiscard]] bool matters(const RescuedReplica& replica);
  Status rebuild(InodeId inode, const File& file, RebuiltFile& rebuilt);
  wire::Reply apply_one(decltype(Command::body) body);
  [[nodiscard]] wire::Caller caller();

  Store& store_;
  CommandObserver* observer_;
  const std::string cluster_;
  const std::uint64_t next_block_;
  const std::string client_;
  std::uint64_t requests_ = 0;
  WallTime wall_;
  std::map<InodeId, File> files_;
};

}  // namespace dfs::namenode
