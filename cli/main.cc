// The `dfs` program: client commands, operators' commands and the servers.
#include "cli/command.h"

int main(int argc, char** argv) { return dfs::cli::run_line(argc, argv); }
