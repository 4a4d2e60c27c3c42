#include "cli/commands.h"
#include "cli/remote.h"

namespace dfs::cli {

void add_mv(CLI::App& app, Context& context) {
  const auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      add_command(app, context, "mv", "rename, or move into a directory", [paths, &context] {
        if (paths->size() < 2) return context.fail("needs SRC... and DST", kUsage);
        const std::string to = paths->back();
        const std::vector<std::string> from(paths->begin(), paths->end() - 1);
        return for_each_path(context, from,
                             [&](Session& session, const std::string& path) -> Status {
                               Result<std::string> target = destination(session, path, to);
                               if (!target.ok()) return target.status();
                               if (from.size() > 1 && *target == to) {
                                 return {Code::kNotDirectory, to + ": Not a directory"};
                               }
                               wire::Rename request;
                               request.from = path;
                               request.to = *target;
                               return session.call(std::move(request)).status();
                             });
      });
  command->add_option("path", *paths, "SRC... and DST")->required()->expected(2, 1 << 20);
}

}  // namespace dfs::cli
