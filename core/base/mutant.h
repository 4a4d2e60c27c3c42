// Planted bugs, to prove that the simulator's invariants can fail (reference: every invariant lands
// with a mutant that it must catch).
//
// In a normal build mutated() is constexpr false and costs nothing. Only the separate library
// dfs_core_mutants is compiled with DFS_MUTANTS, where `dfs-sim-mutants --mutant NAME` switches one
// on. This header is the single place where simulation and production builds differ.
#pragma once

#include <array>
#include <string_view>

namespace dfs {

enum class Mutant {
  kNone,
  kD1AckBeforeFsync,           // a DataNode answers before its replica is synced
  kD1CommitWithoutQuorum,      // complete accepts fewer than min(2, r) stored copies
  kD2ReplyBeforeCommit,        // a reply does not wait for its commit
  kD4CountSilentNodes,         // the fence counts a node that has not reported since its registration
  kD5ForgetHistory,            // the NameNode ignores a DataNode's newer history
  kV1DeliverUnverified,        // the reader delivers a granule without checking it
  kV2DeleteLastCorrupt,        // the only copy, corrupt, is quarantined without a replacement
  kV3ErrorMeansAbsent,         // an unreadable replica is reported as removed
  kG1ReuseBlockIds,            // the id counter is not stored
  kG2AcceptFenced,             // a fenced writer's commit is accepted
  kG3PublishOnExpiry,          // an expired lease publishes what was committed
  kG4LocateByPathMidway,       // the reader asks by path again in mid-file
  kN1NoRetryRecord,            // a retried request executes again
  kN2ResurrectFromReport,      // a forgotten block is taken up again from a report
  kN3RenameIntoOwnSubtree,
  kC1LoseTaskOnTimeout,        // a timed-out repair is never asked for again
  kC2KeepOrphans,              // replicas of forgotten blocks are never deleted
  kC4NeverExpireLeases,
  kS1WriteWithoutDataNodes,    // writes are accepted before min(2, r) DataNodes are there
  kB3RetryAtOnce,              // retries do not back off
};

struct MutantName {
  Mutant mutant;
  std::string_view name;       // starts with the id of the invariant that must catch it
};
inline constexpr std::array kMutants = {
    MutantName{Mutant::kD1AckBeforeFsync, "D1-ack-before-fsync"},
    MutantName{Mutant::kD1CommitWithoutQuorum, "D1-commit-without-quorum"},
    MutantName{Mutant::kD2ReplyBeforeCommit, "D2-reply-before-commit"},
    MutantName{Mutant::kD4CountSilentNodes, "D4-count-silent-nodes"},
    MutantName{Mutant::kD5ForgetHistory, "D5-forget-history"},
    MutantName{Mutant::kV1DeliverUnverified, "V1-deliver-unverified"},
    MutantName{Mutant::kV2DeleteLastCorrupt, "V2-delete-last-corrupt"},
    MutantName{Mutant::kV3ErrorMeansAbsent, "V3-error-means-absent"},
    MutantName{Mutant::kG1ReuseBlockIds, "G1-reuse-block-ids"},
    MutantName{Mutant::kG2AcceptFenced, "G2-accept-fenced"},
    MutantName{Mutant::kG3PublishOnExpiry, "G3-publish-on-expiry"},
    MutantName{Mutant::kG4LocateByPathMidway, "G4-locate-by-path-midway"},
    MutantName{Mutant::kN1NoRetryRecord, "N1-no-retry-record"},
    MutantName{Mutant::kN2ResurrectFromReport, "N2-resurrect-from-report"},
    MutantName{Mutant::kN3RenameIntoOwnSubtree, "N3-rename-into-own-subtree"},
    MutantName{Mutant::kC1LoseTaskOnTimeout, "C1-lose-task-on-timeout"},
    MutantName{Mutant::kC2KeepOrphans, "C2-keep-orphans"},
    MutantName{Mutant::kC4NeverExpireLeases, "C4-never-expire-leases"},
    MutantName{Mutant::kS1WriteWithoutDataNodes, "S1-write-without-datanodes"},
    MutantName{Mutant::kB3RetryAtOnce, "B3-retry-at-once"},
};

#if defined(DFS_MUTANTS)
void switch_on(Mutant mutant);
[[nodiscard]] bool mutated(Mutant mutant);
#else
[[nodiscard]] constexpr bool mutated(Mutant /*mutant*/) { return false; }
#endif

}  // namespace dfs
