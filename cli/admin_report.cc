#include "cli/admin.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "core/wire/json.h"

namespace dfs::cli {
namespace {

std::string state_of(const wire::NodeReport& node) {
  std::string text(to_string(node.state));
  if (node.service != wire::ServiceState::kInService) {
    text += ", " + std::string(to_string(node.service));
    if (!node.waits_for.empty()) text += " (" + shown(node.waits_for) + ")";
  }
  if (node.state != wire::NodeState::kLive) {
    return text + ", silent for " + duration_text(node.silent_ms / 1000);
  }
  if (!node.reported) text += ", not reported yet";
  if (node.stats.failed_volumes > 0) {
    text += ", " + counted(node.stats.failed_volumes, "failed volume");
  }
  return text;
}

std::string summary_of(const wire::ClusterReportReply& report) {
  const std::string writes = report.accepts_writes ? "accepted" : "refused: " + report.why_not;
  std::vector<std::vector<std::string>> rows = {
      {"Cluster:", report.cluster},
      {"Writes:", writes},
      {"Safe mode:", report.safe_mode ? "on" : "off"},
      {"Content:", counted(report.content.files, "file") + ", " +
                       counted(report.content.directories, "directory") + ", " +
                       human_size(report.content.length) + " (" + human_size(report.content.space) +
                       " with replicas)"},
      {"Being written:", counted(report.pending_files, "file")},
      {"Repairs:", std::to_string(report.repairs_running) + " running, " +
                       std::to_string(report.repairs_waiting) + " waiting"},
      {"Defaults:", "replication " + std::to_string(report.default_replication) + ", block size " +
                        human_size(report.default_block_size)}};
  if (report.read_only) {
    rows.push_back({"History:",
                    "older than what a DataNode has seen: read-only until "
                    "dfs admin accept-history"});
  }
  std::string text = table(rows, "ll");
  for (const std::string& note : report.notes) text += "Note: " + shown(note) + "\n";
  return text;
}

std::string nodes_of(const wire::ClusterReportReply& report) {
  if (report.nodes.empty()) return "No DataNode has registered.\n";
  std::vector<std::vector<std::string>> rows = {
      {"Node", "Address", "Rack", "Capacity", "Used", "Remaining", "Replicas", "State"}};
  for (const wire::NodeReport& node : report.nodes) {
    rows.push_back({std::to_string(node.node.value), shown(node.client_address), shown(node.rack),
                    human_size(node.stats.capacity), human_size(node.stats.used),
                    human_size(node.stats.remaining), std::to_string(node.stats.replicas),
                    state_of(node)});
  }
  return table(rows, "rllrrrrl");
}

int run_report(const Context& context) {
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  Result<wire::ClusterReportReply> report = session->call(wire::ClusterReport{});
  if (!report.ok()) return context.fail(report.status());
  if (context.globals.json) {
    print_json(wire::to_json(*report));
  } else {
    print(summary_of(*report) + "\n" + nodes_of(*report));
  }
  return flush_output() ? kDone : kFailed;
}

}  // namespace

void add_admin_report(CLI::App& admin, Context& context) {
  add_command(admin, context, "report", "how the cluster and its DataNodes are",
              [&context] { return run_report(context); });
}

}  // namespace dfs::cli
