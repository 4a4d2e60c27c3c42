#include "core/namenode/blocks/sweep.h"

#include <algorithm>

#include "core/namenode/blocks/decommission.h"
#include "core/namenode/blocks/reconcile.h"

namespace dfs::namenode {
namespace {

constexpr Duration kPause = seconds(30);          // between two passes without cause
constexpr Duration kPauseWaitedFor = seconds(2);  // … while somebody waits for what they find
constexpr std::uint64_t kSlowRows = 100;          // a slice of such a pass
constexpr std::size_t kSweptAtOnce = 32;

using Phase = Sweep::Phase;

// False when the phase is over.
bool sweep_stored(Soft& soft, const RowBudget& budget, Now now) {
  while (budget.left()) {
    const std::vector<BlockRow> page = soft.store.scan_blocks(soft.sweep.after, kSweptAtOnce);
    for (const BlockRow& row : page) {
      const BlockView view = look(soft, row.id, row);
      reconcile(soft, view, now);
      count_for_departures(soft, view);
      soft.sweep.after = row.id;
      if (!budget.left()) return true;
    }
    if (page.size() < kSweptAtOnce) return false;
  }
  return true;
}

// Moves on to the next bucket with replicas of a node that is alive; false if there is none.
bool next_bucket(Soft& soft) {
  Sweep& at = soft.sweep;
  at.after = {};
  ++at.bucket;
  for (auto node = soft.nodes.all().lower_bound(at.node); node != soft.nodes.all().end(); ++node) {
    if (node->first != at.node) at.bucket = 0;
    at.node = node->first;
    if (!node->second.alive()) continue;
    const ReplicaMap& replicas = node->second.replicas;
    while (at.bucket < wire::kReportBuckets && replicas.bucket(at.bucket).empty()) ++at.bucket;
    if (at.bucket < wire::kReportBuckets) return true;
  }
  return false;
}

bool sweep_replicas(Soft& soft, const RowBudget& budget, Now now) {
  while (budget.left()) {
    const Node* node = soft.nodes.find(soft.sweep.node);
    std::vector<BlockId> rowless;
    if (node != nullptr && node->alive()) {
      const ReplicaMap::Bucket& bucket = node->replicas.bucket(soft.sweep.bucket);
      auto at = std::find_if(bucket.begin(), bucket.end(), [&soft](const Replica& replica) {
        return replica.id() > soft.sweep.after;
      });
      for (; at != bucket.end() && budget.left(); ++at) {
        soft.sweep.after = at->id();
        if (!soft.store.block(at->id())) rowless.push_back(at->id());
      }
      for (const BlockId block : rowless) reconcile(soft, look(soft, block, std::nullopt), now);
      if (at != bucket.end()) return true;
    }
    if (!next_bucket(soft)) return false;
  }
  return true;
}

}  // namespace

void scan_replicas(Soft& soft) {
  while (!soft.scans.empty() && soft.agenda.roomy()) {
    const auto [id, bucket] = soft.scans.take();
    const Node* node = soft.nodes.find(id);
    for (const Replica& replica : node->replicas.bucket(bucket)) soft.agenda.note(replica.id());
  }
}

void work_off_agenda(Soft& soft, const RowBudget& budget, Now now) {
  soft.agenda.advance(soft.running());
  if (soft.agenda.overflowed()) soft.sweep.again = true;
  while (budget.left()) {
    const std::optional<BlockId> block = soft.agenda.take();
    if (!block) return;
    reconcile(soft, look(soft, *block), now);
  }
}

void sweep(Soft& soft, const RowBudget& budget, Now now) {
  Sweep& at = soft.sweep;
  if (at.phase == Phase::kIdle) {
    if (!at.again && soft.running() < at.next_pass) return;
    at.fast = at.again || departures_unjudged(soft);
    at.again = false;
    at.phase = Phase::kStored;
    at.after = {};
    begin_count(soft);
  }
  const RowBudget slow(soft.store, kSlowRows);
  const RowBudget& slice = at.fast || at.again ? budget : slow;
  if (at.phase == Phase::kStored) {
    if (sweep_stored(soft, slice, now)) return;
    end_count(soft);
    at.phase = Phase::kReplicas;
    at.after = {};
    at.bucket = 0;
    at.node = soft.nodes.all().empty() ? NodeId{} : soft.nodes.all().begin()->first;
  }
  if (sweep_replicas(soft, slice, now)) return;
  at.phase = Phase::kIdle;
  at.next_pass = soft.running() + (departures_unfinished(soft) ? kPauseWaitedFor : kPause);
}

}  // namespace dfs::namenode
