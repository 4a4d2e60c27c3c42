// DataNodes as operators see them: their names, and their lines of the report.
#pragma once

#include <string>

#include "core/namenode/blocks/state.h"

namespace dfs::namenode {

// The node of this number, with this host:port, or on this host; of several that have had an
// address or host the one that is not dead. kNotFound, or kInvalidArgument if several are meant.
[[nodiscard]] Result<NodeId> node_named(const Soft& soft, const std::string& name);

[[nodiscard]] wire::NodeReport report_of(const Soft& soft, const Node& node);

// One line when nodes leave and too few stay for the default replication, else "".
[[nodiscard]] std::string departures_note(const Soft& soft);

}  // namespace dfs::namenode
