// Planted bugs, to prove that the simulator's invariants can fail (reference: every invariant lands
// with a mutant that it must catch).
//
// In a Release build mutated() is constexpr false and costs nothing. In every other one, and where
// DFS_MUTANTS asks for it, they are compiled in and `dfs-sim --mutant NAME` switches one on; this
// header is the single place where simulation and production builds differ.
#pragma once

#include <array>
#include <string_view>

namespace dfs {

enum class Mutant {
  kNone,
  // A DataNode answers before its replica is synced.
  kD1AckBeforeFsync,
  // One stored copy is enough for the writer and to complete.
  kD1CommitWithoutQuorum,
  // A read error in a part of a run counts as one in all of it.
  kD1RuleOutWholeRun,
  // A reply does not wait for its commit.
  kD2ReplyBeforeCommit,
  // A commit is not synced to the disk.
  kD2CommitWithoutSync,
  // A rescue takes the checkpoint with which the least can be recovered.
  kD2RescueOldest,
  // A replayed command has lost its time.
  kD3SkipColumnInRestore,
  // Apply depends on more than the command and the store.
  kD3ApplyReadsCounter,
  // The fence counts a node that has not reported.
  kD4CountSilentNodes,
  // An excess copy may go with r - 1 others.
  kD4OneTooFew,
  // A replica that its node has found rotten counts as good.
  kD4CountCorrupt,
  // The fence does not ask survivors whether they are there.
  kD4NoConfirmation,
  // The NameNode ignores a DataNode's newer history.
  kD5ForgetHistory,
  // A node may be told to delete before it has reported.
  kD5OrderBeforeReport,
  // The reader delivers a granule without checking it.
  kV1DeliverUnverified,
  // A range begins where its first granule does.
  kV1DeliverFromGranuleStart,
  // The only copy, corrupt, is quarantined without a replacement.
  kV2DeleteLastCorrupt,
  // A rotten replica stays when there are enough good ones.
  kV2KeepRotten,
  // An unreadable replica is reported as removed.
  kV3ErrorMeansAbsent,
  // A full report leaves out what could not be read.
  kV3ReportLeavesOutDoubted,
  // The id counter is not stored.
  kG1ReuseBlockIds,
  // A restored NameNode gives out ids of before.
  kG1KeepCountersInNewEpoch,
  // A writer goes on although its file was removed.
  kG2AcceptFenced,
  // Create lets a second writer into the version that is open.
  kG2JoinTheWriter,
  // An expired lease publishes what was committed.
  kG3PublishOnExpiry,
  // Create with overwrite removes the old file at once.
  kG3RemoveAtCreate,
  // A writer leaves out its last block.
  kG3ForgetTail,
  // The reader asks by path again in mid-file.
  kG4LocateByPathMidway,
  // A block that could not be read is left out.
  kG4SkipFailedBlock,
  // A retried request executes again.
  kN1NoRetryRecord,
  // A request whose record went when it was settled executes again.
  kN1ExecuteSettled,
  // What was executed is forgotten with its record.
  kN1ForgetNumbers,
  // Rename replaces what is there without being told to.
  kN1RenameOver,
  // A forgotten block is taken up again from a report.
  kN2ResurrectFromReport,
  // Orders for a block outlive it.
  kN2CopyForgotten,
  // A directory may be moved below itself.
  kN3RenameIntoOwnSubtree,
  // A move does not add what it moves to the sums above.
  kN3SumsStayBehind,
  // A repair that has no result is never asked for again.
  kC1LoseTaskOnTimeout,
  // A repair that was impossible once is never tried again.
  kC1StuckForEver,
  // Copies on nodes that leave count towards the replication.
  kC1CountLeaving,
  // Whoever repeats itself for ever, because no answer reaches it, is alive.
  kC1CountDeaf,
  // A copy goes to the same node however often that one fails.
  kC1ForgetFailures,
  // Replicas of forgotten blocks are never deleted.
  kC2KeepOrphans,
  // Replicas beyond the replication factor are never deleted.
  kC2KeepExcess,
  // One copy more is made than is kept.
  kC3OverlappingThresholds,
  // A quarantined replica is asked back although its block has all copies.
  kC3RestoreExcess,
  // A replica that cannot be read is replaced again as soon as the one in its place cannot.
  kC3RenewAtOnce,
  // Whatever waits for nodes is tried again at each return of one.
  kC3AlwaysNews,
  // A lease never ends by itself.
  kC4NeverExpireLeases,
  // An abandoned version keeps the blocks that it did not commit.
  kC4KeepAllocated,
  // A transfer that fails leaves its temporary file.
  kC4KeepTemporary,
  // Writes are accepted before min(2, r) DataNodes are there.
  kS1WriteWithoutDataNodes,
  // Safe mode by hand lets mutations through.
  kS1IgnoreSafeMode,
  // The target of a copy counts as a survivor before it has reported the replica.
  kB1DeleteBeforeReport,
  // The excess copy that goes is chosen without looking at racks.
  kB1IgnoreRacks,
  // A copy is ordered although the same one is pending.
  kB2RequeueWhilePending,
  // A node takes part in any number of copies.
  kB2NoThrottle,
  // A log that is damaged in the middle is taken for one that a power loss cut short.
  kF1IgnoreDamagedLog,
  // A sync that failed counts as done.
  kF1GoOnAfterFailedSync,
  // What a log shows after a failed sync counts as written.
  kF1BelieveUnsettledLog,
  // A client's retries do not back off.
  kB3RetryAtOnce,
  // A DataNode's retries do not back off.
  kB3DataNodeRetriesAtOnce,
  // Leases run out by the wall clock.
  kT1LeasesByWallClock,
  // Request records and freed blocks age by the wall clock.
  kT1RecordByWallClock,
  // Time in which the NameNode was suspended counts as time in which it ran.
  kT1CountSuspension,
  // Writes are refused for ever once the NameNode's disk was nearly full.
  kA1RefuseAfterFullDisk,
  // Safe mode by hand does not end on request.
  kA1StayInSafeMode,
};

struct MutantName {
  Mutant mutant;
  std::string_view name;  // starts with the id of the invariant that must catch it
};
inline constexpr std::array kMutants = {
    MutantName{Mutant::kD1AckBeforeFsync, "D1-ack-before-fsync"},
    MutantName{Mutant::kD1CommitWithoutQuorum, "D1-commit-without-quorum"},
    MutantName{Mutant::kD1RuleOutWholeRun, "D1-rule-out-whole-run"},
    MutantName{Mutant::kD2ReplyBeforeCommit, "D2-reply-before-commit"},
    MutantName{Mutant::kD2CommitWithoutSync, "D2-commit-without-sync"},
    MutantName{Mutant::kD2RescueOldest, "D2-rescue-oldest"},
    MutantName{Mutant::kD3SkipColumnInRestore, "D3-skip-column-in-restore"},
    MutantName{Mutant::kD3ApplyReadsCounter, "D3-apply-reads-counter"},
    MutantName{Mutant::kD4CountSilentNodes, "D4-count-silent-nodes"},
    MutantName{Mutant::kD4OneTooFew, "D4-one-too-few"},
    MutantName{Mutant::kD4CountCorrupt, "D4-count-corrupt"},
    MutantName{Mutant::kD4NoConfirmation, "D4-no-confirmation"},
    MutantName{Mutant::kD5ForgetHistory, "D5-forget-history"},
    MutantName{Mutant::kD5OrderBeforeReport, "D5-order-before-report"},
    MutantName{Mutant::kV1DeliverUnverified, "V1-deliver-unverified"},
    MutantName{Mutant::kV1DeliverFromGranuleStart, "V1-deliver-from-granule-start"},
    MutantName{Mutant::kV2DeleteLastCorrupt, "V2-delete-last-corrupt"},
    MutantName{Mutant::kV2KeepRotten, "V2-keep-rotten"},
    MutantName{Mutant::kV3ErrorMeansAbsent, "V3-error-means-absent"},
    MutantName{Mutant::kV3ReportLeavesOutDoubted, "V3-report-leaves-out-doubted"},
    MutantName{Mutant::kG1ReuseBlockIds, "G1-reuse-block-ids"},
    MutantName{Mutant::kG1KeepCountersInNewEpoch, "G1-keep-counters-in-new-epoch"},
    MutantName{Mutant::kG2AcceptFenced, "G2-accept-fenced"},
    MutantName{Mutant::kG2JoinTheWriter, "G2-join-the-writer"},
    MutantName{Mutant::kG3PublishOnExpiry, "G3-publish-on-expiry"},
    MutantName{Mutant::kG3RemoveAtCreate, "G3-remove-at-create"},
    MutantName{Mutant::kG3ForgetTail, "G3-forget-tail"},
    MutantName{Mutant::kG4LocateByPathMidway, "G4-locate-by-path-midway"},
    MutantName{Mutant::kG4SkipFailedBlock, "G4-skip-failed-block"},
    MutantName{Mutant::kN1NoRetryRecord, "N1-no-retry-record"},
    MutantName{Mutant::kN1ExecuteSettled, "N1-execute-settled"},
    MutantName{Mutant::kN1ForgetNumbers, "N1-forget-numbers"},
    MutantName{Mutant::kN1RenameOver, "N1-rename-over"},
    MutantName{Mutant::kN2ResurrectFromReport, "N2-resurrect-from-report"},
    MutantName{Mutant::kN2CopyForgotten, "N2-copy-forgotten"},
    MutantName{Mutant::kN3RenameIntoOwnSubtree, "N3-rename-into-own-subtree"},
    MutantName{Mutant::kN3SumsStayBehind, "N3-sums-stay-behind"},
    MutantName{Mutant::kC1LoseTaskOnTimeout, "C1-lose-task-on-timeout"},
    MutantName{Mutant::kC1StuckForEver, "C1-stuck-for-ever"},
    MutantName{Mutant::kC1CountLeaving, "C1-count-leaving"},
    MutantName{Mutant::kC1CountDeaf, "C1-count-deaf"},
    MutantName{Mutant::kC1ForgetFailures, "C1-forget-failures"},
    MutantName{Mutant::kC2KeepOrphans, "C2-keep-orphans"},
    MutantName{Mutant::kC2KeepExcess, "C2-keep-excess"},
    MutantName{Mutant::kC3OverlappingThresholds, "C3-overlapping-thresholds"},
    MutantName{Mutant::kC3RestoreExcess, "C3-restore-excess"},
    MutantName{Mutant::kC3RenewAtOnce, "C3-renew-at-once"},
    MutantName{Mutant::kC3AlwaysNews, "C3-always-news"},
    MutantName{Mutant::kC4NeverExpireLeases, "C4-never-expire-leases"},
    MutantName{Mutant::kC4KeepAllocated, "C4-keep-allocated"},
    MutantName{Mutant::kC4KeepTemporary, "C4-keep-temporary"},
    MutantName{Mutant::kS1WriteWithoutDataNodes, "S1-write-without-datanodes"},
    MutantName{Mutant::kS1IgnoreSafeMode, "S1-ignore-safe-mode"},
    MutantName{Mutant::kB1DeleteBeforeReport, "B1-delete-before-report"},
    MutantName{Mutant::kB1IgnoreRacks, "B1-ignore-racks"},
    MutantName{Mutant::kB2RequeueWhilePending, "B2-requeue-while-pending"},
    MutantName{Mutant::kB2NoThrottle, "B2-no-throttle"},
    MutantName{Mutant::kF1IgnoreDamagedLog, "F1-ignore-damaged-log"},
    MutantName{Mutant::kF1GoOnAfterFailedSync, "F1-go-on-after-failed-sync"},
    MutantName{Mutant::kF1BelieveUnsettledLog, "F1-believe-unsettled-log"},
    MutantName{Mutant::kB3RetryAtOnce, "B3-retry-at-once"},
    MutantName{Mutant::kB3DataNodeRetriesAtOnce, "B3-datanode-retries-at-once"},
    MutantName{Mutant::kT1LeasesByWallClock, "T1-leases-by-wall-clock"},
    MutantName{Mutant::kT1RecordByWallClock, "T1-record-by-wall-clock"},
    MutantName{Mutant::kT1CountSuspension, "T1-count-suspension"},
    MutantName{Mutant::kA1RefuseAfterFullDisk, "A1-refuse-after-full-disk"},
    MutantName{Mutant::kA1StayInSafeMode, "A1-stay-in-safe-mode"},
};

#if defined(DFS_MUTANTS)
void switch_on(Mutant mutant);
[[nodiscard]] bool mutated(Mutant mutant);
#else
[[nodiscard]] constexpr bool mutated(Mutant /*mutant*/) { return false; }
#endif

}  // namespace dfs
