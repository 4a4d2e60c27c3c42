#include "core/namenode/queries.h"

#include <algorithm>

#include "core/namenode/namespace/errors.h"
#include "core/namenode/namespace/operations.h"
#include "core/namenode/namespace/status_of.h"
#include "core/namenode/namespace/tree.h"

namespace dfs::namenode {
namespace {

constexpr std::size_t kListPage = 500;
// A page of blocks ends before it may touch more rows than these. Those of a block: itself, twice,
// and a hint for each replica.
constexpr std::uint64_t kLocateRows = 1900;
constexpr std::uint64_t kRowsOfBlock = 2;

// What is shown at `path`: an inode, or the version that is being written where there was nothing.
Result<InodeRow> find_shown(Store& store, const std::string& text) {
  const Result<wire::Path> path = wire::Path::parse(text);
  if (!path.ok()) return path.status();
  if (path->is_root()) return *store.inode(kRootInode);
  Result<Spot> spot = find_spot(store, *path);
  if (!spot.ok()) {
    if (spot.status().code() == Code::kNotFound) return no_such(path->text());
    return spot.status();
  }
  if (spot->inode) return std::move(*spot->inode);
  if (spot->under_construction()) return *store.inode(spot->pending->inode);
  return no_such(path->text());
}

// Entries of a directory and files under construction in it, merged in byte order of their names.
class Listing {
 public:
  Listing(Store& store, InodeId directory, const std::string& after, std::size_t limit)
      : store_(store),
        entries_(store.scan_entries(directory, after, limit + 1)),
        pending_(store.scan_pending_in(directory, after, limit + 1)) {
    // Beyond the last name of a scan that was cut off, the other one is not the whole truth.
    if (entries_.size() > limit) cut(entries_.back().name);
    if (pending_.size() > limit) cut(pending_.back().name);
  }

  // Appends to the page what is shown, until it has `limit` entries. False: go on from end().
  [[nodiscard]] bool fill(wire::ListReply& page, std::size_t limit) {
    std::size_t e = 0;
    std::size_t p = 0;
    while (true) {
      while (p < pending_.size() && pending_[p].replaces) ++p;
      const bool has_entry = e < entries_.size();
      const bool has_pending = p < pending_.size();
      if (!has_entry && !has_pending) return !cut_;
      const bool take_entry = has_entry && (!has_pending || entries_[e].name < pending_[p].name);
      const std::string& name = take_entry ? entries_[e].name : pending_[p].name;
      if (cut_ && name > *cut_) return false;
      if (page.entries.size() == limit) {
        page.more = true;
        return true;
      }
      const InodeId inode = take_entry ? entries_[e].inode : pending_[p].inode;
      const std::optional<InodeRow> row = store_.inode(inode);
      DFS_ASSERT(row.has_value());
      page.entries.push_back(status_of(*row, name));
      ++(take_entry ? e : p);
    }
  }

  // How far the page has looked, if it was cut off.
  [[nodiscard]] std::string end() const { return cut_.value_or(""); }

 private:
  void cut(const std::string& name) {
    if (!cut_ || name < *cut_) cut_ = name;
  }

