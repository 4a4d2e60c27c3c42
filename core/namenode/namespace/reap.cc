// reap: takes detached subtrees and dead versions apart, in steps of bounded length (law 11).
//
// A directory's entries are detached and queued one by one, then the directory goes. The blocks of
// a dead file version that was published become kFreed, and its rows stay for its readers until
// forget_blocks takes the last block; a version that nobody has ever seen goes with its blocks at
// once. A live file in the queue has its blocks told of their new replication. Every function
// counts the rows that it touches against the step's budget.
#include <algorithm>

#include "core/base/mutant.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/pending.h"

namespace dfs::namenode {
namespace {

// Rows that the handling of one child or block may touch, its scan included, and those of an item
// of the queue beside them.
constexpr std::uint64_t kRowsEach = 6;
constexpr std::uint64_t kRowsOfItem = 10;
// Of a block that is forgotten, beside a hint for each replica.
constexpr std::uint64_t kRowsOfForgotten = 3;

class Reaper {
 public:
  Reaper(Context& context, std::uint64_t rows)
      : context_(context), store_(context.store), left_(rows) {}

  void run() {
    while (left_ >= kRowsOfItem + kRowsEach) {
      const std::vector<InodeId> next = store_.scan_reap(InodeId{}, 1);
      left_ -= kRowsOfItem;
      if (next.empty()) return;
      item(next.front());
    }
  }

 private:
  // How many children or blocks the budget is good for. The first is handled whatever it costs, or
  // one that costs more than a whole budget would stay for ever.
  [[nodiscard]] std::size_t room(std::uint64_t each = kRowsEach) const {
    if (!spent_ && left_ >= kRowsEach && left_ < each) return 1;
    return static_cast<std::size_t>(left_ / each);
  }
  void spend(std::size_t handled, std::uint64_t each = kRowsEach) {
    left_ -= std::min(left_, handled * each);
    spent_ = spent_ || handled > 0;
  }

  void item(InodeId id) {
    const std::optional<InodeRow> row = store_.inode(id);
    DFS_ASSERT(row.has_value());
    if (row->type == FileType::kDirectory) {
      directory(*row);
    } else if (row->parent) {
      retarget(*row);
    } else if (row->born > 0) {
      free_blocks(*row);
    } else {
      forget_blocks_of(*row);
    }
  }

  void finish(InodeId id) {
    store_.erase_inode(id);
    store_.erase_reap(id);
  }

  void directory(const InodeRow& row) {
    const std::vector<PendingRow> pending = store_.scan_pending_in(row.id, "", room());
    for (const PendingRow& file : pending) drop_pending(context_, file);
    spend(pending.size());
    const std::size_t rest = room();
    if (rest == 0) return;
    const std::vector<EntryRow> entries = store_.scan_entries(row.id, "", rest);
    for (const EntryRow& entry : entries) {
      InodeRow child = *store_.inode(entry.inode);
      child.parent = InodeId{};
      child.died = context_.position;
      child.progress = 0;
      store_.put_inode(child);
      store_.put_reap(child.id);
      store_.erase_entry(row.id, entry.name);
    }
    spend(entries.size());
    if (entries.size() < rest) finish(row.id);
  }

  // The next blocks of the file from its progress on; `last` tells whether there are none after.
  std::vector<FileBlockRow> next_blocks(const InodeRow& row, bool& last,
                                        std::uint64_t each = kRowsEach) {
    const std::size_t all = room(each);
    std::vector<FileBlockRow> blocks = store_.scan_file_blocks(row.id, row.progress, all);
    last = blocks.size() < all;
    spend(blocks.size(), each);
    return blocks;
  }
  void save_progress(InodeRow row, std::uint64_t progress) {
    row.progress = progress;
    store_.put_inode(row);
  }

  void retarget(const InodeRow& row) {
    bool last = false;
    const std::vector<FileBlockRow> blocks = next_blocks(row, last);
    for (const FileBlockRow& position : blocks) {
      BlockRow block = *store_.block(position.block);
      block.replication = row.replication;
      store_.put_block(block);
      context_.effects.retargeted.push_back(block.id);
    }
    if (last) store_.erase_reap(row.id);
    save_progress(row, last ? 0 : blocks.back().index + 1);
  }

  void free_blocks(const InodeRow& row) {
    bool last = false;
    const std::vector<FileBlockRow> blocks = next_blocks(row, last);
    for (const FileBlockRow& position : blocks) {
      BlockRow block = *store_.block(position.block);
      DFS_ASSERT(block.references == 1);  // no two versions share a block
      block.references = 0;
      block.state = BlockState::kFreed;
      block.freed = context_.time;
      context_.effects.freed.push_back(block.id);
      store_.put_block(block);
    }
    if (!last) {
      save_progress(row, blocks.back().index + 1);
    } else if (store_.scan_file_blocks(row.id, 0, 1).empty()) {
      finish(row.id);
    } else {
      store_.erase_reap(row.id);
    }
  }

  void forget_blocks_of(const InodeRow& row) {
    const std::uint64_t each = std::max(kRowsEach, kRowsOfForgotten + row.replication);
    bool last = false;
    const std::vector<FileBlockRow> blocks = next_blocks(row, last, each);
    for (const FileBlockRow& position : blocks) {
      forget_unpublished(context_, position.block);
      store_.erase_file_block(row.id, position.index);
    }
    if (!last) return;
    const std::size_t all = room(each);
    DFS_ASSERT(all > 0);  // of the blocks there was room for one more
    if (mutated(Mutant::kC4KeepAllocated)) return finish(row.id);
    const std::size_t given_up = give_up_allocated(context_, row.id, all);
    spend(given_up, each);
    if (given_up < all) finish(row.id);
  }

  Context& context_;
  Store& store_;
  std::uint64_t left_;
  bool spent_ = false;
};

}  // namespace

wire::Reply reap(Context& context, const ReapCommand& command) {
  Reaper(context, command.rows).run();
  return wire::Empty{};
}

}  // namespace dfs::namenode
