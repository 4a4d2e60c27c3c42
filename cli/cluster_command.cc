// `dfs cluster`: a NameNode and N DataNodes as child processes on 127.0.0.1.
//
// DIR/namenode and DIR/datanode-1, … hold each process's data, its `pid` and its `log`; they are
// kept for the next start. A child that dies is reported with the command that starts it by hand,
// and not restarted. Each DataNode is a failure domain of its own (--host).
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "adapters/http/process.h"
#include "adapters/http/socket_client.h"
#include "cli/child_process.h"
#include "cli/commands.h"
#include "cli/server_flags.h"

namespace dfs::cli {
namespace {

constexpr Duration kLook = milliseconds(100);
constexpr Duration kStopLimit = seconds(15);
// As long as it takes, why it is not ready yet is no news.
constexpr Duration kPatience = seconds(5);

struct ClusterLine {
  std::string dir;
  std::uint32_t datanodes = 3;
  std::uint32_t port = 8000;
  NameNodeFlags namenode;
  DataNodeFlags datanode;
};

struct Member {
  std::string name;  // "namenode", "datanode-1"
  std::string dir;
  ChildProcess process;
};

void print(const std::string& line) {
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
}

// The last line that the process wrote, if it can be the reason of its end: ": " and the line.
std::string last_words(const std::string& dir) {
  std::ifstream file(dir + "/log");
  std::string line;
  std::string last;
  while (std::getline(file, line)) {
    if (!line.empty()) last = line;
  }
  if (last.empty() || last.find("[info]") != std::string::npos) return {};
  return ": " + last;
}

class Cluster {
 public:
  Cluster(const Context& context, const ClusterLine& line)
      : context_(context),
        line_(line),
        meta_(http::HostPort{"127.0.0.1", static_cast<std::uint16_t>(line.port)}.text()) {}

  int run() {
    if (Status status = check_flags(); !status.ok()) return context_.fail(status.message(), kUsage);
    http::StopSignals signals;
    Result<http::OwnedDirectory> owned = http::OwnedDirectory::open(line_.dir);
    if (!owned.ok()) return context_.fail(owned.status());
    Status status = start_all();
    bool ready = false;
    const Instant started = http::monotonic_now();
    while (status.ok() && !signals.wait(kLook)) {
      const std::size_t died = report_deaths();
      if (!ready && died > 0) {
        status = {Code::kUnavailable, "a process ended before the cluster was ready"};
      } else if (!ready && is_ready()) {
        ready = true;
        print("ready");
      } else if (!ready && http::monotonic_now() - started > kPatience) {
        tell_why_not();
      }
    }
    stop_all();
    return status.ok() ? kDone : context_.fail(status);
  }

 private:
  // What the processes would end at.
  [[nodiscard]] Status check_flags() const {
    http::NameNodeOptions namenode;
    if (Status status = apply(line_.namenode, namenode); !status.ok()) return status;
    http::DataNodeOptions datanode;
    return apply(line_.datanode, datanode);
  }

  Status start_all() {
    if (Status status = start("namenode", namenode_arguments()); !status.ok()) return status;
    for (std::uint32_t i = 1; i <= line_.datanodes; ++i) {
      const std::string name = "datanode-" + std::to_string(i);
      if (Status status = start(name, datanode_arguments(name, i)); !status.ok()) return status;
    }
    print("http://" + meta_ + " (a NameNode and " + std::to_string(line_.datanodes) +
          " DataNodes, data in " + line_.dir + ")");
    return {};
  }

  [[nodiscard]] std::string dir_of(const std::string& name) const { return line_.dir + "/" + name; }

  [[nodiscard]] std::vector<std::string> namenode_arguments() const {
    std::vector<std::string> words{"namenode", "--data", dir_of("namenode"), "--listen", meta_};
    if (line_.namenode.replication.empty()) {
      words.emplace_back("--replication");
      words.push_back(std::to_string(std::min(line_.datanodes, 3u)));
    }
    for (std::string& word : line_.namenode.given()) words.push_back(std::move(word));
    return words;
  }

