#include "cli/command.h"

#include <algorithm>
#include <cstdio>

#include "cli/format.h"

namespace dfs::cli {
namespace {

void add_globals(CLI::App& app, Globals& globals) {
  app.add_option("--meta", globals.meta, "URL[,URL...] of the NameNode")
      ->envname("DFS_META")
      ->default_str("http://localhost:8000");
  app.add_flag("--json", globals.json, "print one JSON document");
  app.add_flag("-q,--quiet", globals.quiet, "no progress and no remarks");
  app.add_option("--user", globals.user, "act as this user (default: the one logged in)");
  app.add_option("--retry-limit", globals.retry_limit,
                 "seconds until a request that nobody answers is given up")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
}

// The innermost subcommand that the line names, as in "admin fsck".
std::string named_command(const CLI::App& app) {
  std::string name;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    name += (name.empty() ? "" : " ") + at->get_name();
  }
  return name;
}

std::string usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> strange = app.remaining();
  if (app.get_subcommands().empty() && !strange.empty() && !strange.front().starts_with('-')) {
    return "there is no command '" + strange.front() + "'";
  }
  return error.what();
}

// `find` takes its tests in the manner of find(1) as well: -name is --name.
std::vector<std::string> arguments_of(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto find = std::ranges::find(arguments, "find");
  for (auto at = find; at != arguments.end(); ++at) {
    for (const char* test : {"-name", "-iname", "-type", "-print0"}) {
      if (*at == test) at->insert(0, "-");
    }
  }
  std::ranges::reverse(arguments);  // as CLI11 wants them
  return arguments;
}

}  // namespace

int Context::fail(std::string_view message, int exit_code) const {
  const std::string prefix = command.empty() ? "dfs: " : "dfs: " + command + ": ";
  std::fprintf(stderr, "%s\n", (prefix + shown(message)).c_str());
  return exit_code;
}

CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name,
                      const std::string& summary, std::function<int()> run) {
  CLI::App* command = parent.add_subcommand(name, summary);
  command->callback([&context, run = std::move(run)] { context.run = run; });
  return command;
}

int run_line(int argc, const char* const* argv) {
  CLI::App app("mini-HDFS: a small distributed file system", "dfs");
  app.set_help_flag("--help", "print this help");
  app.fallthrough();
  app.require_subcommand(1);
  Context context;
  add_globals(app, context.globals);
  for (const Command& command : commands()) command.add(app, context);
  try {
    app.parse(arguments_of(argc, argv));
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    context.command = named_command(app);
    return context.fail(usage_error(app, error) + " (see dfs " +
                            (context.command.empty() ? "" : context.command + " ") + "--help)",
                        kUsage);
  }
  context.command = named_command(app);
  if (context.globals.meta.empty()) context.globals.meta = "http://localhost:8000";
  return context.run();
}

}  // namespace dfs::cli
