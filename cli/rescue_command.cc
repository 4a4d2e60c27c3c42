// `dfs rescue`: rebuilds a NameNode's metadata from what DataNodes keep of it.
#include <ctime>
#include <memory>

#include "adapters/disk/rescue_directory.h"
#include "adapters/http/process.h"
#include "adapters/http/rescue_url.h"
#include "adapters/sqlite/rescue.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/server_flags.h"

namespace dfs::cli {
namespace {

constexpr std::uint16_t kDataNodePort = 8001;

struct RescueLine {
  std::string data;
  std::string from;
};

std::string time_text(WallTime time) {
  const std::time_t seconds_since = time.ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds_since, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

// "http://…" is a DataNode that runs, everything else a DataNode's directory.
Result<std::vector<std::unique_ptr<namenode::RescueSource>>> sources_of(const std::string& from) {
  std::vector<std::unique_ptr<namenode::RescueSource>> sources;
  for (const std::string& source : split_list(from)) {
    if (!source.starts_with("http://")) {
      sources.push_back(std::make_unique<disk::RescueDirectory>(source));
      continue;
    }
    const Result<http::HostPort> url = http::parse_url(source, kDataNodePort);
    if (!url.ok()) return url.status();
    sources.push_back(std::make_unique<http::RescueUrl>(url->text()));
  }
  if (sources.empty()) return {Code::kInvalidArgument, "--from: names no source"};
  return sources;
}

void print_report(const namenode::RescueReport& report) {
  print("Recovered cluster " + report.cluster + " up to " + time_text(report.until) + ", command " +
        std::to_string(report.applied) + ":\n  checkpoint " + std::to_string(report.checkpoint) +
        " from " + report.checkpoint_from + " and " + std::to_string(report.replayed) +
        " commands after it\nThe epoch is now " + std::to_string(report.epoch) +
        ". Changes made later are lost; blocks that only they name stay on the DataNodes.\n");
  if (!report.rebuilt.empty()) {
    print("Rebuilt from replicas, perhaps without their ends: " +
          counted(report.rebuilt.size(), "file") + "\n");
  }
  for (const namenode::RebuiltFile& file : report.rebuilt) {
    print("  " + shown(file.path) + "  " + human_size(file.length) + "  was " + shown(file.was) +
          "\n");
  }
  if (!report.kept.empty()) print("What was there is kept as " + report.kept + "\n");
  for (const std::string& note : report.notes) print("note: " + note + "\n");
}

boost::json::object json_of(const namenode::RescueReport& report) {
  boost::json::array rebuilt;
  for (const namenode::RebuiltFile& file : report.rebuilt) {
    rebuilt.push_back(
        {{"path", json_text(file.path)}, {"was", json_text(file.was)}, {"length", file.length}});
  }
  boost::json::array notes;
  for (const std::string& note : report.notes) notes.push_back(json_text(note));
  return {{"cluster", report.cluster},       {"checkpoint_from", json_text(report.checkpoint_from)},
          {"checkpoint", report.checkpoint}, {"replayed", report.replayed},
          {"applied", report.applied},       {"until", report.until.ms},
          {"epoch", report.epoch},           {"kept", json_text(report.kept)},
          {"rebuilt", std::move(rebuilt)},   {"notes", std::move(notes)}};
}

int run_rescue(const Context& context, const RescueLine& line) {
  const auto sources = sources_of(line.from);
  if (!sources.ok()) return context.fail(sources.status().message(), kUsage);
  const Result<http::OwnedDirectory> directory = http::OwnedDirectory::open(line.data);
  if (!directory.ok()) return context.fail(directory.status());
  std::vector<namenode::RescueSource*> from;
  for (const auto& source : *sources) from.push_back(source.get());
  const Result<namenode::RescueReport> report =
      sqlite::rescue(line.data, from, http::Clock().now().wall, Random(http::random_seed()));
  if (!report.ok()) return context.fail(report.status());
  if (context.globals.json) {
    print_json(json_of(*report));
  } else if (!context.globals.quiet) {
    print_report(*report);
  }
  return flush_output() ? kDone : kFailed;
}

}  // namespace

void add_rescue(CLI::App& app, Context& context) {
  const auto line = std::make_shared<RescueLine>();
  CLI::App* command =
      add_command(app, context, "rescue", "rebuild a NameNode's metadata from DataNodes",
                  [&context, line] { return run_rescue(context, *line); });
  command->add_option("--data", line->data, "directory of the NameNode's metadata")->required();
  command
      ->add_option("--from", line->from,
                   "DataNodes' data directories or http://HOST:PORT, comma-separated")
      ->required();
}

}  // namespace dfs::cli
