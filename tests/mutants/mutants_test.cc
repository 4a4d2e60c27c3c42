// Every planted bug is caught by the invariant whose id it carries, judged alone, within a stated
// number of seeds. Prints how many seeds each took, and their median.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "core/base/mutant.h"
#include "simulator/world/world.h"

namespace dfs::world {
namespace {

constexpr Profile kSafety = Profile::kSafety;
constexpr Profile kLiveness = Profile::kLiveness;

// Copies are lost, and nodes that make new ones die or are slow.
const std::vector<FaultKind> kLosses = {FaultKind::kDiskWiped, FaultKind::kDataNodeCrash,
                                        FaultKind::kSlowDisk};

// Where to look for a mutant. Seeds: two to three times what it took when it was last measured.
struct Hunt {
  Mutant mutant = Mutant::kNone;
  std::uint64_t seeds = 3;
  Profile profile = kSafety;
  std::vector<FaultKind> faults = {};  // only these; none: all, as a plan draws them
  Duration duration = seconds(30);
  IllNodes ill = {};  // who stays ill; none: as a plan draws them
};

const std::vector<Hunt>& hunts() {
  static const std::vector<Hunt> all = {
      {Mutant::kD1AckBeforeFsync},
      {Mutant::kD1CommitWithoutQuorum, 12},
      {Mutant::kD1RuleOutWholeRun, 18, kSafety, {FaultKind::kReadError}, seconds(60)},
      {Mutant::kD2ReplyBeforeCommit},
      {Mutant::kD2CommitWithoutSync, 3, kSafety, {FaultKind::kNameNodePower}},
      {Mutant::kD2RescueOldest, 12, Profile::kDisaster, {FaultKind::kNameNodeDiskLost}},
      {Mutant::kD3SkipColumnInRestore},
      {Mutant::kD3ApplyReadsCounter},
      {Mutant::kD4CountSilentNodes, 12},
      {Mutant::kD4OneTooFew},
      {Mutant::kD4CountCorrupt,
       36,
       kSafety,
       {FaultKind::kBitRot, FaultKind::kDataNodeCrash, FaultKind::kDataNodePause},
       seconds(60)},
      {Mutant::kD4NoConfirmation},
      {Mutant::kD5ForgetHistory, 3, kSafety, {FaultKind::kRestoreBackup}},
      {Mutant::kD5OrderBeforeReport},
      {Mutant::kV1DeliverUnverified, 12, kSafety, {FaultKind::kBitRot}},
      {Mutant::kV1DeliverFromGranuleStart},
      {Mutant::kV2DeleteLastCorrupt, 12, kSafety, {FaultKind::kLastRot}},
      {Mutant::kV2KeepRotten, 9, kLiveness, {FaultKind::kBitRot}},
      {Mutant::kV3ErrorMeansAbsent,
       6,
       kSafety,
       {FaultKind::kOutOfDescriptors, FaultKind::kReadError}},
      {Mutant::kV3ReportLeavesOutDoubted,
       15,
       kSafety,
       {FaultKind::kOutOfDescriptors, FaultKind::kNameNodeCrash}},
      {Mutant::kG1ReuseBlockIds},
      {Mutant::kG1KeepCountersInNewEpoch, 6, kSafety, {FaultKind::kRestoreBackup}},
      {Mutant::kG2AcceptFenced},
      {Mutant::kG2JoinTheWriter},
      {Mutant::kG3PublishOnExpiry, 3, kSafety, {FaultKind::kClientCrash}, seconds(60)},
      {Mutant::kG3RemoveAtCreate},
      {Mutant::kG3ForgetTail},
      {Mutant::kG4LocateByPathMidway, 80, kSafety, {FaultKind::kPartition}},
      {Mutant::kG4SkipFailedBlock, 12},
      {Mutant::kN1NoRetryRecord},
      {Mutant::kN1ExecuteSettled, 6, kSafety, {FaultKind::kDelay}},
      {Mutant::kN1ForgetNumbers, 30, kSafety, {FaultKind::kHalfOpen}},
      {Mutant::kN1RenameOver},
      {Mutant::kN2ResurrectFromReport},
      {Mutant::kN2CopyForgotten, 30, kSafety, kLosses},
      {Mutant::kN3RenameIntoOwnSubtree},
      {Mutant::kN3SumsStayBehind},
      {Mutant::kC1LoseTaskOnTimeout, 9, kLiveness, kLosses},
      {Mutant::kC1StuckForEver, 9, kLiveness},
      {Mutant::kC1CountLeaving,
       12,
       kLiveness,
       {FaultKind::kDecommission, FaultKind::kRecommission}},
      {Mutant::kC1CountDeaf, 6, kLiveness, {}, seconds(30), {{4, Illness::kDeaf}}},
      {Mutant::kC1ForgetFailures,
       6,
       kLiveness,
       {FaultKind::kBitRot},
       seconds(30),
       {{4, Illness::kCutFromDataNodes}, {5, Illness::kDead}}},
      {Mutant::kC2KeepOrphans, 3, kLiveness},
      {Mutant::kC2KeepExcess, 15, kLiveness},
      {Mutant::kC3OverlappingThresholds, 3, kLiveness},
      {Mutant::kC3RestoreExcess, 15, kLiveness},
      {Mutant::kC3RenewAtOnce, 6, kLiveness, {}, seconds(30), {{4, Illness::kReadsFail}}},
      {Mutant::kC3AlwaysNews,
       12,
       kLiveness,
       {FaultKind::kBitRot},
       seconds(30),
       {{3, Illness::kDead}, {4, Illness::kCrashLooping}, {5, Illness::kReadsFail}}},
      {Mutant::kC4NeverExpireLeases, 12, kLiveness},
      {Mutant::kC4KeepAllocated, 6, kLiveness},
      {Mutant::kC4KeepTemporary, 18, kLiveness},
      {Mutant::kS1WriteWithoutDataNodes},
      {Mutant::kS1IgnoreSafeMode, 3, kSafety, {FaultKind::kSafeMode}},
      {Mutant::kB1DeleteBeforeReport, 36},
      {Mutant::kB1IgnoreRacks, 40},
      {Mutant::kB2RequeueWhilePending},
      {Mutant::kB2NoThrottle, 18},
      {Mutant::kF1IgnoreDamagedLog, 12, Profile::kDisaster, {FaultKind::kNameNodeRot}},
      {Mutant::kF1GoOnAfterFailedSync, 3, kSafety, {FaultKind::kNameNodeIoError}},
      {Mutant::kF1BelieveUnsettledLog,
       100,
       kSafety,
       {FaultKind::kNameNodeIoError, FaultKind::kNameNodePower}},
      {Mutant::kB3RetryAtOnce},
      {Mutant::kB3DataNodeRetriesAtOnce, 3, kSafety, {FaultKind::kNameNodeCrash}},
      {Mutant::kT1LeasesByWallClock,
       3,
       kSafety,
       {FaultKind::kClockStep, FaultKind::kClientCrash},
       seconds(60)},
      {Mutant::kT1RecordByWallClock, 3, kSafety, {FaultKind::kClockStep}},
      {Mutant::kT1CountSuspension, 3, kSafety, {FaultKind::kNameNodePause}},
      {Mutant::kA1RefuseAfterFullDisk, 3, kLiveness, {FaultKind::kNameNodeDiskFull}},
      {Mutant::kA1StayInSafeMode, 3, kLiveness, {FaultKind::kSafeMode}},
  };
  return all;
}

std::string name_of(Mutant mutant) {
  for (const MutantName& known : kMutants) {
    if (known.mutant == mutant) return std::string(known.name);
  }
  return "none";
}

std::string invariant_of(const std::string& mutant) { return mutant.substr(0, mutant.find('-')); }

// Seeds that a mutant took, by its name; printed at the end.
std::map<std::string, std::uint64_t>& taken() {
  static std::map<std::string, std::uint64_t> seeds;
  return seeds;
}

class Table : public testing::Environment {
 public:
  void TearDown() override {
    if (taken().empty()) return;
    std::vector<std::uint64_t> sorted;
    for (const auto& [mutant, seeds] : taken()) {
      std::printf("%-30s caught by %s in %llu seeds\n", mutant.c_str(),
                  invariant_of(mutant).c_str(), static_cast<unsigned long long>(seeds));
      sorted.push_back(seeds);
    }
    std::sort(sorted.begin(), sorted.end());
    std::printf("%zu of %zu mutants caught, median of seeds to detect: %llu\n", sorted.size(),
                kMutants.size(), static_cast<unsigned long long>(sorted[sorted.size() / 2]));
  }
};

const testing::Environment* const kTable = testing::AddGlobalTestEnvironment(new Table);

TEST(Mutants, AreAllHunted) {
  for (const MutantName& mutant : kMutants) {
    EXPECT_EQ(std::ranges::count(hunts(), mutant.mutant, &Hunt::mutant), 1) << mutant.name;
  }
  EXPECT_EQ(hunts().size(), kMutants.size());
}

TEST(Mutants, AreTwoForEveryInvariantAtLeast) {
  for (const std::string_view invariant : kInvariants) {
    EXPECT_GE(std::ranges::count_if(kMutants,
                                    [&](const MutantName& mutant) {
                                      return invariant_of(std::string(mutant.name)) == invariant;
                                    }),
              2)
        << invariant;
  }
}

class EachMutant : public testing::TestWithParam<Hunt> {
 protected:
  ~EachMutant() override { switch_on(Mutant::kNone); }
};

TEST_P(EachMutant, IsCaughtByItsInvariantAlone) {
  const Hunt& hunt = GetParam();
  const std::string mutant = name_of(hunt.mutant);
  PlanOptions options;
  options.profile = hunt.profile;
  options.duration = hunt.duration;
  options.invariants = {invariant_of(mutant)};
  if (!hunt.ill.empty()) options.ill = hunt.ill;
  if (!hunt.faults.empty()) options.faults.emplace(hunt.faults.begin(), hunt.faults.end());
  switch_on(hunt.mutant);
  for (options.seed = 1; options.seed <= hunt.seeds; ++options.seed) {
    const RunResult result = run(make_plan(options));
    if (result.violations.empty()) continue;
    EXPECT_EQ(result.violations.front().invariant, invariant_of(mutant));
    taken()[mutant] = options.seed;
    return;
  }
  ADD_FAILURE() << mutant << " was not caught in " << hunt.seeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, EachMutant, testing::ValuesIn(hunts()), [](const auto& hunt) {
  std::string name = name_of(hunt.param.mutant);
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace dfs::world
