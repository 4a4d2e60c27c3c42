#include "core/namenode/blocks/decommission.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace dfs::namenode {

void set_leaving(Soft& soft, NodeId node, bool leaves) {
  Node& subject = *soft.nodes.find(node);
  subject.row.decommissioned = leaves;
  subject.leaves_before = BlockId{soft.store.meta().next_block};
  soft.departures.found.erase(node);
  doubt_departures(soft);
  soft.scans.want(node);
  soft.sweep.again = true;
  ++soft.changes;
}

Status check_leaving(const Soft& soft, NodeId node) {
  if (soft.nodes.find(node)->leaving() || nodes_in_service(soft, node) > 0) return {};
  return {Code::kInvalidArgument, "DataNode " + std::to_string(node.value) +
                                      " is the only one in service: nobody could take over what it "
                                      "holds; start another one first"};
}

void begin_count(Soft& soft) {
  Departures& departures = soft.departures;
  departures.counting.clear();
  departures.short_of_copies = 0;
  departures.in_service = nodes_in_service(soft);
  departures.valid = true;
  for (const auto& [id, node] : soft.nodes.all()) {
    if (node.leaving()) departures.counting[id] = {};
  }
}

void count_for_departures(Soft& soft, const BlockView& view) {
  Departures& departures = soft.departures;
  if (departures.counting.empty()) return;
  if (view.row->state == BlockState::kAllocated) {
    // Whom it was placed on is not kept; who could have been chosen waits for its end (HDFS-11499).
    for (auto& [id, departure] : departures.counting) {
      if (view.id < soft.nodes.find(id)->leaves_before) ++departure.being_written;
    }
  }
  if (view.row->state != BlockState::kCommitted) return;
  if (view.good >= std::min(view.row->replication, departures.in_service)) return;
  ++departures.short_of_copies;
  for (const auto* copies : {&view.copies, &view.lost}) {
    for (const Copy& copy : *copies) {
      const auto at = departures.counting.find(copy.id);
      if (at != departures.counting.end()) ++at->second.waiting;
    }
  }
}

void end_count(Soft& soft) {
  Departures& departures = soft.departures;
  if (!departures.valid) return;  // whatever made it void wants another walk as well
  for (auto& [id, departure] : departures.counting) {
    departure.judged = true;
    departure.short_of_copies = departures.short_of_copies;
  }
  departures.found = std::move(departures.counting);
  departures.counting.clear();
}

void doubt_departures(Soft& soft) {
  soft.departures.valid = false;
  for (auto& [id, departure] : soft.departures.found) departure.judged = false;
}

wire::ServiceState service_of(const Soft& soft, const Node& node) {
  if (!node.leaving()) return wire::ServiceState::kInService;
  const auto found = soft.departures.found.find(node.row.id);
  if (found == soft.departures.found.end()) return wire::ServiceState::kDecommissioning;
  const Departure& departure = found->second;
  // What a node holds that has not told, only the absence of any want can make up for (HDFS-11609).
  const bool told = node.ever_reported || departure.short_of_copies == 0;
  const bool done =
      departure.judged && told && departure.waiting == 0 && departure.being_written == 0;
  return done ? wire::ServiceState::kDecommissioned : wire::ServiceState::kDecommissioning;
}

bool departures_unjudged(const Soft& soft) {
  const auto& nodes = soft.nodes.all();
  return std::any_of(nodes.begin(), nodes.end(), [&soft](const auto& entry) {
    if (!entry.second.leaving()) return false;
    const auto found = soft.departures.found.find(entry.first);
    return found == soft.departures.found.end() || !found->second.judged;
  });
}

bool departures_unfinished(const Soft& soft) {
  const auto& nodes = soft.nodes.all();
  return std::any_of(nodes.begin(), nodes.end(), [&soft](const auto& entry) {
    return service_of(soft, entry.second) == wire::ServiceState::kDecommissioning;
  });
}

std::uint32_t nodes_in_service(const Soft& soft, NodeId except) {
  struct Holder {
    bool alive = false;
    bool stays = false;
  };
  // Of several that have had an address the living one counts, else the newest: nodes come in the
  // order of their numbers.
  std::map<std::string_view, Holder> holders;
  for (const auto& [id, node] : soft.nodes.all()) {
    Holder& holder = holders[node.row.client_address];
    if (holder.alive && !node.alive()) continue;
    holder = {node.alive(), !node.leaving() && id != except};
  }
  return static_cast<std::uint32_t>(std::count_if(
      holders.begin(), holders.end(), [](const auto& entry) { return entry.second.stays; }));
}

}  // namespace dfs::namenode
