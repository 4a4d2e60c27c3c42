// `dfs du` and `dfs count`: sums that the NameNode keeps, so that they cost no walk.
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

boost::json::object json_of_summary(const std::string& path, const wire::ContentSummary& sums) {
  return {{"path", json_text(path)},
          {"length", sums.length},
          {"space", sums.space},
          {"files", sums.files},
          {"directories", sums.directories}};
}

struct Du {
  std::vector<std::string> paths;
  bool summarize = false;
  bool human = false;
};

int run_du(const Du& options, const Context& context) {
  boost::json::array entries;
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](Session& session, const std::string& path) -> Status {
    Result<wire::ContentSummary> sums = session.call(wire::Summarize{path});
    if (!sums.ok()) return sums.status();
    if (context.globals.json) {
      entries.push_back(json_of_summary(path, *sums));
    } else {
      rows.push_back({size_text(sums->length, options.human), size_text(sums->space, options.human),
                      shown(path)});
    }
    return {};
  };
  const int exit_code =
      for_each_path(context, options.paths, [&](Session& session, const std::string& path) {
        if (options.summarize) return add(session, path);
        return for_each_entry(session, path, [&](const wire::FileStatus& entry, bool directory) {
          Status status = add(session, directory ? join(path, entry.name) : path);
          // Removed since it was listed.
          return status.code() == Code::kNotFound ? Status() : status;
        });
      });
  if (context.globals.json && exit_code != kUsage) print_json({{"entries", entries}});
  print(table(rows, "rrl"));
  return flush_output() ? exit_code : kFailed;
}

int run_count(const std::vector<std::string>& paths, bool human, const Context& context) {
  boost::json::array entries;
  std::vector<std::vector<std::string>> rows;
  const int exit_code =
      for_each_path(context, paths, [&](Session& session, const std::string& path) -> Status {
        Result<wire::ContentSummary> sums = session.call(wire::Summarize{path});
        if (!sums.ok()) return sums.status();
        entries.push_back(json_of_summary(path, *sums));
        rows.push_back({std::to_string(sums->directories), std::to_string(sums->files),
                        size_text(sums->length, human), shown(path)});
        return {};
      });
  if (!context.globals.json) {
    print(table(rows, "rrrl"));
  } else if (exit_code != kUsage) {
    print_json({{"entries", entries}});
  }
  return flush_output() ? exit_code : kFailed;
}

}  // namespace

void add_du(CLI::App& app, Context& context) {
  const auto options = std::make_shared<Du>();
  CLI::App* command =
      add_command(app, context, "du", "bytes of content, and bytes on disks with all replicas",
                  [options, &context] {
                    if (options->paths.empty()) options->paths = {"/"};
                    return run_du(*options, context);
                  });
  command->add_option("path", options->paths, "files and directories (default: /)");
  command->add_flag("-s,--summarize", options->summarize, "one line for each path");
  command->add_flag("-h,--human-readable", options->human, "sizes such as 1.5G");
}

void add_count(CLI::App& app, Context& context) {
  struct Options {
    std::vector<std::string> paths;
    bool human = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, context, "count", "directories, files and bytes below a path",
      [options, &context] { return run_count(options->paths, options->human, context); });
  command->add_option("path", options->paths, "files and directories")->required();
  command->add_flag("-h,--human-readable", options->human, "sizes such as 1.5G");
}

}  // namespace dfs::cli
