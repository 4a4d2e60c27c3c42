// The fence: the one function that decides that a replica may be deleted, and the only place that
// makes a kQuarantine or kPurge order.
//
// It believes nobody: what the replica is, and therefore which rule holds, it finds out itself.
//   * Nothing is deleted while our history is older than one that a DataNode has seen, in safe
//   mode,
//     or on a node that is not live or has not reported in full since its registration (D5, S1).
//   * A block that has no row: only if our own history forgot it; then all its replicas may go.
//   * Allocated: belongs to its lease. Freed: belongs to its readers. Never deleted.
//   * Committed: other replicas must survive, each on a live node that stays and has reported in
//     this session, matching, not suspected, not doomed, and known to be whole within the scrub
//     period. For a replica that is rotten one such survivor, read since that one was found so:
//     what has rotted everywhere is found at about the same time, and its granules may be good in
//     different places. For any other as many as the block's replication, and for a quarantine
//     each of them must have confirmed just now that it is there (D4). A node that leaves may be
//     switched off any time, so that none survives there.
// Each deletion goes into the ledger.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/namenode/blocks/block_view.h"

namespace dfs::namenode {

struct DeletionRequest {
  NodeId node;
  wire::BlockInfo replica;    // as the node tells of it
  std::string_view asked_by;  // a literal
  bool purge = false;         // out of quarantine for good; else into it
  // Survivors that have answered a kConfirm, and the running time of their answer.
  std::map<NodeId, Instant> confirmed;
  // A purge is for good: survivors must have been read whole after this (Soft::second()), which is
  // after the replica came to quarantine. What rotted unnoticed before that would else be all that
  // is left.
  std::uint32_t verified_after = 0;
};

struct Verdict {
  bool allowed = false;  // the order has been placed
  std::string why_not;
  std::vector<NodeId> verify;   // survivors that would count if they were verified
  std::vector<NodeId> confirm;  // … if they confirmed
};

// How long a survivor's word that it has the replica holds.
inline constexpr Duration kConfirmationHolds = seconds(20);

[[nodiscard]] Verdict fence(Soft& soft, const DeletionRequest& request, Now now);

// Asked again when the node fetches the order: do enough of those that were judged still survive?
// One of them may have registered again since, the block may want more copies. Others that came do
// not stand in for them: they were not asked.
[[nodiscard]] bool fence_holds(Soft& soft, const PendingOrder& deletion, Now now);

// The order was not fetched or was refused, so what it is about will not happen; but an older one,
// if there is one, may still be carried out.
void undoom(Node& node, const PendingOrder& deletion);

[[nodiscard]] bool deletes(wire::OrderKind kind);

// The replica has been ordered into quarantine and the order has not ended.
[[nodiscard]] bool being_quarantined(const Soft& soft, BlockId block, NodeId node);
// … some replica of the block.
[[nodiscard]] bool being_quarantined(const Soft& soft, BlockId block);

}  // namespace dfs::namenode
