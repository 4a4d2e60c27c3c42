// `dfs admin decommission` and `recommission`: DataNodes that go for good, and their return.
#include "cli/admin.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "core/wire/json.h"

namespace dfs::cli {
namespace {

std::string outcome_of(const wire::NodeReport& node) {
  const std::string name =
      "DataNode " + std::to_string(node.node.value) + " (" + shown(node.client_address) + ")";
  switch (node.service) {
    case wire::ServiceState::kInService:
      return name + " is in service\n";
    case wire::ServiceState::kDecommissioning:
      return name + " is leaving: leave it running until 'dfs admin report' says decommissioned\n";
    case wire::ServiceState::kDecommissioned:
      return name + " is decommissioned and can be switched off\n";
  }
  return "";
}

template <class Request>
int change(const std::string& node, const Context& context) {
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  Result<wire::NodeReport> reply = session->call(Request{node});
  if (!reply.ok()) return context.fail(reply.status());
  if (context.globals.json) {
    print_json(wire::to_json(*reply));
  } else if (!context.globals.quiet) {
    print(outcome_of(*reply));
  }
  return flush_output() ? kDone : kFailed;
}

template <class Request>
void add(CLI::App& admin, Context& context, const std::string& name, const std::string& summary) {
  const auto node = std::make_shared<std::string>();
  CLI::App* command = add_command(admin, context, name, summary,
                                  [node, &context] { return change<Request>(*node, context); });
  command
      ->add_option("node", *node, "its number, host:port or host, as 'dfs admin report' shows it")
      ->required();
}

}  // namespace

void add_admin_decommission(CLI::App& admin, Context& context) {
  add<wire::Decommission>(admin, context, "decommission",
                          "have a DataNode's blocks copied to others, so that it can go");
}

void add_admin_recommission(CLI::App& admin, Context& context) {
  add<wire::Recommission>(admin, context, "recommission",
                          "take a DataNode back that was decommissioned");
}

}  // namespace dfs::cli
