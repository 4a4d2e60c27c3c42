// `dfs namenode`: runs a NameNode until it is told to stop.
#include <memory>

#include "adapters/http/namenode_server.h"
#include "cli/commands.h"
#include "cli/server_flags.h"

namespace dfs::cli {
namespace {

struct NameNodeLine {
  std::string data;
  std::string listen = "0.0.0.0:8000";
  NameNodeFlags flags;
};

int run_namenode(const Context& context, const NameNodeLine& line) {
  http::NameNodeOptions options;
  options.data = line.data;
  if (Status status = apply(line.flags, options); !status.ok()) {
    return context.fail(status.message(), kUsage);
  }
  Result<http::HostPort> listen = http::parse_host_port(line.listen);
  if (!listen.ok()) return context.fail("--listen: " + listen.status().message(), kUsage);
  options.listen = *listen;
  http::StopSignals signals;
  http::raise_descriptor_limit();
  Result<std::unique_ptr<http::NameNodeServer>> server =
      http::NameNodeServer::start(std::move(options));
  if (!server.ok()) return context.fail(server.status());
  log_line("NameNode at http://" + (*server)->address().text() + ", metadata in " + line.data);
  signals.wait();
  log_line("stopping");
  return kDone;
}

}  // namespace

void add_namenode(CLI::App& app, Context& context) {
  const auto line = std::make_shared<NameNodeLine>();
  CLI::App* command = add_command(app, context, "namenode", "run a NameNode",
                                  [&context, line] { return run_namenode(context, *line); });
  command->add_option("--data", line->data, "directory of its metadata")->required();
  command->add_option("--listen", line->listen, "HOST:PORT to serve at")->capture_default_str();
  add_flags(*command, line->flags);
}

}  // namespace dfs::cli
