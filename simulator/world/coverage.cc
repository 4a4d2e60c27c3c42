#include "simulator/world/coverage.h"

#include <algorithm>
#include <array>

namespace dfs::world {
namespace {

// A probe that a long sweep of some profiles need not hit. Any other is hit about five times or
// more in 300 seeds.
struct Excused {
  std::string_view probe;
  std::array<bool, std::size(kProfiles)> in;  // safety, liveness, disaster
  std::string_view reason;
};

constexpr std::array kWithinBudget = {true, true, false};
constexpr std::array kEverywhere = {true, true, true};
constexpr std::string_view kRestores =
    "few replicas come back from quarantine, none is struck then";
constexpr std::string_view kHistories =
    "a backup is put back in few plans, and seldom proved older";
constexpr Excused kExcused[] = {
    {"lost block listed by fsck", kWithinBudget, "nothing is lost within the budget"},
    {"NameNode's damaged disk replaced by an older copy", kWithinBudget,
     "the disk is not damaged within the budget"},
    {"NameNode's metadata rescued from DataNodes", kWithinBudget,
     "the disk is not lost within the budget"},
    {"block adopted by a file that a rescue rebuilt", kWithinBudget,
     "the disk is not lost within the budget"},
    {"only copy, rotten, replaced by a whole one", kWithinBudget,
     "a whole copy is left within the budget"},
    {"epoch raised", kEverywhere, kHistories},
    {"newer history heard of", kEverywhere, kHistories},
    {"bad replica replaced from quarantine", kEverywhere,
     "few bad replicas have a whole copy beside them and none elsewhere"},
    {"struck before a restore", kEverywhere, kRestores},
    {"struck between the links of a restore", kEverywhere, kRestores},
    {"struck before the sync of a restore", kEverywhere, kRestores},
    {"struck before the unlinks of a restore", kEverywhere, kRestores},
    {"struck between the unlinks of a restore", kEverywhere, kRestores},
    {"struck before a restore is told of", kEverywhere, kRestores},
};

// Judged when the cluster has come to rest, which the profile safety does not wait for.
constexpr std::string_view kJudgedAtRest[] = {"C1", "C2", "C3", "C4", "A1"};

// Whoever leaves out part of what a plan has by itself has asked for less.
bool whole(const PlanOptions& options) {
  const PlanOptions usual;
  return !options.faults && !options.ill && options.invariants.empty() &&
         options.selection == usual.selection && options.datanodes >= usual.datanodes &&
         options.clients >= usual.clients && options.duration >= usual.duration;
}

}  // namespace

bool must_check(Profile profile, std::string_view invariant) {
  return profile != Profile::kSafety ||
         std::ranges::find(kJudgedAtRest, invariant) == std::end(kJudgedAtRest);
}

bool must_hit(Profile profile, std::string_view probe) {
  const bool illness = std::ranges::find(kIllnessProbes, probe) != std::end(kIllnessProbes);
  if (illness) return profile == Profile::kLiveness;  // elsewhere everybody recovers
  const auto* excused = std::ranges::find(kExcused, probe, &Excused::probe);
  return excused == std::end(kExcused) || !excused->in[static_cast<std::size_t>(profile)];
}

std::vector<Violation> never_met(const PlanOptions& options, std::uint64_t seeds,
                                 const Counts& met) {
  std::vector<Violation> missing;
  if (seeds < kLongSweep || !whole(options)) return missing;
  const std::string after = " in " + std::to_string(seeds) + " seeds";
  for (const std::string_view invariant : kInvariants) {
    if (!must_check(options.profile, invariant) || met.checks.contains(std::string(invariant))) {
      continue;
    }
    missing.push_back({"X1", 0, 0, std::string(invariant) + " was never checked" + after});
  }
  for (const std::string_view probe : all_probes()) {
    if (!must_hit(options.profile, probe) || met.probes.contains(std::string(probe))) continue;
    missing.push_back({"X1", 0, 0, "'" + std::string(probe) + "' was never met" + after});
  }
  return missing;
}

}  // namespace dfs::world
