#include "cli/commands.h"

namespace dfs::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {};
  return all;
}

}  // namespace dfs::cli
