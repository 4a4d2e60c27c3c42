// One line a subcommand: the function that adds it, each in the .cc file of its name.
#pragma once

#include "cli/command.h"

namespace dfs::cli {

}  // namespace dfs::cli
