// `dfs admin safemode` and `accept-history`: what only an operator decides.
#include <chrono>
#include <thread>

#include "cli/admin.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

constexpr auto kWaitInterval = std::chrono::milliseconds(500);

int show(bool on, const Context& context) {
  if (context.globals.json) {
    print_json({{"safe_mode", on}});
  } else if (!context.globals.quiet) {
    print(on ? "Safe mode is ON\n" : "Safe mode is OFF\n");
  }
  return flush_output() ? kDone : kFailed;
}

// Until mutations are accepted: safe mode is off and enough DataNodes are there.
int wait(Session& session, const Context& context) {
  for (;;) {
    Result<wire::ClusterReportReply> report = session.call(wire::ClusterReport{});
    if (!report.ok()) return context.fail(report.status());
    if (!report->safe_mode && report->accepts_writes) return show(false, context);
    std::this_thread::sleep_for(kWaitInterval);
  }
}

int run_safemode(const std::string& action, const Context& context) {
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  if (action == "wait") return wait(*session, context);
  Result<wire::SafeModeReply> reply = session->call(wire::SafeMode{action});
  if (!reply.ok()) return context.fail(reply.status());
  return show(reply->on, context);
}

int accept_history(const Context& context) {
  const std::unique_ptr<Session> session = open_session(context);
  if (!session) return kUsage;
  const Status status = session->call(wire::AcceptHistory{}).status();
  if (!status.ok()) return context.fail(status);
  if (context.globals.json) {
    print_json({{"accepted", true}});
  } else if (!context.globals.quiet) {
    print("This NameNode's history is the true one from now on\n");
  }
  return flush_output() ? kDone : kFailed;
}

}  // namespace

void add_admin_safemode(CLI::App& admin, Context& context) {
  const auto action = std::make_shared<std::string>();
  CLI::App* command =
      add_command(admin, context, "safemode", "refuse changes while something is looked after",
                  [action, &context] { return run_safemode(*action, context); });
  command->add_option("action", *action, "get, enter, leave or wait")
      ->required()
      ->check(CLI::IsMember({"get", "enter", "leave", "wait"}));
}

void add_admin_accept_history(CLI::App& admin, Context& context) {
  add_command(admin, context, "accept-history",
              "go on with a NameNode that was restored from an older backup",
              [&context] { return accept_history(context); });
}

}  // namespace dfs::cli
