#include "cli/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace dfs::cli {
namespace {

std::string own_program() {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : "dfs";
}

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string result = "'";
  for (char c : word) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

}  // namespace

Result<ChildProcess> ChildProcess::start(std::vector<std::string> arguments,
                                         const std::string& log) {
  std::vector<std::string> line{own_program()};
  for (std::string& argument : arguments) line.push_back(std::move(argument));
  std::vector<char*> argv;
  argv.reserve(line.size() + 1);
  for (std::string& word : line) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) return {Code::kIo, log + ": " + std::strerror(errno)};
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Only calls that are safe between fork and exec. A process group of its own: Ctrl-C reaches
    // the parent, which stops its children in order.
    ::setpgid(0, 0);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(output);
  if (pid < 0) return {Code::kIo, std::string("fork: ") + std::strerror(errno)};
  return ChildProcess(pid, std::move(line));
}

std::string ChildProcess::command() const {
  std::string text;
  for (const std::string& word : line_) text += (text.empty() ? "" : " ") + quoted(word);
  return text;
}

std::optional<std::string> ChildProcess::poll_end() {
  int status = 0;
  if (!running_ || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  running_ = false;
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

void ChildProcess::send(int signal) const {
  if (running_) ::kill(pid_, signal);
}

}  // namespace dfs::cli
