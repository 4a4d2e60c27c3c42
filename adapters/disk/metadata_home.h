// The metadata's second home, the DataNode's side: checkpoints and journals of the NameNode as
// files.
//
// In one directory (the DataNode's `metadata/`), for each of the newest two checkpoints:
//   checkpoint-<epoch>-<applied>.db     the NameNode's database
//   journal-<epoch>-<applied>.log       the commands after it (core/wire/journal.h)
// The journal that goes furthest grows; each append is synced before it is answered. A checkpoint
// counts once both its files have their names and the directory is synced; older ones go only after
// that. A journal whose end cannot be verified is kept for `dfs rescue` but not appended to: the
// NameNode is told of nothing when it tries, and sends a new checkpoint. What an earlier process
// left in the newest journal is made durable before anything is appended to it. Nothing that is
// behind what is here is taken: a NameNode that was put back from an older copy must not displace
// what it lost.
// Thread-safe. Errors leave what was acknowledged as it is.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/disk/system.h"
#include "core/wire/journal.h"

namespace dfs::disk {

// Below a volume, beside current/ and quarantine/.
inline constexpr const char* kMetadataFolder = "metadata";

// A file that is open for reading, whatever happens to its name.
class HomeFile {
 public:
  HomeFile(System& system, int fd, std::uint64_t size) : system_(&system), fd_(fd), size_(size) {}
  HomeFile(HomeFile&& other) noexcept;
  HomeFile& operator=(HomeFile&& other) noexcept;
  ~HomeFile();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Fills `out`, which lies within the file.
  [[nodiscard]] Status read(std::uint64_t offset, MutableBytes out) const;

 private:
  System* system_;
  int fd_;
  std::uint64_t size_;
};

class MetadataHome {
 public:
  // The owner makes the directory if there is none, and removes what was never finished and what is
  // older than all that counts. A reader changes nothing and may read beside the owner.
  enum class Access { kOwner, kReader };
  [[nodiscard]] static Result<std::unique_ptr<MetadataHome>> open(const std::string& directory,
                                                                  Access access,
                                                                  System& system = real_system());
  ~MetadataHome();

  // The caller has checked that it belongs to the sender's cluster.
  [[nodiscard]] Result<wire::JournalState> append(const wire::JournalAppend& append);

  // A checkpoint that is being received; discarded unless it is finished.
  class Incoming {
   public:
    Incoming(Incoming&& other) noexcept;
    ~Incoming();
    [[nodiscard]] Status write(Bytes data);

   private:
    friend class MetadataHome;
    Incoming(MetadataHome& home, wire::CheckpointHeader header, std::string name, int fd);

    MetadataHome* home_;
    wire::CheckpointHeader header_;
    std::string name_;
    int fd_;
    std::uint64_t length_ = 0;
    std::uint64_t written_back_ = 0;  // begin_writeback was asked for up to here
    std::uint32_t crc_ = 0;
  };
  // kStale if what is there is newer: of a newer epoch, or of this one and further.
  [[nodiscard]] Result<Incoming> begin(const wire::CheckpointHeader& header);
  // kCorrupt unless all of it came; kStale as begin().
  [[nodiscard]] Result<wire::JournalState> finish(Incoming incoming);

  // What goes furthest first; with what could not be read when it was opened.
  [[nodiscard]] wire::MetadataList list() const;
  // kNotFound if there is no such checkpoint.
  [[nodiscard]] Result<HomeFile> checkpoint(const std::string& cluster, std::uint64_t epoch,
                                            std::uint64_t applied) const;
  [[nodiscard]] Result<HomeFile> journal(const std::string& cluster, std::uint64_t epoch,
                                         std::uint64_t applied) const;

 private:
  struct Stored {
    wire::CheckpointHeader checkpoint;
    wire::JournalState state;  // of what could be verified
    bool appendable = false;
  };

  MetadataHome(System& system, int directory) : system_(system), directory_(directory) {}

  void load(Access access);
  [[nodiscard]] Status settle();
  [[nodiscard]] Status load_journal(const std::string& name);
  [[nodiscard]] Status check_newest(const wire::CheckpointHeader& header) const;
  [[nodiscard]] Status write_file(const std::string& name, Bytes data);
  [[nodiscard]] Status publish(const std::string& incoming_name, const Stored& stored);
  void drop_old();
  void drop_leftovers(const std::vector<std::string>& names);
  [[nodiscard]] Result<HomeFile> open_file(const std::string& name) const;
  [[nodiscard]] Result<std::string> read_whole(const std::string& name) const;
  [[nodiscard]] Result<HomeFile> find(const std::string& cluster, std::uint64_t epoch,
                                      std::uint64_t applied, bool journal) const;

  System& system_;
  int directory_;
  mutable std::mutex mutex_;
  std::vector<Stored> stored_;  // whose journal goes furthest first
  std::vector<std::string> problems_;
  std::uint64_t incoming_ = 0;
};

}  // namespace dfs::disk
