// The subcommands of `dfs admin`, each in the .cc file of its name.
#pragma once

#include "cli/command.h"

namespace dfs::cli {

void add_admin_report(CLI::App& admin, Context& context);
void add_admin_fsck(CLI::App& admin, Context& context);
void add_admin_scrub(CLI::App& admin, Context& context);
void add_admin_safemode(CLI::App& admin, Context& context);
void add_admin_decommission(CLI::App& admin, Context& context);
void add_admin_recommission(CLI::App& admin, Context& context);
void add_admin_accept_history(CLI::App& admin, Context& context);

}  // namespace dfs::cli
