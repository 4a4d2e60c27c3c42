// `dfs cluster`: starts, says ready, reports a dead child, stops all, keeps its data.
#include <gtest/gtest.h>
#include <signal.h>

#include <sstream>

#include "tests/integration/processes.h"

namespace dfs::integration {
namespace {

class DfsClusterTest : public testing::Test {
 protected:
  // Its children outlive a `dfs cluster` that is killed, so it is always asked to stop.
  void TearDown() override {
    if (!cluster_) return;
    cluster_->send(SIGTERM);
    cluster_->wait();
  }
  void start() {
    output_ = folder_.at("output-" + std::to_string(++starts_));
    cluster_ = std::make_unique<Process>(
        std::vector<std::string>{"cluster", "--dir", folder_.at("c"), "--port",
                                 std::to_string(port_), "--datanodes", "2"},
        output_);
  }
  [[nodiscard]] bool is_ready() const {
    std::istringstream text(read_file(output_));
    for (std::string line; std::getline(text, line);) {
      if (line == "ready") return true;
    }
    return false;
  }
  [[nodiscard]] bool wait_until_ready() {
    return eventually([this] { return is_ready() || !cluster_->running(); }) && is_ready();
  }
  [[nodiscard]] pid_t pid_of(const std::string& name) const {
    return static_cast<pid_t>(std::stol("0" + read_file(folder_.at("c/" + name + "/pid"))));
  }
  Done run(std::vector<std::string> words) {
    words.emplace_back("--meta");
    words.push_back("http://127.0.0.1:" + std::to_string(port_));
    const std::string output = folder_.at("command");
    Process process(std::move(words), output);
    const int status = process.wait();
    return {status, read_file(output)};
  }
  // Nothing answers at any of its ports.
  [[nodiscard]] bool silent() const {
    for (int i = 0; i <= 2; ++i) {
      const std::string address = "127.0.0.1:" + std::to_string(port_ + i);
      if (http::connect_to(address, seconds(1)).ok()) return false;
    }
    return true;
  }
  void stop(int signal) {
    cluster_->send(signal);
    EXPECT_EQ(cluster_->wait(), 0);
    EXPECT_TRUE(silent());
  }

  http::TempFolder folder_;
  const int port_ = free_ports(3);
  int starts_ = 0;
  std::string output_;
  std::unique_ptr<Process> cluster_;
};

TEST_F(DfsClusterTest, SaysReadyStopsOnRequestAndKeepsItsData) {
  start();
  ASSERT_TRUE(wait_until_ready()) << read_file(output_);
  EXPECT_EQ(run({"mkdir", "/kept"}).status, 0);
  stop(SIGTERM);
  start();
  ASSERT_TRUE(wait_until_ready()) << read_file(output_);
  EXPECT_EQ(run({"stat", "/kept"}).status, 0);
  stop(SIGINT);
}

TEST_F(DfsClusterTest, ReportsADeadChildWithTheCommandThatStartsItAndGoesOn) {
  start();
  ASSERT_TRUE(wait_until_ready()) << read_file(output_);
  const pid_t victim = pid_of("datanode-1");
  ASSERT_GT(victim, 0);
  ::kill(victim, SIGKILL);
  EXPECT_TRUE(eventually([this] {
    const std::string text = read_file(output_);
    return text.find("datanode-1: killed by signal 9") != std::string::npos &&
           text.find("start it again with: ") != std::string::npos &&
           text.find("--host datanode-1") != std::string::npos;
  })) << read_file(output_);
  EXPECT_TRUE(cluster_->running());
  stop(SIGTERM);
}

TEST_F(DfsClusterTest, FailsWithTheReasonWhenAPortIsTaken) {
  const Result<http::Socket> taken =
      http::listen_on({"127.0.0.1", static_cast<std::uint16_t>(port_ + 1)}, 1);
  ASSERT_TRUE(taken.ok());
  start();
  EXPECT_EQ(cluster_->wait(), 1);
  EXPECT_NE(read_file(output_).find("Address already in use"), std::string::npos)
      << read_file(output_);
}

TEST_F(DfsClusterTest, ASecondOneOnTheFolderIsRefused) {
  start();
  ASSERT_TRUE(wait_until_ready()) << read_file(output_);
  const Done second = run({"cluster", "--dir", folder_.at("c")});
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.output.find("in use by another process"), std::string::npos) << second.output;
  stop(SIGTERM);
}

}  // namespace
}  // namespace dfs::integration
