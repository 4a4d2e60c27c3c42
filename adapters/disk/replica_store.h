// Replicas as files, on one or several volumes (directories, each best on a disk of its own).
//
// A volume:
//   VERSION       identity, text with a checksum; replaced atomically
//   VERSION.new   the one before, which the next one is written over: also a full disk takes it
//   VOLUMES       the directories that have been volumes of this DataNode, text with a checksum
//   in_use.lock   held with flock while a DataNode runs on it
//   current/      <id / 2^20>/<id / 2^10 mod 2^10>/blk_<id> and blk_<id>.meta (datanode/sidecar.h),
//                 ids in hexadecimal: at most 2,048 entries in a leaf. No name from outside becomes
//                 a path; a path is a pure function of an id
//   quarantine/   the same fan-out, blk_<id>_<length>_<crc>.<n> and ….<n>.meta; the data file's
//                 mtime is when it came there. A folder of current/ has its twin here from its
//                 first publication on, so that what is in it can leave a full disk
//   unknown/      data without a good sidecar and sidecars without data, as the scan found them
//   tmp/          what is being written; emptied at start
//
// Publication: sync data, sync sidecar, rename data, rename sidecar, sync the directory. A replica
// that is replaced is linked into quarantine/ before the new one takes its name, so that at no time
// the name is without a whole pair. Nothing but purge() unlinks a published replica's last name.
//
// Errors: one line for users, without local paths; what happened where goes to Options::log.
// kNotFound only when a readable directory proves it (V3); kCorrupt when the bytes were read and
// are wrong; kNoSpace; kUnavailable for want of descriptors or memory; kPermissionDenied and kIo
// otherwise: none of the last three says that a replica is gone.
//
// Thread-safe. A thread that waits for a disk keeps no other from identity(), failed_volumes() and
// stats(). A volume whose disk fails, or a sync of which fails for whatever reason, is taken out of
// service: failed_volumes() tells it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/disk/system.h"
#include "core/base/status.h"
#include "core/datanode/datanode.h"
#include "core/datanode/sidecar.h"

namespace dfs::disk {

struct Options {
  std::vector<std::string> directories;
  std::uint64_t capacity = 0;  // bytes of replicas on all volumes together; 0: what the disks have
  std::uint64_t reserve = std::uint64_t{64} << 20;  // bytes left free on each volume
  std::function<void(const std::string& line)> log = [](const std::string&) {};
};

// What the start-up scan found. It deletes nothing but left-over temporaries.
struct Scan {
  std::vector<datanode::FoundReplica> replicas;  // ascending by id; of current/ and quarantine/
  std::uint64_t unknown = 0;                     // files moved aside to unknown/ by this scan
  std::uint64_t unreadable = 0;   // left where they are, and most of them among `replicas` (V3)
  std::uint64_t foreign = 0;      // not ours, left alone
  std::uint64_t temporaries = 0;  // of an earlier incarnation, removed
};

// What a replica that is published may take the place of.
enum class Replaces : std::uint8_t {
  kSameContent,  // of a transfer: blocks are immutable, so the other one is of another history
  kAnyContent,   // of a copy, whose order names the committed content
};

// A file that becomes a replica when it is published; its destructor discards it otherwise.
class Temporary {
 public:
  Temporary(Temporary&&) noexcept;
  Temporary& operator=(Temporary&&) noexcept;
  ~Temporary();

  [[nodiscard]] Status write(std::uint64_t offset, Bytes data);
  [[nodiscard]] datanode::VolumeId volume() const;

