#include "adapters/http/namenode_server.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "adapters/http/socket_client.h"
#include "core/wire/json.h"
#include "tests/http/raw_client.h"
#include "tests/http/temp_folder.h"

namespace dfs::http {
namespace {

class NameNodeServerTest : public testing::Test {
 protected:
  void start() {
    Result<std::unique_ptr<NameNodeServer>> server = NameNodeServer::start(options());
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }
  [[nodiscard]] NameNodeOptions options() const {
    NameNodeOptions options;
    options.data = folder_.at("namenode");
    options.listen.port = 0;
    options.disk_reserve = 0;
    return options;
  }
  [[nodiscard]] std::string at() const { return server_->address().text(); }

  template <class T>
  Result<typename T::Reply> call(const T& request) {
    wire::Reply reply = client_.call(at(), request, kPatience).reply;
    if (auto* status = std::get_if<Status>(&reply)) return *status;
    return std::get<typename T::Reply>(reply);
  }
  Status mkdir(const std::string& path) {
    wire::Mkdir request;
    request.caller.client = client_id_;
    request.caller.request = ++requests_;
    request.caller.user = "ann";
    request.path = path;
    const auto reply = call(request);
    return reply.ok() ? Status() : reply.status();
  }
  RawAnswer post(const std::string& method, const std::string& body) {
    RawClient raw(server_->address());
    raw.send("POST /api/v1/" + method + " HTTP/1.1\r\nHost: a\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
    return raw.answer();
  }

  TempFolder folder_;
  std::unique_ptr<NameNodeServer> server_;
  SocketClient client_;
  const std::string client_id_ = random_identity();
  std::uint64_t requests_ = 0;
};

TEST_F(NameNodeServerTest, KeepsTheNamespaceAndItsIdentityOverARestart) {
  start();
  const auto before = call(wire::ClusterReport{});
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->cluster.size(), 32U);
  ASSERT_TRUE(mkdir("/a").ok());
  server_.reset();
  start();
  EXPECT_TRUE(call(wire::Stat{"/a"}).ok());
  EXPECT_EQ(call(wire::Stat{"/b"}).status().code(), Code::kNotFound);
  EXPECT_EQ(call(wire::ClusterReport{})->cluster, before->cluster);
}

// The first start leaves all but one page in the log.
TEST_F(NameNodeServerTest, RefusesADatabaseThatCameBackWithoutItsLog) {
  start();
  ASSERT_TRUE(mkdir("/a").ok());
  const std::string data = folder_.at("namenode");
  std::filesystem::copy_file(data + "/metadata.db", folder_.at("copy"));
  server_.reset();
  for (const char* name : {"/metadata.db", "/metadata.db-wal", "/metadata.db-synced"}) {
    std::filesystem::remove(data + name);
  }
  std::filesystem::copy_file(folder_.at("copy"), data + "/metadata.db");
  for (int i = 0; i < 2; ++i) {
    const Result<std::unique_ptr<NameNodeServer>> again = NameNodeServer::start(options());
    EXPECT_EQ(again.status().message(),
              data +
                  ": its metadata.db is without content (is metadata.db-wal missing?); restore "
                  "a backup or run `dfs rescue` (a new cluster needs an empty directory)");
  }
}

TEST_F(NameNodeServerTest, SixteenClientsAtOnceShareCommitsAndAllSucceed) {
  start();
  std::vector<std::thread> clients;
  std::atomic<int> made{0};
  for (int c = 0; c < 16; ++c) {
    clients.emplace_back([&, c] {
      const std::string id = random_identity();
      for (std::uint64_t i = 1; i <= 20; ++i) {
        wire::Mkdir request;
        request.caller = {id, i, 0, 0, "ann"};
        request.path = "/" + std::to_string(c) + "-" + std::to_string(i);
        const wire::Reply reply = client_.call(at(), request, kPatience).reply;
        made += std::holds_alternative<wire::Empty>(reply) ? 1 : 0;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(made, 320);
  wire::List list;
  list.path = "/";
  EXPECT_EQ(call(list)->entries.size(), 320U);
}

TEST_F(NameNodeServerTest, ASecondProcessOnTheDirectoryOrThePortIsRefused) {
  start();
  const Result<std::unique_ptr<NameNodeServer>> same_folder = NameNodeServer::start(options());
  EXPECT_EQ(same_folder.status().message(), folder_.at("namenode") + ": in use by another process");
  NameNodeOptions other = options();
  other.data = folder_.at("other");
  other.listen = server_->address();
  const Result<std::unique_ptr<NameNodeServer>> same_port = NameNodeServer::start(other);
  EXPECT_EQ(same_port.status().message(), at() + ": Address already in use");
}

TEST_F(NameNodeServerTest, AnswersBadRequestsWithAStatusAndOneLine) {
  start();
  EXPECT_EQ(post("no_such_method", "{}").status, 404);
  EXPECT_EQ(post("stat", R"({"path": "/", "colour": 1})").status, 400);
  EXPECT_EQ(post("stat", R"({"path": 1})").status, 400);
  EXPECT_EQ(post("stat", "{").status, 400);
  EXPECT_EQ(post("stat", "").status, 400);
  EXPECT_EQ(post("stat", std::string(wire::kMaxMessageBytes + 1, ' ')).status, 413);
  EXPECT_EQ(post("stat", R"({"path": "/nowhere"})").status, 404);
  EXPECT_EQ(post("stat", R"({"path": "/"})").status, 200);
}

TEST_F(NameNodeServerTest, TellsOfItsHealthReadinessAndMetrics) {
  start();
  EXPECT_EQ(client_.get(at(), "/healthz", kPatience)->status, 200);
  const Result<Answer> ready = client_.get(at(), "/readyz", kPatience);
  EXPECT_EQ(ready->status, 503) << "there is no DataNode";
  ASSERT_TRUE(mkdir("/a").ok());
  const Result<Answer> metrics = client_.get(at(), "/metrics", kPatience);
  EXPECT_NE(metrics->body.find("dfs_namenode_requests_total{method=\"mkdir\",outcome=\"ok\"} 1"),
            std::string::npos)
      << metrics->body;
}

TEST_F(NameNodeServerTest, RefusesChangesWhileItsDiskIsNearlyFull) {
  NameNodeOptions full = options();
  full.disk_reserve = UINT64_MAX;
  Result<std::unique_ptr<NameNodeServer>> server = NameNodeServer::start(full);
  ASSERT_TRUE(server.ok());
  server_ = std::move(*server);
  EXPECT_EQ(mkdir("/a").code(), Code::kNoSpace);
  EXPECT_TRUE(call(wire::Stat{"/"}).ok());
}

}  // namespace
}  // namespace dfs::http
