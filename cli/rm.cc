#include "cli/commands.h"
#include "cli/remote.h"

namespace dfs::cli {

void add_rm(CLI::App& app, Context& context) {
  struct Options {
    std::vector<std::string> paths;
    bool recursive = false;
    bool force = false;
    bool skip_trash = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, context, "rm", "remove files and directories", [options, &context] {
        return for_each_path(context, options->paths,
                             [&](Session& session, const std::string& path) {
                               wire::Remove request;
                               request.path = path;
                               request.recursive = options->recursive;
                               Status status = session.call(std::move(request)).status();
                               if (options->force && status.code() == Code::kNotFound)
                                 return Status();
                               return status;
                             });
      });
  command->add_option("path", options->paths, "what to remove")->required();
  command->add_flag("-r,-R,--recursive", options->recursive, "directories and what is below");
  command->add_flag("-f,--force", options->force, "what is not there is no error");
  command->add_flag("--skip-trash", options->skip_trash, "remove at once, as is always done");
}

}  // namespace dfs::cli
