#include "core/namenode/blocks/reading.h"

#include <algorithm>
#include <tuple>

namespace dfs::namenode {
namespace {

// Transfers of a node that make no difference.
constexpr std::uint32_t kSameLoad = 8;

// Where a reader is sent first: smaller is better.
int reading_rank(const Copy& copy) {
  if (copy.rotten()) return 7;
  if (copy.standing == Standing::kUnreadable) return 6;
  if (copy.standing == Standing::kSuspect || copy.standing == Standing::kDoomed) return 5;
  if (copy.node->state != wire::NodeState::kLive) return copy.hint ? 3 : 4;
  // Last of those that are sure to answer: it may be switched off, and has copies to give.
  if (copy.node->leaving()) return 2;
  return copy.standing == Standing::kUnknown ? 1 : 0;
}

struct ReadingPlace {
  int rank = 0;
  std::uint64_t load = 0;
  std::uint64_t chance = 0;
  const Copy* copy = nullptr;

  explicit ReadingPlace(BlockId block, const Copy& of)
      : rank(reading_rank(of)),
        load(of.node->stats.transfers / kSameLoad),
        chance(mix(block.value, of.id.value)),
        copy(&of) {}
  friend bool operator<(const ReadingPlace& a, const ReadingPlace& b) {
    return std::tie(a.rank, a.load, a.chance) < std::tie(b.rank, b.load, b.chance);
  }
};

}  // namespace

std::vector<wire::NodeAddress> read_from(const BlockView& view) {
  // A node that we take for dead may still serve readers.
  std::vector<ReadingPlace> places;
  for (const Copy& copy : view.copies.empty() ? view.lost : view.copies) {
    places.emplace_back(view.id, copy);
  }
  std::sort(places.begin(), places.end());
  std::vector<wire::NodeAddress> addresses;
  for (const ReadingPlace& place : places) {
    if (place.copy->rotten() && !places.front().copy->rotten()) continue;
    addresses.push_back(place.copy->node->address());
  }
  return addresses;
}

}  // namespace dfs::namenode
