#include "core/namenode/blocks/repair.h"

#include <algorithm>
#include <tuple>

#include "core/base/mutant.h"
#include "core/namenode/blocks/fence.h"
#include "core/namenode/blocks/placement.h"
#include "core/namenode/blocks/reconcile.h"
#include "core/namenode/blocks/sidecar_facts.h"

namespace dfs::namenode {
namespace {

using wire::OrderKind;

constexpr std::size_t kLooksPerPass = 64;
constexpr std::size_t kBusyLooks = 16;  // so many in a row: everybody is busy
constexpr Duration kFirstWait = seconds(2);
constexpr Duration kLongestWait = seconds(60);
constexpr Duration kStuckWait = seconds(10);
constexpr Duration kLongestStuckWait = seconds(60);
constexpr std::size_t kMostSources = 10;

enum class Attempt { kDone, kBusy, kStuck };

bool matches(const Copy& copy) { return copy.standing != Standing::kMismatch; }

// Whom to read from, best first: good before doubted before rotten, live before suspect nodes, idle
// before busy ones. Only nodes that have reported are believed (D5).
std::vector<const Copy*> sources_of(const Soft& soft, const BlockView& view) {
  std::vector<const Copy*> sources;
  for (const Copy& copy : view.copies) {
    if (copy.told && matches(copy) && copy.node->reported) sources.push_back(&copy);
  }
  const auto rank = [&soft](const Copy* copy) {
    return std::tuple(copy->rotten() || copy->standing == Standing::kUnreadable,
                      copy->node->state != wire::NodeState::kLive,
                      copy->standing != Standing::kGood, soft.orders.copies_with(copy->id),
                      copy->id);
  };
  std::sort(sources.begin(), sources.end(),
            [&rank](const Copy* a, const Copy* b) { return rank(a) < rank(b); });
  if (sources.size() > kMostSources) sources.resize(kMostSources);
  return sources;
}

// A node whose own replica, rotten or unreadable, is to be replaced, when there is no other node
// (V2) or each of them has failed. Also where its deletion may still happen: the new one is asked
// back then.
RepairTarget place_here(Soft& soft, const BlockView& view) {
  RepairTarget target;
  for (const Copy& copy : view.copies) {
    if (!copy.rotten() && copy.standing != Standing::kUnreadable) continue;
    if (!copy.told || !copy.node->usable() || !copy.node->reported) continue;
    if (being_quarantined(soft, view.id, copy.id)) continue;
    if (soft.renewals.hold(view.id, copy.id, soft.running())) continue;
    if (soft.orders.pending(view.id, copy.id, OrderKind::kCopy)) continue;
    if (busy_copying(soft, copy.id)) {
      target.busy = true;
      continue;
    }
    const std::uint32_t failures = soft.failures_on(view.id, copy.id);
    if (target.node == nullptr || failures < target.failures) {
      target = {copy.node, target.busy, failures};
    }
  }
  return target;
}

// Something can come of it: a copy that is not rotten, or several rotten ones.
bool promising(const std::vector<const Copy*>& sources) {
  return !sources.empty() && (sources.size() > 1 || !sources.front()->rotten());
}

Attempt copy_once(Soft& soft, const BlockView& view, bool wider) {
  const std::vector<const Copy*> sources = sources_of(soft, view);
  if (!promising(sources)) return Attempt::kStuck;
  if (busy_copying(soft, sources.front()->id)) return Attempt::kBusy;
  const bool waiting = soft.running() < soft.mass_loss.wait_until;
  RepairTarget target;
  if (!waiting) target = place_copy(soft, view, wider);
  const bool hopeful = target.node != nullptr && target.failures == 0;
  if (!hopeful && !target.busy && !wider) {
    const RepairTarget here = place_here(soft, view);
    const bool better = here.node != nullptr && here.failures < target.failures;
    if (target.node == nullptr || better || (here.node == nullptr && here.busy)) target = here;
  }
  if (target.node == nullptr) return target.busy || waiting ? Attempt::kBusy : Attempt::kStuck;

  wire::Order order;
  order.kind = OrderKind::kCopy;
  order.block = view.info();
  const SidecarFacts facts = sidecar_facts(soft.store, *view.row);
  order.inode = facts.inode;
  order.index = facts.index;
  order.path_hint = facts.path_hint;
  for (const Copy* source : sources) order.sources.push_back(source->node->address());
  // Itself among the sources tells a node to replace its own replica.
  const Copy* own = view.on(target.node->row.id);
  const bool named = std::find(sources.begin(), sources.end(), own) != sources.end();
  if (own != nullptr && !named) order.sources.push_back(target.node->address());
  return soft.orders.place(target.node->row.id, std::move(order), soft.running()) ? Attempt::kDone
                                                                                  : Attempt::kBusy;
}

bool is_time(const Soft& soft, const Trouble& trouble) {
  return soft.running() >= trouble.not_before ||
         (trouble.changes != soft.changes && trouble.not_before != kNever);
}

// wait, 2 wait, 4 wait … up to `longest`.
Duration growing(Duration wait, std::uint32_t times, Duration longest) {
  return std::min(longest, wait * (std::int64_t{1} << std::min<std::uint32_t>(times, 10)));
}

Attempt mend(Soft& soft, BlockId block) {
  const BlockView view = look(soft, block);
  if (!view.row || view.row->state != BlockState::kCommitted) return Attempt::kDone;
  const auto trouble = soft.troubles.find(block);
  if (trouble != soft.troubles.end() && !is_time(soft, trouble->second)) {
    if (trouble->second.failures > 0) soft.agenda.note_at(block, trouble->second.not_before);
    return Attempt::kDone;
  }
  const Need need = need_of(soft, view);
  for (std::uint32_t i = 0; i < need.copies; ++i) {
    const Attempt outcome = copy_once(soft, view, need.wider);
    if (outcome != Attempt::kDone) return outcome;
  }
  return Attempt::kDone;
}

// Nobody can take or give a copy: the sweep brings the block back.
void stuck(Soft& soft, BlockId block) {
  Trouble& trouble = soft.troubles[block];
  trouble.not_before = soft.running() + growing(kStuckWait, trouble.stuck++, kLongestStuckWait);
  trouble.changes = soft.changes;
  if (mutated(Mutant::kC1StuckForEver)) trouble.not_before = kNever;
}

}  // namespace

void dispatch_repairs(Soft& soft, const RowBudget& budget) {
  RepairQueue& queue = soft.repairs;
  queue.goes_on = !queue.goes_on;
  std::pair<std::uint32_t, BlockId> first;
  std::pair<std::uint32_t, BlockId>& next = queue.goes_on ? queue.looked_at : first;
  std::size_t busy_in_a_row = 0;
  for (std::size_t looks = 0; looks < kLooksPerPass && budget.left(); ++looks) {
    const auto at = queue.waiting.lower_bound(next);
    if (at == queue.waiting.end()) {
      queue.looked_at = {};
      return;
    }
    const auto [priority, block] = *at;
    next = {priority, BlockId{block.value + 1}};
    switch (mend(soft, block)) {
      case Attempt::kDone:
        queue.done(block);
        busy_in_a_row = 0;
        break;
      case Attempt::kStuck:
        queue.done(block);
        stuck(soft, block);
        break;
      case Attempt::kBusy:
        if (++busy_in_a_row == kBusyLooks) return;
        break;
    }
  }
}

void copy_ended(Soft& soft, const PendingOrder& copy, const Status& status) {
  const BlockId block = copy.order.block.id;
  soft.agenda.note(block);
  if (status.ok()) {
    const bool in_place = std::ranges::find(copy.order.sources, copy.node,
                                            &wire::NodeAddress::node) != copy.order.sources.end();
    if (in_place) soft.renewals.add(block, copy.node, soft.running());
    // The change that tells of the replica may still be on its way.
    Node& node = *soft.nodes.find(copy.node);
    if (node.replicas.claim(copy.order.block)) {
      soft.claims.push_back({soft.running() + soft.config.order_timeout, block, copy.node});
    }
    return;
  }
  Trouble& trouble = soft.troubles[block];
  ++trouble.failed_on[copy.node];
  trouble.not_before = soft.running() + growing(kFirstWait, trouble.failures++, kLongestWait);
  trouble.changes = soft.changes;
  soft.agenda.note_at(block, trouble.not_before);
}

}  // namespace dfs::namenode
