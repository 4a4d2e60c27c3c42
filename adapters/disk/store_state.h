// What the parts of ReplicaStore share; private to this folder.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "adapters/disk/replica_store.h"
#include "adapters/disk/volume.h"

namespace dfs::disk {

using VolumePtr = std::shared_ptr<Volume>;

struct ReplicaStore::State {
  State(Options o, System& s) : options(std::move(o)), system(s) {}

  Options options;
  System& system;
  std::vector<VolumePtr> volumes;  // by VolumeId
  std::mutex persist_mutex;        // held while disks are written, which may hang
  std::mutex mutex;  // of the rest; never held meanwhile, since heartbeats wait for it
  Version version;   // the uuid does not change once it is open
  std::set<datanode::VolumeId> told_failed;
  std::atomic<std::uint64_t> next_temporary = 1;

  // Held while the names of a block's files change or both files of a pair are opened.
  [[nodiscard]] std::mutex& names_of(BlockId block) { return names[block.value % names.size()]; }
  std::array<std::mutex, 64> names;

  // kUnavailable for a volume that is out of service, or none.
  [[nodiscard]] Result<VolumePtr> volume(datanode::VolumeId id, BlockId block) const;
};

struct Temporary::File {
  VolumePtr volume;
  BlockId block;
  std::uint64_t length = 0;
  std::uint64_t reserved = 0;      // bytes counted as pending
  std::uint64_t written_back = 0;  // begin_writeback was asked for up to here
  std::string name;                // in tmp/
  Fd fd;
  bool published = false;

  ~File();
};

// The size on disk of a replica's two files.
[[nodiscard]] std::uint64_t footprint(const datanode::Sidecar& sidecar);

// Reads the sidecar `name` in `dir`. kCorrupt: it was read and is damaged. kNotFound is not proven.
enum class Part { kHead, kForReading, kWhole };
[[nodiscard]] Result<datanode::Sidecar> read_sidecar(Volume& volume, int dir,
                                                     const std::string& name, Part part,
                                                     const std::string& subject);

// Reads the data through `fd` and compares it with `sidecar`, which is whole.
[[nodiscard]] Status verify_data(Volume& volume, int fd, const datanode::Sidecar& sidecar,
                                 const ReplicaStore::Pace& pace);

enum class Originals { kKeep, kUnlink };
// Links the pair of `replica`, which is in the leaf of current/ opened as `leaf`, into quarantine/,
// durably; then unlinks the originals, or keeps their names to be replaced.
[[nodiscard]] Status link_to_quarantine(Volume& volume, int leaf, const wire::BlockInfo& replica,
                                        Originals originals);
// The same for one file that is in `dir` and belongs nowhere.
[[nodiscard]] Status link_to_unknown(Volume& volume, int dir, const std::string& name,
                                     Originals originals);
// The same for whatever has the names of the block in the leaf of current/ opened as `leaf`, to
// unknown/ where no sidecar tells what it is.
[[nodiscard]] Status keep_present(Volume& volume, int leaf, BlockId block, Originals originals);

}  // namespace dfs::disk
