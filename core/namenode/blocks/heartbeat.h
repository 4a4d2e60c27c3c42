// One heartbeat: what a DataNode tells (changes, results of orders, quarantined replicas that it
// would like to purge) and what it is told to do.
#pragma once

#include "core/namenode/blocks/state.h"

namespace dfs::namenode {

// The message is checked (report.h) and the next one of the node's session.
[[nodiscard]] wire::HeartbeatReply take_heartbeat(Soft& soft, Node& node,
                                                  const wire::Heartbeat& message, Now now);

}  // namespace dfs::namenode
