// dfs find: walks a tree and prints the paths that match.
#include <fnmatch.h>

#include "cli/commands.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

struct Find {
  std::vector<std::string> paths;
  std::string name;
  std::string iname;
  std::string type;
  bool zero = false;
};

bool matches(const Find& find, const std::string& name, const wire::FileStatus& entry) {
  const bool directory = entry.type == wire::FileType::kDirectory;
  if (!find.type.empty() && (find.type == "d") != directory) return false;
  if (!find.name.empty() && ::fnmatch(find.name.c_str(), name.c_str(), 0) != 0) return false;
  return find.iname.empty() || ::fnmatch(find.iname.c_str(), name.c_str(), FNM_CASEFOLD) == 0;
}

int run_find(const Find& find, const Context& context) {
  boost::json::array found;
  int exit_code = kDone;
  const auto failed = [&](const Status& status) { exit_code = context.fail(status); };
  const auto visit = [&](const std::string& path, const wire::FileStatus& entry) {
    if (!matches(find, base_name(path), entry)) return;
    if (context.globals.json) {
      found.push_back(json_of(path, entry));
    } else if (find.zero) {
      print(path + std::string(1, '\0'));
    } else {
      print(shown(path) + "\n");
    }
  };
  const int failures =
      for_each_path(context, find.paths, [&](Session& session, const std::string& path) -> Status {
        Result<wire::FileStatus> status = session.call(wire::Stat{path});
        if (!status.ok()) return status.status();
        visit(path, *status);
        if (status->type == wire::FileType::kDirectory) walk(session, path, visit, failed);
        return {};
      });
  exit_code = std::max(exit_code, failures);
  if (context.globals.json && exit_code != kUsage) print_json({{"entries", std::move(found)}});
  return flush_output() ? exit_code : kFailed;
}

}  // namespace

void add_find(CLI::App& app, Context& context) {
  const auto find = std::make_shared<Find>();
  CLI::App* command =
      add_command(app, context, "find", "print what is below a path and matches", [find, &context] {
        if (find->paths.empty()) find->paths = {"/"};
        return run_find(*find, context);
      });
  command->add_option("path", find->paths, "where to look (default: /)");
  command->add_option("--name", find->name, "names that match this pattern, as -name too");
  command->add_option("--iname", find->iname, "the same whatever the case, as -iname too");
  command->add_option("--type", find->type, "f for files or d for directories, as -type too")
      ->check(CLI::IsMember({"f", "d"}));
  command->add_flag("--print0,-0", find->zero, "end paths with a zero byte, not a new line");
}

}  // namespace dfs::cli
