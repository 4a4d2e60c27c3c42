#include "bench/cluster.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "adapters/http/socket.h"

namespace dfs::bench {
namespace {

// The first of `count` ports in a row on which nobody listens.
int free_ports(int count) {
  for (int base = 21000; base < 60000; base += count) {
    std::vector<http::Socket> taken;
    for (int port = base; port < base + count; ++port) {
      Result<http::Socket> socket =
          http::listen_on({"127.0.0.1", static_cast<std::uint16_t>(port)}, 1);
      if (!socket.ok()) break;
      taken.push_back(std::move(*socket));
    }
    if (taken.size() == static_cast<std::size_t>(count)) return base;
  }
  give_up("no free ports");
}

}  // namespace

pid_t Cluster::start(std::vector<std::string> arguments, int output) const {
  arguments.insert(arguments.begin(), program_);
  std::vector<char*> raw;
  raw.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(output, STDOUT_FILENO);
    ::execv(program_.c_str(), raw.data());
    ::_exit(127);
  }
  return pid;
}

Cluster::Cluster(std::string program, const std::string& folder, int datanodes)
    : program_(std::move(program)), port_(free_ports(datanodes + 1)) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) give_up("no pipe");
  const std::string directory = folder + "/cluster";
  parent_ = start({"cluster", "--dir", directory, "--datanodes", std::to_string(datanodes),
                   "--port", std::to_string(port_)},
                  ends[1]);
  ::close(ends[1]);
  FILE* output = ::fdopen(ends[0], "r");
  bool ready = false;
  char line[1024];
  while (!ready && std::fgets(line, sizeof line, output) != nullptr) {
    ready = std::string(line) == "ready\n";
  }
  if (!ready) give_up("the cluster did not become ready");
  // The pipe stays open, and small: the cluster has nothing more to say than the death of a child.
  const auto add = [&](const std::string& name) {
    pid_t pid = 0;
    std::ifstream(directory + "/" + name + "/pid") >> pid;
    processes_.push_back({pid, name});
  };
  add("namenode");
  for (int i = 1; i <= datanodes; ++i) add("datanode-" + std::to_string(i));
}

Cluster::~Cluster() {
  ::kill(parent_, SIGTERM);
  ::waitpid(parent_, nullptr, 0);
}

double Cluster::run(const std::vector<std::vector<std::string>>& commands) const {
  const Stopwatch watch;
  std::vector<pid_t> children;
  for (std::vector<std::string> arguments : commands) {
    arguments.insert(arguments.end(), {"--meta", url(), "--quiet"});
    children.push_back(start(std::move(arguments), STDERR_FILENO));
  }
  bool ok = true;
  for (const pid_t pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    ok = ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  if (!ok) give_up("a dfs command failed");
  return watch.seconds();
}

}  // namespace dfs::bench
