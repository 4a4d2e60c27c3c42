// Rebuilds a NameNode's state from its second homes: a checkpoint, and the journals that follow it.
//
// Of all checkpoints that the sources have, the one is taken with which the most can be recovered,
// by what the journals are found to be and not by what was said of them; if it turns out damaged,
// the next. Every journal that continues it is replayed, from whichever source: by the same apply()
// that made the lost state, so the result is that state as of the last command that got through.
// None is that tells of another command than a journal before it does: after an older copy of the
// metadata was put back, DataNodes that were not there at the same time keep two histories of one
// epoch. (Where no two journals tell of the same position, they cannot be told apart.)
// Files younger than that are rebuilt from replicas' sidecars (young_files.h). The epoch is then
// raised above all that a source has, has seen or has replicas of: whatever was committed later is
// lost as metadata, and its ids are not handed out again.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/random.h"
#include "core/namenode/store.h"
#include "core/namenode/young_files.h"
#include "core/wire/journal.h"

namespace dfs::namenode {

// Where checkpoints and journals can be had. Errors are values; names are for messages.
class RescueSource {
 public:
  virtual ~RescueSource() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Result<wire::MetadataList> list() = 0;
  // After list(), whatever came of it. What was seen may be newer than what is kept of it.
  [[nodiscard]] virtual Result<wire::SeenEpoch> seen() = 0;
  // Writes the checkpoint to a new local file; kNoSpace where that cannot be written.
  [[nodiscard]] virtual Status save_checkpoint(const wire::CheckpointHeader& checkpoint,
                                               const std::string& path) = 0;
  [[nodiscard]] virtual Result<std::string> journal(const wire::CheckpointHeader& checkpoint) = 0;
  // Hands over what its replicas' sidecars say; an error tells what it could not read.
  [[nodiscard]] virtual Status replicas(
      const std::function<void(const RescuedReplica& replica)>& each) = 0;
};

// How far replaying went.
struct Replay {
  std::uint64_t commands = 0;  // applied
  WallTime until;              // of the last of them
  Status problem;              // why it went no further than that, if the journal does
};

// Applies those verified commands of `journal` that continue the store's state, if any do: the
// journal may begin before or after it, but must be of the same cluster and epoch. It ends at a
// command that cannot be read or does not lead where it did; what came before it stays applied.
[[nodiscard]] Replay replay(Store& store, const wire::Journal& journal,
                            CommandObserver* observer = nullptr);

// The end of a rescue: the store's history is one of its own from here on. Returns the new epoch,
// which is drawn from those above `seen` (past_epochs.h).
[[nodiscard]] Result<std::uint64_t> begin_new_epoch(Store& store, std::uint64_t seen,
                                                    Random& random, WallTime wall,
                                                    CommandObserver* observer = nullptr);

struct RescueReport {
  std::string cluster;
  std::string checkpoint_from;       // source
  std::uint64_t checkpoint = 0;      // position
  std::uint64_t replayed = 0;        // commands after it
  std::uint64_t applied = 0;         // position reached
  WallTime until;                    // of the last command that was recovered
  std::uint64_t epoch = 0;           // the new one
  std::string kept;                  // where the database went that was there; "" if none was
  std::vector<RebuiltFile> rebuilt;  // younger files, from replicas
  std::vector<std::string> notes;    // one line each: what could not be used, and why

  // Once: replaying may meet the same obstacle again.
  void note(const std::string& line);
};

// A checkpoint of a source.
struct RescueOffer {
  RescueSource* source = nullptr;
  wire::StoredCheckpoint stored;
  // The position that journals lead to from it: read and verified, whatever the source said of it,
  // which may be what it remembers of a file that has rotted since.
  std::uint64_t reach = 0;
  std::uint64_t own_reach = 0;  // with its own journal alone

  // Of two that lead equally far, the younger one: there is less to replay that could fail.
  [[nodiscard]] auto worth() const {
    return std::tuple(stored.checkpoint.epoch, reach, stored.checkpoint.applied, own_reach);
  }
};

// All that the sources of one rescue have.
class RescueMaterial {
 public:
  // Sources that do not answer are noted. kWrongCluster: they are not of one cluster. They outlive
  // this.
  [[nodiscard]] static Result<RescueMaterial> gather(const std::vector<RescueSource*>& sources,
                                                     RescueReport& report);
  // The most promising first.
  [[nodiscard]] const std::vector<RescueOffer>& offers() const { return offers_; }
  // `store` is what the offer's source saved: brings it as far as the material goes and begins a
  // new epoch. An error: it is not what the offer says, or cannot go on; the next one may.
  [[nodiscard]] Status rebuild(const RescueOffer& offer, Store& store, WallTime now, Random& random,
                               RescueReport& report, CommandObserver* observer = nullptr) const;

 private:
  void read_journal(RescueOffer& offer, RescueReport& report);
  // The journals that bring a store on from the checkpoint, one after the other.
  [[nodiscard]] std::vector<const wire::Journal*> way_from(
      const wire::CheckpointHeader& checkpoint) const;
  [[nodiscard]] std::uint64_t newest_epoch(const std::string& cluster, RescueReport& report) const;
  void replay_all(const wire::CheckpointHeader& checkpoint, Store& store, RescueReport& report,
                  CommandObserver* observer) const;

  std::vector<RescueSource*> sources_;
  std::vector<RescueOffer> offers_;
  std::deque<std::string> texts_;        // of journals
  std::vector<wire::Journal> journals_;  // views into the texts; what leads furthest first
  std::uint64_t newest_ = 0;             // epoch that is known of
};

}  // namespace dfs::namenode
