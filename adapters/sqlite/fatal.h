// What happens when the metadata store cannot be trusted any more (law 9: fail-stop).
//
// The handler gets one line that says what failed, in which file, and what to do. It must not
// return: production ends the process, the simulator throws to end the node, tests throw.
#pragma once

#include <functional>
#include <string>

namespace dfs::sqlite {

using FatalHandler = std::function<void(const std::string& line)>;

// Prints "dfs: <line>" to standard error and ends the process with status 1, without running
// destructors: nothing is written on the way out.
[[nodiscard]] FatalHandler exit_on_fatal();

}  // namespace dfs::sqlite
