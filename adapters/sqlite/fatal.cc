#include "adapters/sqlite/fatal.h"

#include <unistd.h>

namespace dfs::sqlite {

FatalHandler exit_on_fatal() {
  return [](const std::string& line) {
    const std::string text = "dfs: " + line + "\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(1);
  };
}

}  // namespace dfs::sqlite
