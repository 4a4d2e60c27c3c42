#include "core/namenode/blocks/node_report.h"

#include <algorithm>
#include <vector>

#include "core/namenode/blocks/decommission.h"
#include "core/wire/path.h"

namespace dfs::namenode {
namespace {

std::string host_in(const std::string& address) { return address.substr(0, address.rfind(':')); }

bool is_named(const Node& node, const std::string& name) {
  return name == std::to_string(node.row.id.value) || name == node.row.client_address ||
         name == node.row.peer_address || name == node.row.host ||
         name == host_in(node.row.client_address);
}

std::string blocks(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " block" : " blocks");
}

// DataNodes in service that a copy could go to now.
std::uint32_t takers(const Soft& soft) {
  const auto& nodes = soft.nodes.all();
  return static_cast<std::uint32_t>(
      std::count_if(nodes.begin(), nodes.end(), [](const auto& entry) {
        return entry.second.usable() && entry.second.reported && entry.second.has_room(1);
      }));
}

// What the end of the node's decommissioning waits for.
std::string waits_for(const Soft& soft, const Node& node) {
  const auto found = soft.departures.found.find(node.row.id);
  if (found == soft.departures.found.end() || !found->second.judged) {
    return "its blocks are being counted";
  }
  const Departure& departure = found->second;
  std::vector<std::string> reasons;
  if (departure.waiting > 0) {
    reasons.push_back(blocks(departure.waiting) + " with too few copies elsewhere");
    if (!node.alive()) reasons.push_back("it is dead and gives no copies");
    const std::uint32_t stay = nodes_in_service(soft);
    if (const std::uint32_t able = takers(soft); able < stay) {
      reasons.push_back("only " + std::to_string(able) + " of the " + std::to_string(stay) +
                        " DataNodes in service can take copies now");
    }
  } else if (!node.ever_reported && departure.short_of_copies > 0) {
    reasons.push_back("what it holds is not known until it reports");
  }
  if (departure.being_written > 0) {
    reasons.push_back(blocks(departure.being_written) + " being written");
  }
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

}  // namespace

Result<NodeId> node_named(const Soft& soft, const std::string& name) {
  std::vector<const Node*> meant;
  std::vector<const Node*> there;
  for (const auto& [id, node] : soft.nodes.all()) {
    if (!is_named(node, name)) continue;
    meant.push_back(&node);
    if (node.alive()) there.push_back(&node);
  }
  if (there.size() == 1) meant = there;
  if (meant.empty()) {
    return {Code::kNotFound, "no DataNode '" + wire::printable(name.substr(0, 255)) +
                                 "' has registered; see 'dfs admin report'"};
  }
  if (meant.size() == 1) return meant.front()->row.id;
  std::string numbers;
  for (const Node* node : meant) {
    numbers += (numbers.empty() ? "" : ", ") + std::to_string(node->row.id.value);
  }
  return {Code::kInvalidArgument, "'" + wire::printable(name) + "' may mean the DataNodes " +
                                      numbers + ": name one by its number"};
}

wire::NodeReport report_of(const Soft& soft, const Node& node) {
  wire::NodeReport line;
  line.node = node.row.id;
  line.uuid = node.row.uuid;
  line.client_address = node.row.client_address;
  line.peer_address = node.row.peer_address;
  line.rack = node.row.rack;
  line.host = node.row.host;
  line.state = node.state;
  line.reported = node.reported;
  line.silent_ms = static_cast<std::uint64_t>((soft.running() - node.heard).us / 1000);
  line.service = service_of(soft, node);
  if (line.service == wire::ServiceState::kDecommissioning) {
    const auto found = soft.departures.found.find(node.row.id);
    if (found != soft.departures.found.end()) line.blocks_waiting = found->second.waiting;
    line.waits_for = waits_for(soft, node);
  }
  line.stats = node.stats;
  return line;
}

std::string departures_note(const Soft& soft) {
  const auto& nodes = soft.nodes.all();
  const bool leaving = std::any_of(nodes.begin(), nodes.end(),
                                   [](const auto& entry) { return entry.second.leaving(); });
  const std::uint32_t stay = nodes_in_service(soft);
  const std::uint32_t wanted = soft.store.meta().default_replication;
  if (!leaving || stay >= wanted) return "";
  return "while so many DataNodes leave, a block that asks for " + std::to_string(wanted) +
         " copies gets " + std::to_string(stay);
}

}  // namespace dfs::namenode
