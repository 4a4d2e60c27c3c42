// A plan: everything that a run is a pure function of.
//
// It comes from a seed: each feature is on in about half of the plans, rates and limits are drawn
// over orders of magnitude, block sizes and windows are small, so that edges are common (swarm
// testing). A quarter of the plans has few kinds of faults, which then happen often: what needs one
// of them again and again is met there alone. What a fault or an operation strikes is drawn when it
// happens, from what exists then.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sim/clock.h"
#include "adapters/sim/datanode_node.h"
#include "adapters/sim/namenode_node.h"
#include "adapters/sim/network.h"
#include "core/client/rpc.h"
#include "core/namenode/shipper.h"
#include "simulator/world/illness.h"
#include "simulator/world/selection.h"

namespace dfs::world {

enum class Profile {
  kSafety,    // faults within a budget: nothing that was promised is lost
  kLiveness,  // the same; then they end, but for those who stay ill, and the cluster must come to
              // rest within a bound
  kDisaster,  // beyond the budget: what faults took is gone, what is answered is right
};
inline constexpr std::string_view kProfiles[] = {"safety", "liveness", "disaster"};
[[nodiscard]] std::string_view to_string(Profile profile);

enum class FaultKind {
  kDelay,  // messages in the far tail, minutes of it
  kLoss,
  kReset,
  kPartition,  // both ways, between two nodes or around one
  kOneWayPartition,
  kClog,
  kDataNodeCrash,
  kDataNodePower,
  kDataNodePause,
  kNameNodeCrash,
  kNameNodePower,
  kNameNodePause,
  kClientCrash,
  kClientPause,  // longer than its leases, at times
  kPowerAll,
  kBitRot,
  kLostSidecar,
  kDiskFull,
  kReadError,
  kOutOfDescriptors,
  kSlowDisk,
  kDiskWiped,
  kClockStep,
  kSafeMode,       // an operator enters and leaves it
  kRestoreBackup,  // an operator restores the NameNode from an older copy
  kLastRot,        // the only copy of a block rots: beyond repair, but not to be thrown away
  kCrashPoint,     // death at a chosen step of the next operation of some kind
  kDiskError,      // a write or sync of one fails, and with it the volume until a restart
  kVolumeBroken,   // one of several disks of a DataNode fails as a whole
  kMisdirectedWrite,
  kLostWrite,
  kReplicaVanished,  // its files are gone, and no process did it
  kDisksSwapped,     // two DataNodes come back with each other's disks
  kForeignDisk,      // … or one with a disk of another cluster
  kSlowBody,
  kTruncation,
  kHalfOpen,
  kFlippedBits,  // on the way, in blocks and in the metadata that is shipped
  kNameNodeIoError,
  kNameNodeDiskFull,
  kNameNodeGarbledPower,  // power loss with garbage in the sectors that were being written
  kDecommission,          // an operator asks a DataNode to leave
  kRecommission,          // … or takes one back
  // Only in the profile disaster:
  kNameNodeRot,
  kNameNodeLyingSync,  // syncs did nothing, as a power loss shows
  kCopiesDestroyed,    // several or all copies of some blocks at once
  kMassWipe,           // most of the DataNodes come back with empty disks
  kNameNodeDiskLost,   // an operator rescues the metadata from DataNodes
  // In all profiles, and drawn apart:
  kOlderDirectory,  // a DataNode is put back to what it was, as from a snapshot of its machine
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::kOlderDirectory) + 1;
// Whether what is promised must hold under the fault without any loss.
[[nodiscard]] constexpr bool within_budget(FaultKind kind) {
  return kind < FaultKind::kNameNodeRot || kind == FaultKind::kOlderDirectory;
}
[[nodiscard]] std::string_view to_string(FaultKind kind);
[[nodiscard]] std::optional<FaultKind> fault_from_string(std::string_view name);

struct PlannedFault {
  Instant at;
  FaultKind kind = FaultKind::kClog;
  Duration length;
  std::uint64_t pick = 0;  // chooses among what can be struck
};

enum class OperationKind {
  kPut,
  kOverwrite,
  kGet,
  kList,
  kStat,
  kSummarize,
  kMkdir,
  kRemove,
  kRename,
  kSetReplication,
  kScrub,
};
inline constexpr std::size_t kOperationKinds = static_cast<std::size_t>(OperationKind::kScrub) + 1;
[[nodiscard]] std::string_view to_string(OperationKind kind);

struct Plan {
  std::uint64_t seed = 0;
  Profile profile = Profile::kSafety;
  std::uint32_t datanodes = 5;
  std::uint32_t clients = 3;
  std::uint32_t racks = 1;
  std::uint32_t volumes = 1;  // of each DataNode
  std::uint64_t volume_bytes = 64 << 20;
  Duration duration = seconds(60);
  Instant stop_at = kNever;  // the run ends here, whatever is left of it (reduction)

  sim::NetworkOptions network;
  namenode::Config namenode;
  sim::NameNodeTimes namenode_times;
  std::optional<namenode::ShipperConfig> shipper;  // nullopt: its history is not shipped
  std::size_t page_bytes = 4096;                   // of the NameNode's database
  datanode::Config datanode;
  sim::DataNodeTimes datanode_times;
  client::RetryOptions retry;
  std::uint64_t piece_bytes = 64 * 1024;
  std::uint32_t window = 2;
  std::int64_t max_drift_ppm = 0;

  std::uint64_t block_size = 1024;
  std::uint64_t big_block_size = 0;  // of one file in `big_one_in`; 0: none
  std::uint32_t big_one_in = 16;
  std::uint32_t max_blocks = 4;              // of a file
  std::uint32_t max_files = 60;              // beyond it, removing is likelier
  std::uint32_t operations_per_second = 30;  // all clients together
  std::array<std::uint32_t, kOperationKinds> weights{};

  std::vector<PlannedFault> faults;
  IllNodes ill;                                   // who does not recover at their end (liveness)
  Selection selection;                            // which of them, and of the operations, happen
  bool replay = false;                            // follow the commands in a second store (D3)
  std::set<std::string, std::less<>> invariants;  // only these are judged; empty: all
};

struct PlanOptions {
  std::uint64_t seed = 1;
  Profile profile = Profile::kSafety;
  std::uint32_t datanodes = 5;
  std::uint32_t clients = 3;
  Duration duration = seconds(60);
  std::optional<std::set<FaultKind>> faults;  // only these; nullopt: all
  // Who stays ill after them; nullopt: as drawn where nothing is said of faults, else nobody.
  std::optional<IllNodes> ill;
  std::set<std::string, std::less<>> invariants;  // only these are judged; empty: all
  Selection selection;
};
[[nodiscard]] Plan make_plan(const PlanOptions& options);

}  // namespace dfs::world
