// The nouns that messages share: blocks, replicas, DataNodes, files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace dfs::wire {

// What makes a block what it is. Immutable once committed: a replica counts only if all three are
// equal to what was committed.
struct BlockInfo {
  BlockId id;
  std::uint64_t length = 0;  // bytes
  std::uint32_t crc = 0;     // CRC32C of the whole block

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("block", self.id);
    visit("length", self.length);
    visit("crc", self.crc);
  }
  friend bool operator==(const BlockInfo&, const BlockInfo&) = default;
};

// How a DataNode is reached. Clients and other DataNodes may need different addresses.
struct NodeAddress {
  NodeId node;
  std::string client;  // "host:port" as clients reach it
  std::string peer;    // "host:port" as other DataNodes reach it

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("node", self.node);
    visit("client", self.client);
    visit("peer", self.peer);
  }
  friend bool operator==(const NodeAddress&, const NodeAddress&) = default;
};

// One block of a file with the DataNodes to read it from, best first.
struct LocatedBlock {
  BlockInfo block;
  std::uint64_t offset = 0;          // of its first byte in the file
  std::uint64_t visible_length = 0;  // bytes of it that belong to the file
  std::vector<NodeAddress> locations;

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("info", self.block);
    visit("offset", self.offset);
    visit("visible_length", self.visible_length);
    visit("locations", self.locations);
  }
  friend bool operator==(const LocatedBlock&, const LocatedBlock&) = default;
};

enum class FileType { kFile, kDirectory };
constexpr std::string_view to_string(FileType type) {
  return type == FileType::kDirectory ? "DIRECTORY" : "FILE";
}
constexpr bool from_string(std::string_view name, FileType& type) {
  if (name != "DIRECTORY" && name != "FILE") return false;
  type = name == "DIRECTORY" ? FileType::kDirectory : FileType::kFile;
  return true;
}

struct FileStatus {
  std::string name;  // the last component; "" for the root and for the subject of a stat
  InodeId inode;
  FileType type = FileType::kFile;
  std::uint64_t length = 0;  // bytes; 0 for directories
  std::uint32_t replication = 0;
  std::uint64_t block_size = 0;  // bytes
  std::uint32_t mode = 0;        // permission bits, octal 0–01777
  std::string owner;
  std::string group;
  WallTime mtime;
  WallTime atime;
  std::uint64_t children = 0;       // entries of a directory
  bool under_construction = false;  // a new file that is not complete yet

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("name", self.name);
    visit("inode", self.inode);
    visit("type", self.type);
    visit("length", self.length);
    visit("replication", self.replication);
    visit("block_size", self.block_size);
    visit("mode", self.mode);
    visit("owner", self.owner);
    visit("group", self.group);
    visit("mtime", self.mtime);
    visit("atime", self.atime);
    visit("children", self.children);
    visit("under_construction", self.under_construction);
  }
  friend bool operator==(const FileStatus&, const FileStatus&) = default;
};

// Sums of a subtree, kept and not walked.
struct ContentSummary {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;  // including the subject itself when it is one
  std::uint64_t length = 0;       // bytes of file content
  std::uint64_t space = 0;        // bytes times replication

  template <class Self, class V>
  static void fields(Self& self, V&& visit) {
    visit("files", self.files);
    visit("directories", self.directories);
    visit("length", self.length);
    visit("space", self.space);
  }
  friend bool operator==(const ContentSummary&, const ContentSummary&) = default;
};

}  // namespace dfs::wire
