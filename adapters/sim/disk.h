// The simulated disk of one DataNode volume: replica files with what is durable and what is not.
//
// A replica is two files, data and sidecar, in current/ or quarantine/; while it is received they
// are in tmp/. Files are written once, synced and then never changed, except by rot. Directory
// entries are durable when their directory has been synced. power_loss() drops, tears or keeps
// whatever was not synced, by keyed draws. Times are the owner's: every call takes effect at once.
// What takes several steps can be cut short after any of them, as by a crash. The steps are those
// of adapters/disk: an unlink after a move or of a purge is not synced and may come undone, the
// move's not after a purge.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "adapters/sim/payload.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/time.h"
#include "core/datanode/receiver.h"

namespace dfs::sim {

enum class Folder : std::uint8_t { kTemporary, kCurrent, kQuarantine };

struct FileName {
  Folder folder = Folder::kTemporary;
  bool sidecar = false;
  std::uint64_t number = 0;  // block id, or the temporary file's number
  // In quarantine/ also of what content, and which copy of it: none takes another's place there.
  std::uint64_t length = 0;
  std::uint32_t crc = 0;
  std::uint32_t copy = 0;

  friend bool operator==(const FileName&, const FileName&) = default;
  // Folder by folder, data before sidecars, in the order of the members. Two words tell most apart;
  // nothing happens on a disk more often.
  friend bool operator<(const FileName& a, const FileName& b) {
    const Uint128 first = a.front();
    const Uint128 second = b.front();
    if (first != second) return first < second;
    return std::tie(a.length, a.crc, a.copy) < std::tie(b.length, b.crc, b.copy);
  }

 private:
  [[nodiscard]] Uint128 front() const {
    const auto high = static_cast<std::uint64_t>(folder) << 1 | (sidecar ? 1u : 0u);
    return Uint128{high} << 64 | number;
  }
};

using SharedSidecar = std::shared_ptr<const datanode::Sidecar>;

struct SimFile {
  FileBytes data;            // of a data file
  SharedSidecar sidecar;     // of a sidecar; nullptr: unreadable text
  std::int64_t made_ms = 0;  // wall time, as its writer knew it
  bool synced = false;
  std::uint32_t names = 0;  // entries that lead to it, seen and durable ones
  std::uint32_t seen = 0;   // … seen ones: without any its bytes are free
};

// A replica as the directory shows it. Pointers are valid until the disk changes.
struct ReplicaFiles {
  const FileBytes* data = nullptr;
  const datanode::Sidecar* sidecar = nullptr;  // nullptr: missing or unreadable

  // The data is what the sidecar says.
  [[nodiscard]] bool whole() const;
};

// A copy in quarantine/; its name says what it is, also where its sidecar is lost.
struct Quarantined {
  wire::BlockInfo info;
  std::uint32_t copy = 0;
  ReplicaFiles files;

  [[nodiscard]] bool whole() const { return files.whole() && files.sidecar->info == info; }
};

// Bytes of a replica's data; all of them unless told otherwise.
struct Extent {
  std::uint64_t from = 0;
  std::uint64_t to = UINT64_MAX;
};

// How far the publication of a replica has come; each step after the one before.
enum class PublishStep { kSyncData, kSyncSidecar, kRenameData, kRenameSidecar, kSyncFolders };
inline constexpr int kPublishSteps = 5;
// Link the sidecar, link the data, sync the target, unlink the data, unlink the sidecar.
inline constexpr int kMoveSteps = 5;
inline constexpr int kMovedAfter = 4;  // steps: the source has no data from then on
// Sync current/ and unlink the sidecar, unlink the data.
inline constexpr int kPurgeSteps = 2;

class SimDisk {
 public:
  explicit SimDisk(std::uint64_t capacity_bytes) : capacity_(capacity_bytes) {}
  SimDisk(SimDisk&&) = default;  // and no implicit copy: entries lead to this disk's files
  // Another disk with what this one shows, all of it durable, and none of its faults.
  [[nodiscard]] SimDisk copy() const;

  // Temporary files. kNoSpace, kUnavailable (too many open files).
  [[nodiscard]] Result<std::uint64_t> create(std::uint64_t length, WallTime now = {});
  Status write(std::uint64_t file, std::uint64_t offset, const Slice& data);
  Status write(std::uint64_t file, std::uint64_t offset, Bytes data);
  void discard(std::uint64_t file);
  // Carries out the first `steps` steps of the publication of `file`; all of them make it durable.
  // A replica of that id that is in current/ goes to quarantine/ first, whatever its content: it is
  // for the owner, who has all volumes, to see that no transfer replaces other content.
  Status publish(std::uint64_t file, const SharedSidecar& sidecar, int steps = kPublishSteps);

  // Gives both files a name in quarantine/, durably, and then takes the one in current/ away.
  // kNotFound if current/ proves that there is none, or one with other content.
  Status quarantine(const wire::BlockInfo& replica, int steps = kMoveSteps);
  // The same for whatever is in current/; what no sidecar names is gone as if in unknown/.
  Status make_way(BlockId block, int steps = kMoveSteps);
  // The way back, for one of the copies there. Nothing is in its place.
  Status restore(const wire::BlockInfo& replica, std::uint32_t copy, int steps = kMoveSteps);
  // Unlinks all copies of the content from quarantine/, once it is durable that current/ does not
  // have them.
  Status purge(const wire::BlockInfo& replica, int steps = kPurgeSteps);

