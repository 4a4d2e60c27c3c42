// What every subcommand of `dfs` shares: the global options, one-line errors and exit codes.
//
// A subcommand is one function add_NAME(app, context) in a file of its own, listed in the table of
// commands.cc. It declares its options with CLI11 and, in its callback, sets context.run; main
// calls that once the whole line has been parsed. Exit codes: 0 done, 1 failed, 2 wrong usage.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace dfs::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

// Accepted anywhere on the line.
struct Globals {
  std::string meta;    // NameNode URLs, comma-separated
  bool json = false;   // one JSON document on standard output
  bool quiet = false;  // no progress, no remarks
  std::string user;
  double retry_limit = 120;  // seconds, for one request
};

struct Context {
  Globals globals;
  std::string command;       // "put", "admin report": the prefix of error messages
  std::function<int()> run;  // what the line asks for

  // Prints `dfs: put: MESSAGE` on standard error. For use in `return context.fail(…)`.
  int fail(std::string_view message, int exit_code = kFailed) const;
  int fail(const Status& status) const { return fail(status.message()); }
};

// Declares a subcommand whose line, once parsed, runs `run`.
CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name,
                      const std::string& summary, std::function<int()> run);

struct Command {
  std::string_view name;
  void (*add)(CLI::App& app, Context& context);
};
// All of them, in the order in which `dfs --help` lists them.
const std::vector<Command>& commands();

// Parses the line and runs what it asks for; the exit code of the process.
int run_line(int argc, const char* const* argv);

}  // namespace dfs::cli
