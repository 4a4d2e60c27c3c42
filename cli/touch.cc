// dfs touch: makes empty files, and sets times.
#include <fcntl.h>

#include <chrono>

#include "cli/commands.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

WallTime wall_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

Status make_empty(Session& session, const std::string& path) {
  http::FileDescriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  client::WriteOptions options;
  options.path = path;
  auto source = std::make_shared<http::FileSource>(std::move(nothing), "nothing", 0, 0);
  return session.write(std::move(options), std::move(source)).status();
}

Status touch(Session& session, const std::string& path, bool create) {
  wire::SetTimes request;
  request.path = path;
  request.mtime = wall_now();
  Status status = session.call(request).status();
  if (status.code() != Code::kNotFound) return status;
  if (!create) return {};
  status = make_empty(session, path);
  // Somebody made it in between.
  if (status.code() == Code::kAlreadyExists) return session.call(request).status();
  return status;
}

}  // namespace

void add_touch(CLI::App& app, Context& context) {
  struct Options {
    std::vector<std::string> paths;
    bool no_create = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, context, "touch", "make empty files, or set the time of modification to now",
                  [options, &context] {
                    return for_each_path(context, options->paths,
                                         [&](Session& session, const std::string& path) {
                                           return touch(session, path, !options->no_create);
                                         });
                  });
  command->add_option("path", options->paths, "files and directories")->required();
  command->add_flag("-c,--no-create", options->no_create, "do not make files");
}

}  // namespace dfs::cli
