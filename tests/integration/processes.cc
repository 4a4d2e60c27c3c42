#include "tests/integration/processes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/base/random.h"

namespace dfs::integration {

Process::Process(std::vector<std::string> arguments, const std::string& output) {
  arguments.insert(arguments.begin(), DFS_PROGRAM);
  std::vector<char*> argv;
  for (std::string& word : arguments) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out);
}

Process::~Process() {
  send(SIGKILL);
  wait();
}

void Process::send(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

void Process::reap(int options) {
  int status = 0;
  if (pid_ <= 0 || ::waitpid(pid_, &status, options) != pid_) return;
  pid_ = -1;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int Process::wait() {
  reap(0);
  return status_;
}

bool Process::running() {
  reap(WNOHANG);
  return pid_ > 0;
}

RealCluster::RealCluster(int datanodes) : port_(free_ports(datanodes + 1)) {
  start_namenode();
  for (int i = 1; i <= datanodes; ++i) start_datanode(i);
}

std::string RealCluster::address(int offset) const {
  return "127.0.0.1:" + std::to_string(port_ + offset);
}

void RealCluster::start_namenode() {
  processes_["namenode"] = std::make_unique<Process>(
      std::vector<std::string>{"namenode", "--data", at("namenode"), "--listen", address(0),
                               "--dead-after", "3s", "--min-block-size", "0"},
      at("namenode.log"));
}

void RealCluster::start_datanode(int number) {
  const std::string name = "datanode-" + std::to_string(number);
  processes_[name] = std::make_unique<Process>(
      std::vector<std::string>{"datanode", "--data", at(name), "--listen", address(number),
                               "--meta", "http://" + address(0), "--host", name},
      at(name + ".log"));
}

void RealCluster::kill(const std::string& name) { processes_.erase(name); }

bool RealCluster::wait_until_ready(int datanodes) {
  return eventually([&] {
    const auto reply = client_.call(namenode(), wire::ClusterReport{}, seconds(2)).reply;
    const auto* report = std::get_if<wire::ClusterReportReply>(&reply);
    if (report == nullptr || !report->accepts_writes) return false;
    int live = 0;
    for (const wire::NodeReport& node : report->nodes) {
      live += node.state == wire::NodeState::kLive && node.reported ? 1 : 0;
    }
    return live >= datanodes;
  });
}

bool RealCluster::wait_until_healthy() {
  return eventually([&] {
    const auto reply = client_.call(namenode(), wire::Fsck{"/", ""}, seconds(2)).reply;
    const auto* page = std::get_if<wire::FsckReply>(&reply);
    return page != nullptr && page->next.empty() && page->unhealthy.empty();
  });
}

std::vector<std::string> RealCluster::with_meta(std::vector<std::string> words) const {
  words.emplace_back("--meta");
  words.push_back("http://" + namenode());
  return words;
}

Done RealCluster::run(std::vector<std::string> words) {
  const std::string output = at("output-" + std::to_string(++outputs_));
  Process process(with_meta(std::move(words)), output);
  const int status = process.wait();
  return {status, read_file(output)};
}

std::unique_ptr<Process> RealCluster::spawn(std::vector<std::string> words) {
  return std::make_unique<Process>(with_meta(std::move(words)), at("spawned.log"));
}

std::uint64_t RealCluster::stored_bytes(int number) const {
  std::uint64_t bytes = 0;
  const std::string folder = at("datanode-" + std::to_string(number));
  for (const char* part : {"current", "tmp"}) {
    std::error_code error;
    std::filesystem::recursive_directory_iterator at(folder + "/" + part, error);
    for (; !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
      std::error_code gone;  // a file may be renamed meanwhile
      if (!at->is_regular_file(gone)) continue;
      const std::uint64_t size = at->file_size(gone);
      if (!gone) bytes += size;
    }
  }
  return bytes;
}

int free_ports(int count) {
  for (int base = 20000 + static_cast<int>(::getpid()) * 37 % 20000; base < 60000; base += count) {
    std::vector<http::Socket> taken;
    for (int i = 0; i < count; ++i) {
      Result<http::Socket> socket =
          http::listen_on({"127.0.0.1", static_cast<std::uint16_t>(base + i)}, 1);
      if (!socket.ok()) break;
      taken.push_back(std::move(*socket));
    }
    if (taken.size() == static_cast<std::size_t>(count)) return base;
  }
  return 60000;
}

void write_file(const std::string& path, std::uint64_t size, std::uint64_t seed) {
  Random random(seed);
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint8_t word[8];
    put_le64(word, random.next());
    for (std::size_t j = 0; j < 8 && i + j < bytes.size(); ++j) {
      bytes[i + j] = static_cast<char>(word[j]);
    }
  }
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool eventually(const std::function<bool()>& condition) {
  const Instant end = http::monotonic_now() + kPatience;
  while (!condition()) {
    if (http::monotonic_now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace dfs::integration
