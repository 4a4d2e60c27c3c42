// Rebuilds a NameNode's state from its second homes: a checkpoint, and the journals that follow it.
//
// Commands are applied by the same apply() that made the lost state, so the result is that state as
// of the last command that got through. Afterwards the epoch is raised: whatever was committed
// later is lost as metadata, and its ids are not handed out again.
#pragma once

#include <functional>
#include <string>

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
  // Writes the checkpoint to a new local file.
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
[[nodiscard]] Replay replay(Store& store, const wire::Journal& journal);

// The end of a rescue: the store's history is one of its own from here on. Returns the new epoch,
// which is drawn from those above `seen` (past_epochs.h).
[[nodiscard]] Result<std::uint64_t> begin_new_epoch(Store& store, std::uint64_t seen,
                                                    Random& random, WallTime wall);

}  // namespace dfs::namenode
