// `dfs datanode`: runs a DataNode until it is told to stop.
#include <memory>

#include "adapters/http/datanode_server.h"
#include "cli/commands.h"
#include "cli/server_flags.h"

namespace dfs::cli {
namespace {

struct DataNodeLine {
  std::string data;
  std::string listen = "0.0.0.0:8001";
  std::string advertise;
  std::string peer_advertise;
  std::string rack = "/default-rack";
  std::string host;
  DataNodeFlags flags;
};

Status fill_in(const DataNodeLine& line, const std::string& meta, http::DataNodeOptions& options) {
  options.data = split_list(line.data);
  if (options.data.empty()) return {Code::kInvalidArgument, "--data: no directory"};
  for (const std::string& url : split_list(meta)) {
    Result<http::HostPort> namenode = http::parse_url(url, 8000);
    if (!namenode.ok()) return {Code::kInvalidArgument, "--meta: " + namenode.status().message()};
    options.namenodes.push_back(namenode->text());
  }
  if (options.namenodes.empty()) return {Code::kInvalidArgument, "--meta: no NameNode"};
  Result<http::HostPort> listen = http::parse_host_port(line.listen);
  if (!listen.ok()) return {Code::kInvalidArgument, "--listen: " + listen.status().message()};
  options.listen = *listen;
  for (const std::string& address : {line.advertise, line.peer_advertise}) {
    if (address.empty()) continue;
    const Result<http::HostPort> parsed = http::parse_host_port(address);
    if (!parsed.ok()) return parsed.status();
    if (parsed->port == 0) return {Code::kInvalidArgument, address + ": port 0 is no address"};
  }
  options.advertise = line.advertise;
  options.peer_advertise = line.peer_advertise;
  options.rack = line.rack;
  options.host = line.host;
  options.log = log_line;
  return apply(line.flags, options);
}

int run_datanode(const Context& context, const DataNodeLine& line) {
  http::DataNodeOptions options;
  if (Status status = fill_in(line, context.globals.meta, options); !status.ok()) {
    return context.fail(status.message(), kUsage);
  }
  http::StopSignals signals;
  http::raise_descriptor_limit();
  Result<std::unique_ptr<http::DataNodeServer>> server =
      http::DataNodeServer::start(std::move(options));
  if (!server.ok()) return context.fail(server.status());
  log_line("DataNode at " + (*server)->address().text() + ", replicas in " + line.data);
  signals.wait();
  log_line("stopping");
  return kDone;
}

}  // namespace

void add_datanode(CLI::App& app, Context& context) {
  const auto line = std::make_shared<DataNodeLine>();
  CLI::App* command = add_command(app, context, "datanode", "run a DataNode",
                                  [&context, line] { return run_datanode(context, *line); });
  command->add_option("--data", line->data, "DIR[,DIR...], best on a disk each")->required();
  command->add_option("--listen", line->listen, "HOST:PORT to serve at")->capture_default_str();
  command->add_option("--advertise", line->advertise, "HOST:PORT for clients");
  command->add_option("--peer-advertise", line->peer_advertise, "HOST:PORT for other DataNodes");
  command->add_option("--rack", line->rack, "failure domain of several hosts")
      ->capture_default_str();
  command->add_option("--host", line->host, "failure domain within the rack (this machine's name)");
  add_flags(*command, line->flags);
}

}  // namespace dfs::cli
