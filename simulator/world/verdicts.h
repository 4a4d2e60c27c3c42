// What the oracles of one run found: violations, and how often each property was really compared.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dfs::world {

// The properties that this simulator checks, with the ids of the reference.
inline constexpr std::string_view kInvariants[] = {
    "D1", "D2", "D3", "D4", "D5", "V1", "V2", "V3", "G1", "G2", "G3", "G4", "N1",
    "N2", "N3", "C1", "C2", "C3", "C4", "S1", "F1", "B1", "B2", "B3", "T1", "A1"};

// One of them, named by its id: "D1". A name that is none does not compile.
class Invariant {
 public:
  consteval Invariant(const char* id) {  // NOLINT(google-explicit-constructor): written as "D1"
    while (kInvariants[index_] != id) ++index_;
  }
  [[nodiscard]] constexpr std::size_t index() const { return index_; }
  [[nodiscard]] constexpr std::string_view id() const { return kInvariants[index_]; }

 private:
  std::size_t index_ = 0;
};

// Rare things that a sweep should meet.
inline constexpr std::string_view kProbes[] = {
    "NameNode killed during a commit", "message through its JSON form",
    "retry answered from its record", "a disk failed in the middle of a write",
    "NameNode ended itself", "lost block listed by fsck",
    "NameNode's damaged disk replaced by an older copy",
    "NameNode's metadata rescued from DataNodes", "block adopted by a file that a rescue rebuilt",
    "pipeline's rest sent again by its head", "read error in each replica of a block",
    // probes.cc
    "copies wait after a mass loss", "lease expired", "epoch raised", "newer history heard of",
    "request records dropped", "freed block forgotten", "read answered Replaced",
    "outcome unknown answered", "mutation refused in safe mode",
    "mutation refused by an older history", "mutation refused by a full disk",
    "write refused for want of DataNodes", "writer fenced", "lease renewed too late",
    "replica quarantined", "replica restored from quarantine",
    "bad replica replaced from quarantine", "block rebuilt from several rotten copies",
    "only copy, rotten, replaced by a whole one"};

// … and the places where a process was struck by an ambush.
[[nodiscard]] std::vector<std::string_view> all_probes();

struct Violation {
  std::string invariant;
  std::uint64_t event = 0;  // number of the event in whose course it was noticed
  std::int64_t at_us = 0;   // simulated time
  std::string detail;
};

class Verdicts {
 public:
  // Only these invariants are judged; empty: all.
  void judge_only(std::set<std::string, std::less<>> invariants) {
    judged_ = std::move(invariants);
  }
  [[nodiscard]] bool judges(std::string_view invariant) const {
    return judged_.empty() || judged_.contains(invariant);
  }
  // A comparison that could have failed.
  void checked(Invariant invariant, std::uint64_t times = 1) {
    checks_[invariant.index()] += times;
  }
  void violated(std::string_view invariant, std::string detail) {
    if (violations_.size() >= kMost || !judges(invariant)) return;
    violations_.push_back({std::string(invariant), event_, at_us_, std::move(detail)});
  }
  // Counts a comparison; a violation unless `holds`.
  bool expect(bool holds, Invariant invariant, auto&& detail) {
    checked(invariant);
    if (!holds) violated(invariant.id(), detail());
    return holds;
  }
  // "This rare thing happened."
  void probe(std::string_view name) { ++probes_[std::string(name)]; }

  void set_moment(std::uint64_t event, std::int64_t at_us) {
    event_ = event;
    at_us_ = at_us;
  }
  [[nodiscard]] bool clean() const { return violations_.empty(); }
  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
  // By the ids of those that were checked at all.
  [[nodiscard]] std::map<std::string, std::uint64_t> checks() const {
    std::map<std::string, std::uint64_t> checks;
    for (std::size_t i = 0; i < checks_.size(); ++i) {
      if (checks_[i] > 0) checks[std::string(kInvariants[i])] = checks_[i];
    }
    return checks;
  }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& probes() const { return probes_; }

 private:
  static constexpr std::size_t kMost = 20;
  std::uint64_t event_ = 0;
  std::int64_t at_us_ = 0;
  std::set<std::string, std::less<>> judged_;
  std::array<std::uint64_t, std::size(kInvariants)> checks_{};
  std::map<std::string, std::uint64_t> probes_;
  std::vector<Violation> violations_;
};

}  // namespace dfs::world
