#include "tests/namenode/tree_check.h"

#include <algorithm>
#include <map>
#include <set>

namespace dfs::namenode {
namespace {

constexpr std::size_t kAll = 1'000'000;

class Checker {
 public:
  explicit Checker(Store& store) : store_(store) {}

  std::string run() {
    for (const InodeRow& row : store_.scan_inodes(InodeId{}, kAll)) inodes_[row.id] = row;
    for (const InodeId id : store_.scan_reap(InodeId{}, kAll)) reap_.insert(id);
    for (const BlockRow& row : store_.scan_blocks(BlockId{}, kAll)) blocks_[row.id] = row;
    directory(kRootInode);
    pendings();
    dead();
    for (const auto& [id, row] : blocks_) {
      if (row.state != BlockState::kAllocated && !named_.contains(id))
        wrong("block unnamed", id.value);
      if (row.state == BlockState::kAllocated && !inodes_.contains(row.owner)) {
        wrong("allocated block without owner", id.value);
      }
    }
    return damage_;
  }

 private:
  void wrong(const std::string& what, std::uint64_t id) {
    if (damage_.empty()) damage_ = what + " " + std::to_string(id);
  }

  struct Below {
    wire::ContentSummary sums;
    std::uint64_t height = 0;
  };

  Below directory(InodeId id) {
    Below below;
    if (!seen_.insert(id).second) {
      wrong("inode reached twice", id.value);
      return below;
    }
    const InodeRow row = inodes_.at(id);
    std::uint64_t children = 0;
    for (const EntryRow& entry : store_.scan_entries(id, "", kAll)) {
      ++children;
      if (!inodes_.contains(entry.inode)) {
        wrong("entry without inode", entry.inode.value);
        continue;
      }
      const InodeRow& child = inodes_.at(entry.inode);
      if (child.parent != id || child.name != entry.name) wrong("parent differs", child.id.value);
      std::uint64_t height = 1;
      if (child.type == FileType::kDirectory) {
        const Below deeper = directory(child.id);
        height += deeper.height;
        below.sums.files += deeper.sums.files;
        below.sums.directories += deeper.sums.directories;
        below.sums.length += deeper.sums.length;
        below.sums.space += deeper.sums.space;
      } else {
        file(child, BlockState::kCommitted);
        below.sums.files += 1;
        below.sums.length += child.length;
        below.sums.space += child.length * child.replication;
      }
      below.height = std::max(below.height, height);
    }
    for (const PendingRow& pending : store_.scan_pending_in(id, "", kAll)) {
      if (pending.replaces) continue;
      ++children;
      below.height = std::max<std::uint64_t>(below.height, 1);
      if (store_.entry(id, pending.name)) wrong("entry beside a file under construction", id.value);
    }
    below.sums.directories += 1;
    if (row.sums != below.sums) wrong("sums of directory", id.value);
    if (row.children != children) wrong("children of directory", id.value);
    if (row.height < below.height) wrong("height of directory", id.value);
    return below;
  }

  void file(const InodeRow& row, BlockState state) {
    if (!seen_.insert(row.id).second) wrong("file reached twice", row.id.value);
    std::uint64_t length = 0;
    std::uint64_t index = 0;
    for (const FileBlockRow& position : store_.scan_file_blocks(row.id, 0, kAll)) {
      if (position.index != index++) wrong("gap in file", row.id.value);
      length += position.visible_length;
      if (!named_.insert(position.block).second) wrong("block named twice", position.block.value);
      if (!blocks_.contains(position.block)) {
        wrong("file names a block that is not there", row.id.value);
        continue;
      }
      const BlockRow& block = blocks_.at(position.block);
      if (block.state != state) wrong("state of block", block.id.value);
      if (block.owner != row.id || block.index != position.index || block.references != 1) {
        wrong("owner, index or references of block", block.id.value);
      }
      if (block.replication != row.replication && !reap_.contains(row.id)) {
        wrong("replication of block", block.id.value);
      }
    }
    if (length != row.length) wrong("length of file", row.id.value);
    if (!store_.allocated_blocks(row.id, 1).empty()) wrong("complete with allocated", row.id.value);
  }

  void pendings() {
    for (const PendingRow& pending : store_.scan_pending(InodeId{}, kAll)) {
      const auto row = inodes_.find(pending.inode);
      if (row == inodes_.end() || row->second.parent || row->second.born != 0) {
        wrong("inode of pending file", pending.inode.value);
        continue;
      }
      seen_.insert(pending.inode);
      std::uint64_t count = 0;
      std::uint64_t end = 0;
      std::uint64_t length = 0;
      for (const FileBlockRow& position : store_.scan_file_blocks(pending.inode, 0, kAll)) {
        ++count;
        end = position.index + 1;
        length += position.visible_length;
        named_.insert(position.block);
      }
      if (count != pending.blocks || end != pending.end || length != pending.length) {
        wrong("totals of pending file", pending.inode.value);
      }
    }
  }

  // What is not reachable waits to be reaped, lies below what does, or has blocks in their grace.
  void dead() {
    for (const auto& [id, row] : inodes_) {
      for (const FileBlockRow& position : store_.scan_file_blocks(id, 0, kAll)) {
        named_.insert(position.block);
      }
      if (seen_.contains(id) || below_reaped(row)) continue;
      const auto blocks = store_.scan_file_blocks(id, 0, 1);
      if (blocks.empty() || blocks_.at(blocks[0].block).state != BlockState::kFreed) {
        wrong("unreachable inode", id.value);
      }
    }
  }

  [[nodiscard]] bool below_reaped(InodeRow row) const {
    for (int level = 0; level < 300; ++level) {
      if (reap_.contains(row.id)) return true;
      const auto parent = inodes_.find(row.parent);
      if (parent == inodes_.end()) return false;
      row = parent->second;
    }
    return false;
  }

  Store& store_;
  std::map<InodeId, InodeRow> inodes_;
  std::map<BlockId, BlockRow> blocks_;
  std::set<InodeId> reap_;
  std::set<InodeId> seen_;
  std::set<BlockId> named_;
  std::string damage_;
};

}  // namespace

std::string find_damage(Store& store) { return Checker(store).run(); }

}  // namespace dfs::namenode