  // Of the data only `wanted` will be read. kNotFound: proven absent; any other: unknown.
  [[nodiscard]] Result<ReplicaFiles> open(BlockId block, Extent wanted = {}) const;
  // What the replica's sidecar says. kNotFound: there is none, or no good one.
  [[nodiscard]] Result<wire::BlockInfo> read_sidecar(BlockId block) const;
  // All copies of the content in quarantine/, the latest first.
  [[nodiscard]] Result<std::vector<Quarantined>> open_quarantined(
      const wire::BlockInfo& replica) const;
  // A replica of that id in current/ is named as one with other content.
  [[nodiscard]] bool has_other(const wire::BlockInfo& replica) const;
  // Block ids with a data file and a good sidecar in current/, ascending.
  [[nodiscard]] std::vector<BlockId> list() const;
  // Those of one bucket of the block report, without looking at the others.
  [[nodiscard]] std::vector<BlockId> list_bucket(std::uint64_t bucket) const;
  // What the disk holds, whatever faults keep the process from reading it: nullptr if nothing good.
  // When the data of a replica in current/ was written, by its writer's clock; 0: there is none.
  [[nodiscard]] std::int64_t made_ms(BlockId block) const;
  // Of current/, and of a temporary file by its number.
  [[nodiscard]] const datanode::Sidecar* sidecar(BlockId block) const;
  [[nodiscard]] const FileBytes* data(BlockId block, Folder folder = Folder::kCurrent) const;
  // … and what is in quarantine/ of one block, or of all.
  [[nodiscard]] std::vector<Quarantined> quarantined(BlockId block) const;
  [[nodiscard]] std::vector<Quarantined> quarantined() const;
  // Temporary files of transfers and copies.
  [[nodiscard]] std::size_t temporaries() const;
  // Start of a process: temporary files go; a disk that works again is back in service.
  void clean();
  // A write or sync failed: from now on everything fails, until the process starts again and the
  // disk is not broken. Returns the error.
  Status fail();
  [[nodiscard]] bool in_service() const { return !failed_; }

  [[nodiscard]] std::uint64_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint64_t used() const { return used_; }  // with what is in quarantine/
  [[nodiscard]] std::uint64_t quarantined_bytes() const;
  [[nodiscard]] std::uint64_t free() const;

  // Faults.
  void power_loss(Random draw);
  // Flips bits of one byte of a replica's data in current/; false if there is no such byte.
  bool rot(BlockId block, std::uint64_t offset, std::uint8_t mask);
  bool lose_sidecar(BlockId block);
  // Bytes of another block of this disk land in the replica's data. False if nothing changes.
  bool misdirect(BlockId block, BlockId other, std::uint64_t offset);
  // Sectors from `offset` on were never written: zeros, or, up to the end, nothing at all.
  bool lose_write(BlockId block, std::uint64_t offset, std::uint64_t sectors, bool cut);
  // The replica's files are not there any more, and no process did it.
  bool vanish(BlockId block);
  void wipe();
  // The whole disk fails, now and at every start, until it is repaired.
  void set_broken(bool broken);
  void set_full(bool full) { full_ = full; }
  void set_out_of_descriptors(bool out) { no_descriptors_ = out; }
  // Each read, or each write, ends with an I/O error from now on.
  void set_reads_fail(bool fail) { reads_fail_ = fail; }
  void set_writes_fail(bool fail) { writes_fail_ = fail; }
  // Reading any of the extent fails.
  void set_unreadable(BlockId block, Extent part = {}) { unreadable_[block] = part; }
  void set_readable(BlockId block) { unreadable_.erase(block); }
  [[nodiscard]] bool faulty() const {
    return full_ || no_descriptors_ || failed_ || reads_fail_ || writes_fail_ ||
           !unreadable_.empty();
  }
  void repair_faults();

 private:
  using FileId = std::uint64_t;
  using Files = std::map<FileId, SimFile>;
  using Entries = std::map<FileName, Files::iterator>;
  struct DirectoryChange {
    std::optional<FileName> removed;
    std::optional<FileName> added;
    FileId file = 0;
  };

  // Not while writes fail: the first one fails the disk.
  [[nodiscard]] Status writable();
  [[nodiscard]] const SimFile* find(const FileName& name) const;
  [[nodiscard]] SimFile* find(const FileName& name);
  [[nodiscard]] bool good(Entries::const_iterator sidecar) const;
  [[nodiscard]] Quarantined quarantined(Entries::const_iterator data) const;
  [[nodiscard]] std::vector<Quarantined> copies_of(const wire::BlockInfo& replica) const;
  // The name of a data file in quarantine/ that no copy has.
  [[nodiscard]] FileName free_name(const wire::BlockInfo& replica) const;
  void add_entry(const FileName& name, Files::iterator file);
  void remove_entry(const FileName& name);
  void rename_entry(const FileName& from, const FileName& to);
  void link_entry(const FileName& from, const FileName& to);
  void sync(Folder folder);
  void apply_durably(const DirectoryChange& change);
  void link(Entries& entries, const FileName& name, Files::iterator file);
  void unlink(Entries& entries, const FileName& name);
  void tear(SimFile& file, Random& draw);
  void resize(SimFile& file, std::uint64_t length);
  template <class Data>
  Status write_data(std::uint64_t file, std::uint64_t offset, std::size_t length, const Data& data);

  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
  FileId next_file_ = 1;
  Files files_;
  Entries entries_;  // as the running process sees them
  Entries durable_;  // as they are after a power loss
  std::vector<DirectoryChange> unsynced_;
  bool full_ = false;
  bool no_descriptors_ = false;
  bool failed_ = false;
  bool broken_ = false;
  bool reads_fail_ = false;
  bool writes_fail_ = false;
  std::map<BlockId, Extent> unreadable_;
};

}  // namespace dfs::sim
