// Two DataNodes' servers with the same data: a directory was copied, or a machine cloned.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <vector>

#include "adapters/http/socket_client.h"
#include "tests/http/local_servers.h"
#include "tests/http/raw_client.h"

namespace dfs::http {
namespace {

class CopiedDirectory : public testing::Test {
 protected:
  std::unique_ptr<DataNodeServer> start(const std::string& name) {
    DataNodeOptions options;
    options.data = {folder_.at(name)};
    options.namenodes = {namenode_->address().text()};
    options.listen.port = 0;
    options.log = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      log_.push_back(line);
    };
    Result<std::unique_ptr<DataNodeServer>> server = DataNodeServer::start(options);
    EXPECT_TRUE(server.ok()) << server.status().message();
    return server.ok() ? std::move(*server) : nullptr;
  }
  bool registered(const DataNodeServer& datanode) {
    const Result<Answer> health = client_.get(datanode.address().text(), "/healthz", kPatience);
    return health.ok() && health->body.find(R"("registered":true)") != std::string::npos;
  }
  std::ptrdiff_t lines_with(const std::string& text) {
    const std::lock_guard lock(mutex_);
    return std::ranges::count_if(
        log_, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  TempFolder folder_;
  SocketClient client_;
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::unique_ptr<NameNodeServer> namenode_;
};

TEST_F(CopiedDirectory, KeepsItsDataNodeWaitingUntilTheOtherStops) {
  NameNodeOptions options;
  options.data = folder_.at("namenode");
  options.listen.port = 0;
  options.disk_reserve = 0;
  options.config.heartbeat_interval = milliseconds(100);
  options.config.suspect_after = seconds(1);
  Result<std::unique_ptr<NameNodeServer>> namenode = NameNodeServer::start(options);
  ASSERT_TRUE(namenode.ok()) << namenode.status().message();
  namenode_ = std::move(*namenode);
  std::unique_ptr<DataNodeServer> first = start("first");
  ASSERT_TRUE(first);
  ASSERT_TRUE(eventually([&] { return registered(*first); }));
  std::filesystem::copy(folder_.at("first"), folder_.at("second"),
                        std::filesystem::copy_options::recursive);
  const std::unique_ptr<DataNodeServer> second = start("second");
  ASSERT_TRUE(second);
  const std::string told = "another process of DataNode 1 is at work at " + first->address().text();
  ASSERT_TRUE(eventually([&] { return lines_with(told) > 0; }));
  EXPECT_TRUE(registered(*first));
  EXPECT_FALSE(registered(*second));
  first.reset();
  EXPECT_TRUE(eventually([&] { return registered(*second); }));
  EXPECT_EQ(lines_with(told), 1) << "however often it has asked";
}

}  // namespace
}  // namespace dfs::http
