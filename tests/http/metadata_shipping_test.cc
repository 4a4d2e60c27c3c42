// The metadata's second home between real servers: what a NameNode did is on its DataNodes, and
// `dfs rescue` brings it back from their directories and over HTTP.
#include "adapters/http/metadata_shipping.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "adapters/disk/rescue_directory.h"
#include "adapters/http/rescue_url.h"
#include "adapters/sqlite/rescue.h"
#include "tests/http/local_servers.h"

namespace dfs::http {
namespace {

constexpr Duration kLongPatience = seconds(60);

class MetadataShippingTest : public testing::Test {
 protected:
  void start_namenode() {
    Result<std::unique_ptr<NameNodeServer>> server = http::start_namenode(folder_, port_);
    ASSERT_TRUE(server.ok()) << server.status().message();
    namenode_ = std::move(*server);
    port_ = namenode_->address().port;
  }
  void start_datanode(const std::string& name) {
    Result<std::unique_ptr<DataNodeServer>> server =
        http::start_datanode(folder_, name, *namenode_);
    ASSERT_TRUE(server.ok()) << server.status().message();
    datanodes_.push_back(std::move(*server));
  }
  template <class T>
  Result<typename T::Reply> call(const T& request) {
    wire::Reply reply = client_.call(namenode_->address().text(), request, kLongPatience).reply;
    if (auto* status = std::get_if<Status>(&reply)) return *status;
    return std::get<typename T::Reply>(reply);
  }
  Status mkdir(const std::string& path) {
    wire::Mkdir request;
    request.caller = {.client = client_id_, .request = ++requests_, .user = "ann"};
    request.path = path;
    const auto reply = call(request);
    return reply.ok() ? Status() : reply.status();
  }
  bool exists(const std::string& path) {
    wire::Stat request;
    request.path = path;
    return call(request).ok();
  }
  // Whether `source` has everything up to `applied`.
  static bool has(namenode::RescueSource& source, std::uint64_t applied) {
    const Result<wire::MetadataList> list = source.list();
    return list.ok() && !list->checkpoints.empty() &&
           list->checkpoints[0].journal_applied >= applied;
  }
  static bool eventually(const std::function<bool()>& holds) {
    const Instant deadline = monotonic_now() + kLongPatience;
    while (!holds()) {
      if (monotonic_now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  std::uint64_t applied() { return call(wire::ClusterReport{}).value().history.applied; }

  TempFolder folder_;
  std::uint16_t port_ = 0;
  SocketClient client_;
  const std::string client_id_ = random_identity();
  std::uint64_t requests_ = 0;
  std::unique_ptr<NameNodeServer> namenode_;
  std::vector<std::unique_ptr<DataNodeServer>> datanodes_;
};

TEST_F(MetadataShippingTest, BringsTheNamespaceBackAfterTheNameNodesDirectoryIsLost) {
  start_namenode();
  start_datanode("d1");
  start_datanode("d2");
  ASSERT_TRUE(eventually([&] { return mkdir("/early").ok() || exists("/early"); }));
  RescueUrl over_http(datanodes_[0]->address().text());
  disk::RescueDirectory in_place(folder_.at("d2"));
  ASSERT_TRUE(eventually([&] { return has(over_http, 1) && has(in_place, 1); }));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(mkdir("/late" + std::to_string(i)).ok());
  const std::uint64_t last = applied();
  ASSERT_TRUE(eventually([&] { return has(over_http, last) && has(in_place, last); }));
  EXPECT_TRUE(call(wire::ClusterReport{}).value().notes.empty());

  const std::uint64_t epoch = call(wire::ClusterReport{}).value().history.epoch;
  namenode_.reset();
  for (namenode::RescueSource* source : {static_cast<namenode::RescueSource*>(&over_http),
                                         static_cast<namenode::RescueSource*>(&in_place)}) {
    std::filesystem::remove_all(folder_.at("namenode"));
    std::filesystem::create_directory(folder_.at("namenode"));
    const auto report = sqlite::rescue(folder_.at("namenode"), {source}, {}, Random(1));
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_GE(report->applied, last);
    EXPECT_GT(report->replayed, 0u);
    EXPECT_EQ(source->seen().value().epoch, epoch);
    EXPECT_GT(report->epoch, epoch);
  }
  start_namenode();
  EXPECT_TRUE(exists("/early"));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(exists("/late" + std::to_string(i)));
  EXPECT_TRUE(eventually([&] { return mkdir("/new").ok() || exists("/new"); }))
      << "writes are accepted again";
}

TEST_F(MetadataShippingTest, AnOlderCopyThatIsPutBackDisplacesNothingThatItLacks) {
  start_namenode();
  start_datanode("d1");
  start_datanode("d2");
  disk::RescueDirectory first(folder_.at("d1"));
  disk::RescueDirectory second(folder_.at("d2"));
  ASSERT_TRUE(eventually([&] { return mkdir("/early").ok() || exists("/early"); }));
  // Their checkpoints are older than the copy, so that only their journals have what it lacks.
  const std::uint64_t early = applied();
  ASSERT_TRUE(eventually([&] { return has(first, early) && has(second, early); }));
  namenode_.reset();
  std::filesystem::copy(folder_.at("namenode"), folder_.at("copy"));
  start_namenode();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(mkdir("/late" + std::to_string(i)).ok());
  const wire::HistoryMark lost = call(wire::ClusterReport{}).value().history;
  ASSERT_TRUE(eventually([&] { return has(first, lost.applied) && has(second, lost.applied); }));

  namenode_.reset();
  std::filesystem::remove_all(folder_.at("namenode"));
  std::filesystem::rename(folder_.at("copy"), folder_.at("namenode"));
  start_namenode();
  ASSERT_TRUE(eventually([&] {
    const auto report = call(wire::ClusterReport{});
    return report.ok() && report->read_only && !report->notes.empty() &&
           report->notes.back().find("newer history") != std::string::npos;
  }));
  ASSERT_TRUE(call(wire::AcceptHistory{}).ok());
  const std::uint64_t epoch = call(wire::ClusterReport{}).value().history.epoch;
  for (disk::RescueDirectory* source : {&first, &second}) {
    ASSERT_TRUE(eventually([&] {
      const auto list = source->list();
      return list.ok() && list->checkpoints.front().checkpoint.epoch == epoch;
    }));
    const wire::MetadataList list = source->list().value();
    ASSERT_EQ(list.checkpoints.size(), 2U);
    EXPECT_EQ(list.checkpoints[1].checkpoint.epoch, lost.epoch);
    EXPECT_GE(list.checkpoints[1].journal_applied, lost.applied);
  }
}

}  // namespace
}  // namespace dfs::http
