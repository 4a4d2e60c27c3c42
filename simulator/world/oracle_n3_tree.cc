// N3: the stored namespace is a tree: each inode is reached once, from a directory, without cycles,
// and kept counts and sums equal what a walk finds.
#include "simulator/world/oracles.h"

namespace dfs::world {
namespace {

constexpr std::size_t kPage = 1000;

class Tree final : public Oracle {
 public:
  using Oracle::Oracle;

  void every_second() override {
    if (++seconds_ % kEvery == 0) walk();
  }
  void at_rest() override { walk(); }

 private:
  static constexpr std::uint64_t kEvery = 10;

  struct Found {
    wire::ContentSummary sums;
    std::uint64_t children = 0;
  };

  void violated(const std::string& what) { scene_.verdicts.violated("N3", what); }

  void walk() {
    namenode::Store* store = scene_.namenode->store();
    if (store == nullptr || store->meta().applied == 0) return;
    reached_.clear();
    visit(*store, kRootInode, InodeId{}, 0);
    scene_.verdicts.checked("N3", reached_.size());
    for (InodeId after{};;) {
      const std::vector<namenode::InodeRow> rows = store->scan_inodes(after, kPage);
      if (rows.empty()) return;
      for (const namenode::InodeRow& row : rows) {
        if (row.parent && !reached_.contains(row.id) && !waits_to_be_reaped(*store, row)) {
          return violated("inode " + std::to_string(row.id.value) + " cannot be reached");
        }
      }
      after = rows.back().id;
    }
  }

  // Below something that a delete took out of the tree.
  static bool waits_to_be_reaped(namenode::Store& store, namenode::InodeRow row) {
    for (int level = 0; level < 300; ++level) {
      const std::optional<namenode::InodeRow> above = store.inode(row.parent);
      if (!above || above->id == kRootInode) return false;
      if (!above->parent) return true;
      row = *above;
    }
    return false;
  }

  Found visit(namenode::Store& store, InodeId id, InodeId parent, int depth) {
    const std::optional<namenode::InodeRow> row = store.inode(id);
    if (!row) {
      violated("an entry names inode " + std::to_string(id.value) + ", which does not exist");
      return {};
    }
    if (!reached_.insert(id).second || depth > 300) {
      violated("inode " + std::to_string(id.value) + " is reached twice");
      return {};
    }
    if (row->parent != parent)
      violated("inode " + std::to_string(id.value) + " has another parent");
    Found found;
    if (row->type == wire::FileType::kFile) {
      found.sums = {1, 0, row->length, row->length * row->replication};
      return found;
    }
    found.sums.directories = 1;
    for (const namenode::EntryRow& entry : store.scan_entries(id, "", kPage)) {
      const Found below = visit(store, entry.inode, id, depth + 1);
      found.sums.files += below.sums.files;
      found.sums.directories += below.sums.directories;
      found.sums.length += below.sums.length;
      found.sums.space += below.sums.space;
      ++found.children;
    }
    for (const namenode::PendingRow& pending : store.scan_pending_in(id, "", kPage)) {
      if (!pending.replaces) ++found.children;
    }
    if (found.sums != row->sums || found.children != row->children) {
      violated("directory inode " + std::to_string(id.value) +
               " keeps other sums than a walk finds");
    }
    return found;
  }

  std::set<InodeId> reached_;
  std::uint64_t seconds_ = 0;
};

}  // namespace

std::unique_ptr<Oracle> make_n3(Scene& scene) { return std::make_unique<Tree>(scene); }

}  // namespace dfs::world
