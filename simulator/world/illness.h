// The ways in which a DataNode can stay ill for good, as real clusters know them (ill_rest.h).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "adapters/sim/process.h"
#include "core/base/random.h"

namespace dfs::world {

enum class Illness {
  kDead,
  kPaused,
  kCutOff,            // from everybody
  kDeaf,              // what it says arrives, nothing that is said to it
  kMute,              // the other way round
  kCutFromDataNodes,  // but not from the NameNode and clients
  kCutFromNameNode,   // but not from DataNodes and clients
  kCutFromClient,     // from one of them only
  kReadsFail,         // each read of its disks ends with an I/O error
  kWritesFail,        // each write does: it takes the disk out of service
  kDiskFull,
  kClogged,  // each message from and to it is late …
  kTooSlow,  // … and later than anybody waits for an answer
  kCrashLooping,
};
inline constexpr std::string_view kIllnesses[] = {"dead",
                                                  "paused",
                                                  "cut-off",
                                                  "deaf",
                                                  "mute",
                                                  "cut-from-datanodes",
                                                  "cut-from-namenode",
                                                  "cut-from-client",
                                                  "reads-fail",
                                                  "writes-fail",
                                                  "disk-full",
                                                  "clogged",
                                                  "too-slow",
                                                  "crash-looping"};
inline constexpr std::string_view kIllnessProbes[] = {"dead at rest",
                                                      "paused at rest",
                                                      "cut off at rest",
                                                      "deaf at rest",
                                                      "mute at rest",
                                                      "cut off from DataNodes at rest",
                                                      "cut off from NameNode at rest",
                                                      "cut off from a client at rest",
                                                      "reads fail at rest",
                                                      "writes fail at rest",
                                                      "disk full at rest",
                                                      "clogged at rest",
                                                      "too slow at rest",
                                                      "crash-looping at rest"};
static_assert(std::size(kIllnesses) == static_cast<std::size_t>(Illness::kCrashLooping) + 1);
static_assert(std::size(kIllnessProbes) == std::size(kIllnesses));

[[nodiscard]] std::string_view to_string(Illness illness);

struct IllNode {
  sim::Address node = 0;
  Illness illness = Illness::kDead;
  friend auto operator<=>(const IllNode&, const IllNode&) = default;
};
using IllNodes = std::set<IllNode>;

// "4:deaf" is node-4, which is deaf. nullopt: it says nothing of the kind.
[[nodiscard]] std::string to_string(const IllNode& node);
[[nodiscard]] std::optional<IllNode> ill_node_from_string(std::string_view text);

// None in half of the draws; else some of the DataNodes first … first + count - 1, each in one way.
// At least `core` of them stay well.
[[nodiscard]] IllNodes draw_ill_nodes(Random draw, sim::Address first, std::uint32_t count,
                                      std::uint32_t core);

// It talks with the NameNode, most of the time, and who reaches it can read what it holds.
[[nodiscard]] constexpr bool serves(Illness illness) {
  return illness == Illness::kCutFromDataNodes || illness == Illness::kCutFromClient ||
         illness == Illness::kDiskFull || illness == Illness::kClogged ||
         illness == Illness::kCrashLooping;
}

}  // namespace dfs::world
