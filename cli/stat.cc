#include "cli/commands.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

std::string described(const std::string& path, const wire::FileStatus& file) {
  const bool directory = file.type == wire::FileType::kDirectory;
  std::vector<std::vector<std::string>> rows = {
      {"Path:", shown(path)},
      {"Type:", directory ? "directory" : "file"},
      {"Size:", directory ? counted(file.children, "entry")
                          : std::to_string(file.length) + " bytes" +
                                (file.length >= 1024 ? " (" + human_size(file.length) + ")" : "")},
  };
  if (!directory) {
    rows.push_back({"Replication:", std::to_string(file.replication)});
    rows.push_back({"Block size:", human_size(file.block_size)});
    if (file.under_construction) rows.push_back({"State:", "being written"});
  }
  rows.push_back({"Mode:", octal_mode(file.mode) + " " + mode_text(file.type, file.mode)});
  rows.push_back({"Owner:", shown(file.owner) + ":" + shown(file.group)});
  rows.push_back({"Modified:", time_text(file.mtime)});
  rows.push_back({"Inode:", std::to_string(file.inode.value)});
  return table(rows, "ll");
}

}  // namespace

void add_stat(CLI::App& app, Context& context) {
  const auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      add_command(app, context, "stat", "show what is known of a path", [paths, &context] {
        boost::json::array found;
        const int exit_code = for_each_path(
            context, *paths, [&](Session& session, const std::string& path) -> Status {
              Result<wire::FileStatus> file = session.call(wire::Stat{path});
              if (!file.ok()) return file.status();
              if (context.globals.json) {
                found.push_back(json_of(path, *file));
              } else {
                print(described(path, *file));
              }
              return {};
            });
        if (context.globals.json && exit_code != kUsage) {
          if (paths->size() > 1) {
            print_json(found);
          } else if (!found.empty()) {
            print_json(found.front());
          }
        }
        return flush_output() ? exit_code : kFailed;
      });
  command->add_option("path", *paths, "files and directories")->required();
}

}  // namespace dfs::cli
