#include "core/namenode/blocks/removal.h"

#include <algorithm>
#include <tuple>

#include "core/base/mutant.h"
#include "core/namenode/blocks/fence.h"
#include "core/namenode/blocks/placement.h"

namespace dfs::namenode {
namespace {

using wire::OrderKind;

constexpr Duration kGiveUpAfter = seconds(300);  // then another victim may be chosen
constexpr Duration kAskAgain = seconds(10);
// An answer holds for kConfirmationHolds: no more is asked than can be made use of in that time.
constexpr std::uint64_t kMostConfirms = 50;    // of a survivor at once
constexpr std::uint64_t kMostDeletions = 500;  // of a victim at once
constexpr std::size_t kMostAnswered = 64;      // that nobody has looked at yet

// Where the good copies without this one are.
std::vector<const Node*> others(const BlockView& view, NodeId victim) {
  std::vector<const Node*> nodes;
  for (const Copy& copy : view.copies) {
    if (copy.counts_as_good() && copy.id != victim) nodes.push_back(copy.node);
  }
  return nodes;
}

// Their hosts and (up to two) racks.
Spread without(const BlockView& view, NodeId victim) {
  Spread spread = spread_of(others(view, victim));
  spread.racks = std::min(spread.racks, kRacksWanted);
  return spread;
}

bool may_go(const BlockView& view, const Copy& copy) {
  if (!copy.node->usable() || !copy.node->reported) return false;
  if (copy.standing == Standing::kDoomed || copy.standing == Standing::kUnreadable) return true;
  const bool early = mutated(Mutant::kD4OneTooFew) || mutated(Mutant::kB1DeleteBeforeReport);
  const std::uint32_t kept = view.row->replication - (early ? 1 : 0);
  return copy.standing == Standing::kGood && view.good > kept;
}

// Whether the copies that are left stand in fewer racks than with this one, and than are asked for;
// one that cannot be read may be whole (V3). Where several copies are excess one whose node has
// reported may be the wrong one: then the others are waited for.
bool narrows(const BlockView& view, const Copy& victim) {
  if (mutated(Mutant::kB1IgnoreRacks)) return false;
  std::vector<const Node*> with = others(view, victim.id);
  with.push_back(victim.node);
  const std::size_t wanted = std::min<std::size_t>(kRacksWanted, view.row->replication);
  return without(view, victim.id).racks < std::min(wanted, spread_of(with).racks);
}

// A copy that is lost already in all but name goes first.
const Copy* choose_victim(const BlockView& view) {
  using Rank = std::tuple<bool, Spread, std::uint64_t, std::uint64_t>;  // the greatest goes
  const Copy* victim = nullptr;
  Rank best;
  for (const Copy& copy : view.copies) {
    if (!may_go(view, copy) || narrows(view, copy)) continue;
    const Rank rank{copy.standing != Standing::kGood,
                    mutated(Mutant::kB1IgnoreRacks) ? Spread() : without(view, copy.id),
                    UINT64_MAX - copy.node->stats.remaining, mix(view.id.value, copy.id.value)};
    if (victim != nullptr && rank <= best) continue;
    victim = &copy;
    best = rank;
  }
  return victim;
}

// The copy that is being removed, or the one to begin with.
const Copy* victim_of(Soft& soft, const BlockView& view) {
  const auto at = soft.removals.find(view.id);
  if (at != soft.removals.end()) {
    const Copy* victim = view.on(at->second.victim);
    const bool in_time = soft.running() - at->second.since < kGiveUpAfter;
    if (victim != nullptr && may_go(view, *victim) && !narrows(view, *victim) && in_time) {
      return victim;
    }
    soft.removals.erase(at);
  }
  const Copy* victim = choose_victim(view);
  if (victim != nullptr) soft.removals[view.id] = {victim->id, soft.running(), {}};
  return victim;
}

bool time_to_ask(const Soft& soft, NodeId victim, const std::vector<NodeId>& survivors) {
  return soft.agenda.soon() < kMostAnswered &&
         soft.orders.count(victim, OrderKind::kQuarantine) < kMostDeletions &&
         std::ranges::none_of(survivors, [&soft](NodeId survivor) {
           return soft.orders.count(survivor, OrderKind::kConfirm) >= kMostConfirms;
         });
}

}  // namespace

void remove_excess(Soft& soft, const BlockView& view, Now now) {
  const bool suspects = std::any_of(view.copies.begin(), view.copies.end(), [](const Copy& copy) {
    return copy.standing == Standing::kSuspect && !copy.leaves();
  });
  const bool copying = !soft.orders.nodes_of(view.id, OrderKind::kCopy).empty() &&
                       !mutated(Mutant::kB1DeleteBeforeReport);
  const bool busy = being_quarantined(soft, view.id) || copying;
  if (suspects || busy || view.good < view.row->replication) return;
  if (mutated(Mutant::kC2KeepExcess)) return;
  const Copy* victim = victim_of(soft, view);
  if (victim == nullptr) return;

  Removal& removal = soft.removals.at(view.id);
  const Verdict verdict =
      fence(soft, {victim->id, victim->info, "excess", false, removal.confirmed}, now);
  if (verdict.allowed) {
    soft.removals.erase(view.id);
    return;
  }
  for (const NodeId survivor : verdict.verify) soft.verify.want(survivor, view.id, false);
  if (verdict.verify.empty() && time_to_ask(soft, victim->id, verdict.confirm)) {
    for (const NodeId survivor : verdict.confirm) {
      const auto asked = removal.asked.find(survivor);
      if (asked != removal.asked.end() && soft.running() < asked->second + kAskAgain) continue;
      removal.asked[survivor] = soft.running();
      wire::Order order;
      order.kind = OrderKind::kConfirm;
      order.block = view.info();
      (void)soft.orders.place(survivor, std::move(order), soft.running());
    }
  }
  soft.agenda.note_at(view.id, soft.running() + kAskAgain);
}

void confirmed(Soft& soft, BlockId block, Node& survivor, bool there) {
  if (const auto at = soft.removals.find(block); at != soft.removals.end() && there) {
    at->second.confirmed[survivor.row.id] = soft.running();
  }
  Replica* replica = survivor.replicas.find(block);
  if (!there && replica != nullptr) {
    replica->set(Replica::kSuspect, true);
    soft.verify.want(survivor.row.id, block, true);
  }
  soft.agenda.note_soon(block);
}

}  // namespace dfs::namenode
