// Cursors: "d/a/b" enters directory /a/b, "a/a/b" goes on after /a/b, "7/a/b" goes on with block 7
// of the file /a/b.
#include "core/namenode/walk.h"

#include <algorithm>
#include <charconv>
#include <deque>

#include "core/namenode/namespace/errors.h"
#include "core/namenode/namespace/tree.h"

namespace dfs::namenode {
namespace {

constexpr std::uint64_t kPageRows = 1200;
// Else a page might end before it has got to where its cursor points (two rows a name).
static_assert(kPageRows > 2 * wire::kMaxPathDepth);
constexpr std::size_t kBytesOfARow = 4096;  // so that a page of long paths fits a message
constexpr std::size_t kEntriesAtOnce = 32;
constexpr std::uint64_t kBlocksAtOnce = 256;
// Rows of a block beside its replicas' hints, each of which is one for whoever looks at the block.
constexpr std::uint64_t kRowsOfWalked = 3;

enum class Go { kInto, kAfter, kBlock };

struct Cursor {
  Go go = Go::kInto;
  std::uint64_t block = 0;
  wire::Path path;
};

std::string to_text(const Cursor& cursor) {
  const std::string kind = cursor.go == Go::kInto    ? "d"
                           : cursor.go == Go::kAfter ? "a"
                                                     : std::to_string(cursor.block);
  return kind + cursor.path.text();
}

Result<Cursor> parse_cursor(const std::string& text) {
  const Status malformed(Code::kInvalidArgument, "malformed cursor");
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return malformed;
  const Result<wire::Path> path = wire::Path::parse(text.substr(slash), wire::kMaxTreePathBytes);
  if (!path.ok()) return malformed;
  const std::string kind = text.substr(0, slash);
  if (kind == "d") return Cursor{Go::kInto, 0, *path};
  if (kind == "a") return Cursor{Go::kAfter, 0, *path};
  Cursor cursor{Go::kBlock, 0, *path};
  const char* const end = kind.data() + kind.size();
  const auto [stop, error] = std::from_chars(kind.data(), end, cursor.block);
  if (error != std::errc() || stop != end) return malformed;
  return cursor;
}

class Walker {
 public:
  Walker(Store& store, const std::function<void(const WalkedBlocks&)>& visit)
      : store_(store), visit_(visit) {}

  // Goes to where `cursor`, which lies in `top`, points.
  void enter(const InodeRow& top, const wire::Path& path, const Cursor& cursor) {
    frames_.push_back({top.id, path, "", {}});
    for (std::size_t depth = path.depth() + 1; depth <= cursor.path.depth(); ++depth) {
      const std::string& name = cursor.path.names()[depth - 1];
      const bool last = depth == cursor.path.depth();
      frames_.back().after = name;
      if (last && cursor.go == Go::kAfter) return;
      const std::optional<EntryRow> entry = store_.entry(frames_.back().directory, name);
      if (!entry) return;
      const std::optional<InodeRow> row = store_.inode(entry->inode);
      rows_ += 2;
      if (row->type == FileType::kFile) {
        if (last && cursor.go == Go::kBlock) file(*row, cursor.path, cursor.block);
        return;
      }
      frames_.push_back({row->id, cursor.path.prefix(depth), "", {}});
    }
  }

  // Walks on until the page is full or the subtree ends; the cursor after it.
  [[nodiscard]] std::string run() {
    while (!stopped_ && !frames_.empty()) {
      if (rows_ >= kPageRows) {
        stop_here();
      } else {
        step();
      }
    }
    return stopped_.value_or("");
  }

  // The blocks of one file from index `first` on, as far as the page goes.
  void file(const InodeRow& row, const wire::Path& path, std::uint64_t first) {
    WalkedBlocks walked{path.text(), row.id, first == 0, {}};
    rows_ += walked.path.size() / kBytesOfARow;
    const std::uint64_t rows_each = kRowsOfWalked + row.replication;
    bool more = true;
    do {
      const std::uint64_t room = rows_ < kPageRows ? (kPageRows - rows_) / rows_each : 0;
      const auto limit =
          static_cast<std::size_t>(std::clamp(room, std::uint64_t{1}, kBlocksAtOnce));
      const std::vector<FileBlockRow> positions = store_.scan_file_blocks(row.id, first, limit);
      rows_ += rows_each * positions.size();
      for (const FileBlockRow& position : positions) {
        if (std::optional<BlockRow> block = store_.block(position.block)) {
          walked.blocks.push_back(*block);
        }
        first = position.index + 1;
      }
      more = positions.size() == limit;
    } while (more && rows_ < kPageRows);
    visit_(walked);
    if (more) stopped_ = to_text({Go::kBlock, first, path});
  }

 private:
  struct Frame {
    InodeId directory;
    wire::Path path;
    std::string after;
    std::deque<EntryRow> read;  // entries that come next
  };

  void step() {
    Frame& frame = frames_.back();
    if (frame.read.empty()) {
      for (EntryRow& entry : store_.scan_entries(frame.directory, frame.after, kEntriesAtOnce)) {
        frame.read.push_back(std::move(entry));
      }
      rows_ += frame.read.size();
      if (frame.read.empty()) {
        frames_.pop_back();
        return;
      }
    }
    const EntryRow entry = std::move(frame.read.front());
    frame.read.pop_front();
    frame.after = entry.name;
    const std::optional<InodeRow> row = store_.inode(entry.inode);
    DFS_ASSERT(row.has_value());
    ++rows_;
    const wire::Path path = frame.path.child(entry.name);
    if (row->type == FileType::kDirectory) {
      frames_.push_back({row->id, path, "", {}});
    } else {
      file(*row, path, 0);
    }
  }

  void stop_here() {
    const Frame& frame = frames_.back();
    stopped_ = frame.after.empty() ? to_text({Go::kInto, 0, frame.path})
                                   : to_text({Go::kAfter, 0, frame.path.child(frame.after)});
  }

  Store& store_;
  const std::function<void(const WalkedBlocks&)>& visit_;
  std::vector<Frame> frames_;
  std::uint64_t rows_ = 0;
  std::optional<std::string> stopped_;
};

}  // namespace

Result<std::string> walk_page(Store& store, const std::string& path, const std::string& cursor,
                              const std::function<void(const WalkedBlocks&)>& visit) {
  const Result<wire::Path> parsed = wire::Path::parse(path);
  if (!parsed.ok()) return parsed.status();
  Cursor from{Go::kInto, 0, *parsed};
  if (!cursor.empty()) {
    const Result<Cursor> given = parse_cursor(cursor);
    if (!given.ok()) return given.status();
    if (!parsed->contains(given->path)) return invalid(path, "The cursor is not of this path");
    from = *given;
  }
  std::optional<InodeRow> top;
  if (parsed->is_root()) {
    top = store.inode(kRootInode);
  } else {
    Result<Spot> spot = find_spot(store, *parsed);
    if (!spot.ok()) return spot.status();
    if (!spot->inode && !spot->under_construction()) return no_such(parsed->text());
    top = std::move(spot->inode);
  }
  Walker walker(store, visit);
  if (!top) return std::string();  // a file under construction has no blocks yet
  if (top->type == FileType::kFile) {
    if (from.go != Go::kAfter) walker.file(*top, *parsed, from.block);
  } else {
    walker.enter(*top, *parsed, from);
  }
  return walker.run();
}

}  // namespace dfs::namenode
