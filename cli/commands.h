// One line a subcommand: the function that adds it, in the .cc file of its name.
#pragma once

#include "cli/command.h"

namespace dfs::cli {

void add_put(CLI::App& app, Context& context);
void add_get(CLI::App& app, Context& context);
void add_ls(CLI::App& app, Context& context);
void add_cat(CLI::App& app, Context& context);
void add_head(CLI::App& app, Context& context);
void add_tail(CLI::App& app, Context& context);
void add_mkdir(CLI::App& app, Context& context);
void add_mv(CLI::App& app, Context& context);
void add_rm(CLI::App& app, Context& context);
void add_stat(CLI::App& app, Context& context);
void add_du(CLI::App& app, Context& context);
void add_count(CLI::App& app, Context& context);
void add_df(CLI::App& app, Context& context);
void add_find(CLI::App& app, Context& context);
void add_touch(CLI::App& app, Context& context);
void add_setrep(CLI::App& app, Context& context);
void add_checksum(CLI::App& app, Context& context);
void add_test(CLI::App& app, Context& context);
void add_namenode(CLI::App& app, Context& context);
void add_datanode(CLI::App& app, Context& context);
void add_cluster(CLI::App& app, Context& context);
void add_rescue(CLI::App& app, Context& context);

void add_admin(CLI::App& app, Context& context);

}  // namespace dfs::cli
