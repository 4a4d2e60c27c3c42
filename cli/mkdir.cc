#include "cli/commands.h"
#include "cli/remote.h"

namespace dfs::cli {

void add_mkdir(CLI::App& app, Context& context) {
  struct Options {
    std::vector<std::string> paths;
    bool parents = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, context, "mkdir", "make directories", [options, &context] {
    return for_each_path(context, options->paths, [&](Session& session, const std::string& path) {
      wire::Mkdir request;
      request.path = path;
      request.parents = options->parents;
      return session.call(std::move(request)).status();
    });
  });
  command->add_option("path", options->paths, "directories to make")->required();
  command->add_flag("-p,--parents", options->parents,
                    "missing parents too; an existing directory is no error");
}

}  // namespace dfs::cli
