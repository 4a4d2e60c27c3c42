// A child process: another `dfs` with its output in a file.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/time.h"

namespace dfs::cli {

class ChildProcess {
 public:
  // `arguments` without the program's name; output is appended to `log`.
  [[nodiscard]] static Result<ChildProcess> start(std::vector<std::string> arguments,
                                                  const std::string& log);

  [[nodiscard]] pid_t pid() const { return pid_; }
  // The command that starts it by hand, quoted for a shell.
  [[nodiscard]] std::string command() const;
  // How it ended ("killed by signal 9", "exit status 1"), once, when it has ended.
  [[nodiscard]] std::optional<std::string> poll_end();
  [[nodiscard]] bool running() const { return running_; }
  void send(int signal) const;

 private:
  ChildProcess(pid_t pid, std::vector<std::string> line) : pid_(pid), line_(std::move(line)) {}

  pid_t pid_;
  std::vector<std::string> line_;
  bool running_ = true;
};

}  // namespace dfs::cli