  Store& store_;
  std::vector<EntryRow> entries_;
  std::vector<PendingRow> pending_;
  std::optional<std::string> cut_;
};

// A block's index in a file and the offset at which it begins.
struct Place {
  std::uint64_t index = 0;
  std::uint64_t offset = 0;
};

// Whether all blocks of `file` but the last are full. Of few blocks (complete() refuses uneven ones
// beyond that) they are if the last one is where it would be then and no other follows; in a dead
// version those that follow may be forgotten already.
bool known_full(Store& store, const InodeRow& file) {
  const std::uint64_t full = (file.length - 1) / file.block_size;
  if (full >= kMaxUnevenBlocks) return true;
  if (file.died != kStillAlive) return false;
  const std::optional<FileBlockRow> last = store.file_block(file.id, full);
  DFS_ASSERT(last.has_value());  // no block is longer than block_size
  return last->visible_length == file.length - full * file.block_size &&
         !store.file_block(file.id, full + 1);
}

// The block of `file` that holds byte `offset`, which is below its length; or one before it that is
// gone.
Place place_of(Store& store, const InodeRow& file, std::uint64_t offset) {
  if (known_full(store, file)) {
    const std::uint64_t index = offset / file.block_size;
    return {index, index * file.block_size};
  }
  Place place;
  for (const FileBlockRow& row : store.scan_file_blocks(file.id, 0, kMaxUnevenBlocks)) {
    if (row.index != place.index || place.offset + row.visible_length > offset) break;
    place.index += 1;
    place.offset += row.visible_length;
  }
  return place;
}

// False if a block is gone: the version is being forgotten. `until`: of the store's count of rows.
bool locate_blocks(Store& store, const wire::Locate& request, const InodeRow& file,
                   const Locations& locations, std::size_t page, std::uint64_t until,
                   wire::LocateReply& reply) {
  const std::uint64_t end =
      request.length < file.length - request.offset ? request.offset + request.length : file.length;
  Place place = place_of(store, file, request.offset);
  for (const FileBlockRow& row : store.scan_file_blocks(file.id, place.index, page)) {
    if (place.offset >= end) return true;
    const std::uint64_t rows = store.rows_touched() + kRowsOfBlock + file.replication;
    reply.more = rows > until && !reply.blocks.empty();
    if (reply.more) return true;
    const std::optional<BlockRow> block = store.block(row.block);
    if (!block || row.index != place.index) return false;
    wire::LocatedBlock located;
    located.block = {block->id, block->length, block->crc};
    located.offset = place.offset;
    located.visible_length = row.visible_length;
    located.locations = locations(block->id);
    reply.blocks.push_back(std::move(located));
    place.index += 1;
    place.offset += row.visible_length;
  }
  reply.more = place.offset < end;
  return !reply.more || reply.blocks.size() == page;
}

Status replaced(const wire::Locate& request) {
  return refuse(Code::kReplaced,
                request.path.empty() ? "file " + std::to_string(request.inode.value) : request.path,
                "The file was replaced or removed while it was read");
}

// A directory can have the id that a history which was given up had given to the file.
Result<InodeRow> find_version(Store& store, const wire::Locate& request) {
  if (!request.inode) return find_shown(store, request.path);
  std::optional<InodeRow> row = store.inode(request.inode);
  if (!row || row->type == FileType::kDirectory) return replaced(request);
  return std::move(*row);
}

}  // namespace

wire::Reply stat(Store& store, const wire::Stat& request) {
  const Result<InodeRow> row = find_shown(store, request.path);
  if (!row.ok()) return row.status();
  return status_of(*row, "");
}

wire::Reply list(Store& store, const wire::List& request) {
  const Result<InodeRow> row = find_shown(store, request.path);
  if (!row.ok()) return row.status();
  if (row->type == FileType::kFile) {
    wire::ListReply reply;
    reply.directory = false;
    reply.entries.push_back(status_of(*row, ""));
    return reply;
  }
  const std::size_t limit =
      request.limit == 0 ? kListPage : std::min<std::size_t>(request.limit, kListPage);
  wire::ListReply page;
  for (std::string after = request.after;;) {
    Listing listing(store, row->id, after, limit - page.entries.size());
    if (listing.fill(page, limit)) return page;
    after = listing.end();  // versions that are not shown filled the scan
  }
}

wire::Reply locate(Store& store, const wire::Locate& request, const Locations& locations,
                   std::size_t page) {
  const std::uint64_t until = store.rows_touched() + kLocateRows;
  const Result<InodeRow> row = find_version(store, request);
  if (!row.ok()) return row.status();
  if (row->type == FileType::kDirectory) return is_a_directory(request.path);
  wire::LocateReply reply;
  reply.status = status_of(*row, "");
  if (request.offset < row->length && request.length > 0) {
    if (!locate_blocks(store, request, *row, locations, page, until, reply)) {
      return replaced(request);
    }
  }
  return reply;
}

wire::Reply summarize(Store& store, const wire::Summarize& request) {
  const Result<InodeRow> row = find_shown(store, request.path);
  if (!row.ok()) return row.status();
  if (row->type == FileType::kDirectory) return row->sums;
  return wire::ContentSummary{1, 0, row->length, space_of(*row)};
}

}  // namespace dfs::namenode