 private:
  friend class ReplicaStore;
  struct File;
  explicit Temporary(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

// A replica opened for reading: once, and good to read from while it is moved or replaced, by
// several threads.
class OpenReplica {
 public:
  OpenReplica(OpenReplica&&) noexcept;
  OpenReplica& operator=(OpenReplica&&) noexcept;
  ~OpenReplica();

  // Head and granule CRCs, which combine to the block's CRC.
  [[nodiscard]] const datanode::Sidecar& sidecar() const;
  // Fills `out` from `offset`, unchecked: native readers check for themselves.
  [[nodiscard]] Status read(std::uint64_t offset, MutableBytes out) const;
  // kCorrupt unless `data`, which begins at a granule's start and ends at a granule's or the
  // block's end, matches its granules' CRCs. For wires that have no place for checksums.
  [[nodiscard]] Status check(std::uint64_t offset, Bytes data) const;

 private:
  friend class ReplicaStore;
  struct File;
  explicit OpenReplica(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

class ReplicaStore {
 public:
  // Locks the directories; makes them on first use. A directory that belongs to another cluster or
  // DataNode than the others, is in use, or has a damaged VERSION is refused; one whose disk fails
  // is left out of service as long as another works. So is one that is empty, or not there,
  // although another knows it as a volume: it is a mount point without its disk. A single directory
  // cannot be told from a new one then. kUnavailable: this process is short of descriptors or
  // memory, which says nothing about the disks.
  static Result<std::unique_ptr<ReplicaStore>> open(Options options,
                                                    System& system = real_system());
  ~ReplicaStore();

  // 32 hexadecimal digits, made with the first directory.
  [[nodiscard]] const std::string& uuid() const;
  [[nodiscard]] datanode::Identity identity() const;
  // Atomically and durably, on every volume in service that can be written, and on one at least.
  [[nodiscard]] Status persist(const datanode::Identity& identity);

  // Once, after open() and before anything below. What it finds is durable. A volume that cannot be
  // synced, or has a folder that cannot be read, is out of service afterwards.
  [[nodiscard]] Scan scan();
  // The same for one replica in current/ that it could not read. kNotFound: proven not to be there,
  // or moved aside to unknown/ now.
  [[nodiscard]] Result<wire::BlockInfo> scan_again(BlockId block, datanode::VolumeId volume);

  // Picks a volume and preallocates. kNoSpace if none has room.
  [[nodiscard]] Result<Temporary> create(BlockId block, std::uint64_t length);
  // Precondition: all bytes are written and the sidecar describes them. Durable when it returns ok.
  // A replica of that id that had its place on that volume is in quarantine afterwards; what no
  // sidecar named is in unknown/. kAlreadyExists: one on some volume is of other content, and stays
  // (kSameContent).
  [[nodiscard]] Result<datanode::VolumeId> publish(Temporary temporary,
                                                   const datanode::Sidecar& sidecar,
                                                   Replaces replaces);

  [[nodiscard]] Result<OpenReplica> open_replica(BlockId block, datanode::VolumeId volume);
  // The whole sidecar, with the chunk CRCs.
  [[nodiscard]] Result<datanode::Sidecar> load_sidecar(BlockId block, datanode::VolumeId volume);
  // Reads it whole, from the disk where possible, and compares everything. `pace` is called before
  // each piece with its size and may wait; false cancels (kUnavailable).
  using Pace = std::function<bool(std::uint64_t bytes)>;
  [[nodiscard]] Status verify(const wire::BlockInfo& replica, datanode::VolumeId volume,
                              const Pace& pace);

  // kNotFound: proven not to be there with that content.
  [[nodiscard]] Status quarantine(const wire::BlockInfo& replica, datanode::VolumeId volume);
  // Verifies it first: kCorrupt, and it stays, if it does not match. What has its place on that
  // volume goes to quarantine/, unless it is whole with the same content: kAlreadyExists.
  [[nodiscard]] Status restore(const wire::BlockInfo& replica, datanode::VolumeId volume,
                               const Pace& pace);
  // Unlinks every quarantined replica with exactly this content. The decision is the NameNode's.
  [[nodiscard]] Status purge(const wire::BlockInfo& replica, datanode::VolumeId volume);

  // For heartbeats; `replicas` and `transfers` are the caller's to fill in.
  [[nodiscard]] wire::NodeStats stats() const;
  [[nodiscard]] std::uint32_t volumes() const;
  [[nodiscard]] std::vector<std::string> directories() const;  // of the volumes in service
  // Volumes that went out of service since the last call (those that never came into service too):
  // the machine wants volume_failed() for each.
  [[nodiscard]] std::vector<datanode::VolumeId> failed_volumes();

 private:
  struct State;
  explicit ReplicaStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dfs::disk