  [[nodiscard]] std::vector<std::string> datanode_arguments(const std::string& name,
                                                            std::uint32_t number) const {
    std::vector<std::string> words{"datanode",
                                   "--data",
                                   dir_of(name),
                                   "--listen",
                                   "127.0.0.1:" + std::to_string(line_.port + number),
                                   "--meta",
                                   "http://" + meta_,
                                   "--host",
                                   name};
    for (std::string& word : line_.datanode.given()) words.push_back(std::move(word));
    return words;
  }

  Status start(const std::string& name, std::vector<std::string> arguments) {
    const std::string dir = dir_of(name);
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    if (error) return {Code::kIo, dir + ": " + error.message()};
    Result<ChildProcess> process = ChildProcess::start(std::move(arguments), dir + "/log");
    if (!process.ok()) return process.status();
    std::ofstream(dir + "/pid") << process->pid() << '\n';
    members_.push_back({name, dir, std::move(*process)});
    return {};
  }

  // How many have died since the last look.
  std::size_t report_deaths() {
    std::size_t died = 0;
    for (Member& member : members_) {
      const std::optional<std::string> end = member.process.poll_end();
      if (!end) continue;
      ++died;
      context_.fail(member.name + ": " + *end + last_words(member.dir) +
                    "; start it again with: " + member.process.command());
    }
    return died;
  }

  // Writes are accepted and all DataNodes are there.
  bool is_ready() {
    const http::CallResult result = client_.call(meta_, wire::ClusterReport{}, seconds(2));
    const auto* report = std::get_if<wire::ClusterReportReply>(&result.reply);
    why_not_ = report == nullptr ? "the NameNode does not answer" : report->why_not;
    if (report == nullptr || !report->accepts_writes) return false;
    const auto live =
        std::count_if(report->nodes.begin(), report->nodes.end(), [](const wire::NodeReport& node) {
          return node.state == wire::NodeState::kLive && node.reported;
        });
    why_not_ =
        std::to_string(live) + " of " + std::to_string(line_.datanodes) + " DataNodes are there";
    return static_cast<std::uint32_t>(live) >= line_.datanodes;
  }

  // Once for each reason.
  void tell_why_not() {
    if (why_not_ == told_) return;
    told_ = why_not_;
    context_.fail("not ready yet: " + why_not_);
  }

  // DataNodes first, so that the NameNode hears of no death.
  void stop_all() {
    for (const int signal : {SIGTERM, SIGKILL}) {
      for (const Member& member : members_) member.process.send(signal);
      const Instant limit = http::monotonic_now() + kStopLimit;
      while (any_running() && http::monotonic_now() < limit) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        for (Member& member : members_) (void)member.process.poll_end();
      }
      if (!any_running()) break;
    }
    for (const Member& member : members_) forget_pid(member);
  }

  // Unless it is that of a process that was started by hand.
  static void forget_pid(const Member& member) {
    const std::string file = member.dir + "/pid";
    pid_t pid = 0;
    std::ifstream(file) >> pid;
    std::error_code ignored;
    if (pid == member.process.pid()) std::filesystem::remove(file, ignored);
  }

  [[nodiscard]] bool any_running() const {
    return std::any_of(members_.begin(), members_.end(),
                       [](const Member& member) { return member.process.running(); });
  }

  const Context& context_;
  const ClusterLine& line_;
  const std::string meta_;
  http::SocketClient client_;
  std::vector<Member> members_;
  std::string why_not_;
  std::string told_;
};

}  // namespace

void add_cluster(CLI::App& app, Context& context) {
  const auto line = std::make_shared<ClusterLine>();
  CLI::App* command =
      add_command(app, context, "cluster", "run a NameNode and DataNodes on this machine",
                  [&context, line] { return Cluster(context, *line).run(); });
  command->add_option("--dir", line->dir, "directory of all their data")->required();
  command->add_option("--datanodes", line->datanodes, "how many DataNodes")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--port", line->port, "the NameNode's; the DataNodes' follow")
      ->check(CLI::Range(1, 65000))
      ->capture_default_str();
  add_flags(*command, line->namenode);
  add_flags(*command, line->datanode);
}

}  // namespace dfs::cli
