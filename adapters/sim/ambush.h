// Where a process can be struck in the middle of its work: at the next step k of an operation.
//
// The steps are those that can be seen from outside, on a disk or by another process, so that a
// death or a disk's error between two of them leaves another state behind each time. Ambushes are
// laid by the simulator's fault injector; who is never struck never notices.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace dfs::sim {

enum class Work : std::uint8_t {
  kReceive,      // a piece of a block is written
  kPublish,      // of a received block
  kPull,         // a piece of a copy is written
  kPublishCopy,  // also over a rotten replica
  kQuarantine,
  kRestore,
  kPurge,
  kPersist,    // the identity
  kRegister,   // the answer is there
  kReport,     // the answer to a piece or to the digests is there
  kOrders,     // orders are there
  kCommit,     // of the NameNode
  kCommitted,  // the NameNode has committed, no reply has left
  // A client's, each when the answer is there …
  kCreate,
  kAllocate,
  kTransfer,
  kCompleteSent,  // … or only asked for
};

struct AmbushPoint {
  Work work = Work::kReceive;
  int steps = 0;           // carried out before the blow
  std::string_view probe;  // "struck …"
};

inline constexpr AmbushPoint kDataNodeAmbushes[] = {
    {Work::kReceive, 1, "struck while receiving"},
    {Work::kPublish, 0, "struck before publishing"},
    {Work::kPublish, 1, "struck between data and sidecar"},
    {Work::kPublish, 2, "struck before the names"},
    {Work::kPublish, 3, "struck between the names"},
    {Work::kPublish, 4, "struck before the folder's sync"},
    {Work::kPublish, 5, "struck before the answer"},
    {Work::kPull, 1, "struck while pulling a copy"},
    {Work::kPublishCopy, 0, "struck before publishing a copy"},
    {Work::kPublishCopy, 1, "struck between a copy's data and sidecar"},
    {Work::kPublishCopy, 2, "struck before a copy's names"},
    {Work::kPublishCopy, 3, "struck between a copy's names"},
    {Work::kPublishCopy, 4, "struck before the sync of a copy's folder"},
    {Work::kPublishCopy, 5, "struck before a copy is told of"},
    {Work::kQuarantine, 0, "struck before a quarantine"},
    {Work::kQuarantine, 1, "struck between the links into quarantine"},
    {Work::kQuarantine, 2, "struck before the sync of the quarantine"},
    {Work::kQuarantine, 3, "struck before the unlinks of a quarantine"},
    {Work::kQuarantine, 4, "struck between the unlinks of a quarantine"},
    {Work::kQuarantine, 5, "struck before a quarantine is told of"},
    {Work::kRestore, 0, "struck before a restore"},
    {Work::kRestore, 1, "struck between the links of a restore"},
    {Work::kRestore, 2, "struck before the sync of a restore"},
    {Work::kRestore, 3, "struck before the unlinks of a restore"},
    {Work::kRestore, 4, "struck between the unlinks of a restore"},
    {Work::kRestore, 5, "struck before a restore is told of"},
    {Work::kPurge, 0, "struck before a purge"},
    {Work::kPurge, 1, "struck between the unlinks of a purge"},
    {Work::kPurge, 2, "struck before a purge is told of"},
    {Work::kPersist, 0, "struck before the identity is durable"},
    {Work::kPersist, 1, "struck after the identity is durable"},
    {Work::kRegister, 0, "struck at the answer to a registration"},
    {Work::kReport, 0, "struck in the middle of a report"},
    {Work::kOrders, 0, "struck with orders in hand"},
};
inline constexpr AmbushPoint kNameNodeAmbushes[] = {
    {Work::kCommit, 0, "struck between apply and commit"},
    {Work::kCommitted, 0, "struck between commit and reply"},
};
inline constexpr AmbushPoint kClientAmbushes[] = {
    {Work::kCreate, 0, "client struck between create and transfer"},
    {Work::kTransfer, 0, "client struck between transfer and commit"},
    {Work::kAllocate, 0, "client struck between commit and transfer"},
    {Work::kCompleteSent, 0, "client struck before complete is answered"},
};

// What happens: the process dies as soon as nothing of it is on the stack, or, of work on a disk,
// the disk fails.
enum class Blow { kDeath, kDiskError };

struct Ambush {
  AmbushPoint point;
  Blow blow = Blow::kDeath;
  // The moment has come on this volume. False: it is let pass, and the ambush is over. For kDeath,
  // who lay in wait kills the process by an event of this very instant.
  std::function<bool(std::uint32_t volume)> strike;
};

// At most one ambush waits for a process.
class Ambushes {
 public:
  void lay(Ambush ambush) { waiting_ = std::move(ambush); }
  void call_off() { waiting_.reset(); }
  // The work is about to be done: the blow that cuts it short, if there is one.
  [[nodiscard]] std::optional<Ambush> spring(Work work, std::uint32_t volume = 0) {
    if (!waiting_ || waiting_->point.work != work) return std::nullopt;
    std::optional<Ambush> sprung = std::move(waiting_);
    waiting_.reset();
    if (!sprung->strike(volume)) return std::nullopt;
    return sprung;
  }

 private:
  std::optional<Ambush> waiting_;
};

}  // namespace dfs::sim
