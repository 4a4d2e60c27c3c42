#include "cli/commands.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {

void add_df(CLI::App& app, Context& context) {
  const auto human = std::make_shared<bool>(false);
  CLI::App* command = add_command(app, context, "df", "room on the DataNodes", [human, &context] {
    const std::unique_ptr<Session> session = open_session(context);
    if (!session) return kUsage;
    Result<wire::ClusterReportReply> report = session->call(wire::ClusterReport{});
    if (!report.ok()) return context.fail(report.status());
    wire::NodeStats sum;
    std::uint64_t nodes = 0;
    for (const wire::NodeReport& node : report->nodes) {
      if (node.state == wire::NodeState::kDead) continue;
      ++nodes;
      sum.capacity += node.stats.capacity;
      sum.used += node.stats.used;
      sum.remaining += node.stats.remaining;
    }
    if (context.globals.json) {
      print_json({{"capacity", sum.capacity},
                  {"used", sum.used},
                  {"remaining", sum.remaining},
                  {"datanodes", nodes}});
    } else {
      print(table(
          {{"DataNodes", "Size", "Used", "Available", "Use%"},
           {std::to_string(nodes), size_text(sum.capacity, *human), size_text(sum.used, *human),
            size_text(sum.remaining, *human), percent(sum.used, sum.used + sum.remaining)}},
          "rrrrr"));
    }
    return flush_output() ? kDone : kFailed;
  });
  command->add_flag("-h,--human-readable", *human, "sizes such as 1.5G");
}

}  // namespace dfs::cli
