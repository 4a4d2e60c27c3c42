// DataNodes coming and going: what begins with a registration and ends with a death.
#pragma once

#include "core/namenode/blocks/state.h"

namespace dfs::namenode {

// Of two processes of one DataNode, as when a machine is cloned or a directory copied, one is
// refused until the other one is silent. Else they would throw each other out for ever. The one
// where the DataNode was last has precedence, also after a restart of the NameNode. One that starts
// there takes the other one's place for good: whoever was replaced is refused, wherever it is.
[[nodiscard]] Status check_single(const Soft& soft, const wire::Register& request);
void node_registered(Soft& soft, const wire::Register& request, const wire::RegisterReply& reply);
// It is not one of those who vanished, if it was counted among them.
void node_heard(Soft& soft, const Node& node);
// Lets silence take effect. When too large a part of the cluster is lost at once, copying waits.
void age_nodes(Soft& soft);
// Records a history mark that a DataNode tells of.
void history_seen(Soft& soft, const wire::HistoryMark& seen);

// Ends orders that have no result for too long, and claims that no node has confirmed.
void expire_orders(Soft& soft);
void expire_claims(Soft& soft);

// One line while copying waits after a mass loss, else "".
[[nodiscard]] std::string mass_loss_note(const Soft& soft);

}  // namespace dfs::namenode
