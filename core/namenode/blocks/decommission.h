// Decommissioning: nodes that an operator has asked to leave, and whether they are still needed.
//
// That a node leaves is durable (DataNodeRow::decommissioned) and nothing else about it is. Its
// replicas stay where they are, are read and copied, and count for nothing; so reconciliation makes
// the copies that are missing without them. Whether the end is reached is derived: the walk past
// all blocks (sweep.h) counts those that have fewer good copies on nodes in service than
// min(replication, nodes in service). There is no queue that a lost node could fill (HDFS-16303);
// a death or a newcomer makes all verdicts void until the next walk.
//
// A dead node in service counts as one: who judged by the living alone would let a node go because
// others are away for a while. A machine whose disks were replaced counts once, as the node that is
// there now.
#pragma once

#include "core/namenode/blocks/block_view.h"

namespace dfs::namenode {

// An operator's command was applied: the node leaves, or is in service again.
void set_leaving(Soft& soft, NodeId node, bool leaves);
// Refuses what cannot come to an end: another node must stay in service.
[[nodiscard]] Status check_leaving(const Soft& soft, NodeId node);

// A walk past all stored blocks: its beginning, each block, its end.
void begin_count(Soft& soft);
void count_for_departures(Soft& soft, const BlockView& view);
void end_count(Soft& soft);
// What was found does not hold any more.
void doubt_departures(Soft& soft);

[[nodiscard]] wire::ServiceState service_of(const Soft& soft, const Node& node);
// Some node that leaves has not been judged; … or has not been found to be done.
[[nodiscard]] bool departures_unjudged(const Soft& soft);
[[nodiscard]] bool departures_unfinished(const Soft& soft);

// Nodes in service without `except`, dead ones too.
[[nodiscard]] std::uint32_t nodes_in_service(const Soft& soft, NodeId except = {});

}  // namespace dfs::namenode
