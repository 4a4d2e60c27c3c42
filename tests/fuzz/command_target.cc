// Commands as the journal has them: what is read is written as a line that reads the same.
#include "core/namenode/command.h"

#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void fuzz_command(Bytes input) {
  const Result<namenode::Command> command = namenode::command_from_text(as_text(input));
  if (!command.ok()) {
    require(command.status().message().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  const std::string text = namenode::to_text(*command);
  require(text.find('\n') == std::string::npos, "a command is one line");
  const Result<namenode::Command> again = namenode::command_from_text(text);
  require(again.ok() && *again == *command, "a command survives its text");
}

const Registration kCommand({"command", fuzz_command});

}  // namespace
}  // namespace dfs::fuzz
