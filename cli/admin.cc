// `dfs admin`: the operators' commands.
#include "cli/admin.h"

#include "cli/commands.h"

namespace dfs::cli {

void add_admin(CLI::App& app, Context& context) {
  CLI::App* admin = app.add_subcommand("admin", "look after the cluster");
  admin->require_subcommand(1);
  add_admin_report(*admin, context);
  add_admin_fsck(*admin, context);
  add_admin_scrub(*admin, context);
  add_admin_safemode(*admin, context);
  add_admin_decommission(*admin, context);
  add_admin_recommission(*admin, context);
  add_admin_accept_history(*admin, context);
}

}  // namespace dfs::cli
