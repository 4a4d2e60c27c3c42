// Files in a cluster of real processes, some of which are killed.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/crc32c.h"
#include "tests/http/raw_client.h"
#include "tests/integration/processes.h"

namespace dfs::integration {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

class ClusterTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(cluster_.wait_until_ready(3)); }

  void put(const std::string& local, const std::string& path) {
    const Done done = cluster_.run({"put", "-b", "1M", cluster_.at(local), path});
    ASSERT_EQ(done.status, 0) << done.output;
  }
  // The file at `path` is what the local file is.
  void expect_same(const std::string& local, const std::string& path) {
    const Done done = cluster_.run({"get", "-f", path, cluster_.at("back")});
    ASSERT_EQ(done.status, 0) << done.output;
    EXPECT_TRUE(read_file(cluster_.at("back")) == read_file(cluster_.at(local))) << path;
  }
  // Kills a DataNode once it has part of what `put` writes, and starts it again when that is done.
  void put_while_losing(int victim, const std::string& path) {
    const std::uint64_t before = cluster_.stored_bytes(victim);
    const auto put = cluster_.spawn({"put", "-b", "8M", cluster_.at("big"), path});
    ASSERT_TRUE(eventually(
        [&] { return cluster_.stored_bytes(victim) > before + kMiB || !put->running(); }));
    cluster_.kill("datanode-" + std::to_string(victim));
    ASSERT_EQ(put->wait(), 0) << read_file(cluster_.at("spawned.log"));
    expect_same("big", path);
    cluster_.start_datanode(victim);
    ASSERT_TRUE(cluster_.wait_until_ready(3));
    ASSERT_TRUE(cluster_.wait_until_healthy());
  }

  RealCluster cluster_{3};
};

TEST_F(ClusterTest, StoresFilesOfAllSizesAndGivesThemBack) {
  for (std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, kMiB, 3 * kMiB + 12345}) {
    const std::string name = "file-" + std::to_string(size);
    write_file(cluster_.at(name), size, size);
    put(name, "/folder/" + name);
    expect_same(name, "/folder/" + name);
  }
  const Done ls = cluster_.run({"ls", "/folder"});
  EXPECT_EQ(ls.status, 0);
  EXPECT_NE(ls.output.find("3158073"), std::string::npos) << ls.output;
}

TEST_F(ClusterTest, APutSurvivesTheLossOfAnyDataNode) {
  write_file(cluster_.at("big"), 48 * kMiB, 1);
  for (int victim = 1; victim <= 3; ++victim) {
    put_while_losing(victim, "/big-" + std::to_string(victim));
  }
}

TEST_F(ClusterTest, AGetSurvivesTheLossOfADataNode) {
  write_file(cluster_.at("big"), 48 * kMiB, 1);
  put("big", "/big");
  const auto get = cluster_.spawn({"get", "/big", cluster_.at("big.back")});
  cluster_.kill("datanode-2");
  ASSERT_EQ(get->wait(), 0) << read_file(cluster_.at("spawned.log"));
  EXPECT_TRUE(read_file(cluster_.at("big.back")) == read_file(cluster_.at("big")));
}

TEST_F(ClusterTest, APutGoesOnWhenTheNameNodeIsKilledAndComesBack) {
  write_file(cluster_.at("big"), 32 * kMiB, 2);
  const auto put = cluster_.spawn({"put", "-b", "1M", cluster_.at("big"), "/big"});
  ASSERT_TRUE(eventually([&] { return cluster_.stored_bytes(1) > 2 * kMiB || !put->running(); }));
  cluster_.kill("namenode");
  cluster_.start_namenode();
  ASSERT_EQ(put->wait(), 0) << read_file(cluster_.at("spawned.log"));
  expect_same("big", "/big");
}

TEST_F(ClusterTest, WhatWasAcknowledgedIsThereAfterEverythingWasKilled) {
  write_file(cluster_.at("file"), 3 * kMiB + 1, 3);
  put("file", "/file");
  for (const char* name : {"namenode", "datanode-1", "datanode-2", "datanode-3"}) {
    cluster_.kill(name);
  }
  cluster_.start_namenode();
  for (int i = 1; i <= 3; ++i) cluster_.start_datanode(i);
  ASSERT_TRUE(cluster_.wait_until_ready(3));
  expect_same("file", "/file");
}

std::vector<std::filesystem::path> sidecars_of(const std::string& datanode) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(datanode + "/current")) {
    if (entry.path().extension() == ".meta") found.push_back(entry.path());
  }
  return found;
}

TEST_F(ClusterTest, V3_AnOnlyCopyThatCannotBeReadAtAStartIsNotMissingAndIsReadAgainLater) {
  write_file(cluster_.at("file"), 3 * kMiB, 4);
  const Done put = cluster_.run({"put", "-r", "1", "-b", "1M", cluster_.at("file"), "/file"});
  ASSERT_EQ(put.status, 0) << put.output;
  cluster_.kill("namenode");  // its next one has heard of them only when they have reported anew
  std::vector<std::filesystem::path> hidden;
  for (int i = 1; i <= 3; ++i) {
    const std::string name = "datanode-" + std::to_string(i);
    cluster_.kill(name);
    for (const auto& sidecar : sidecars_of(cluster_.at(name))) {
      std::filesystem::rename(sidecar, sidecar.string() + ".aside");
      std::filesystem::create_symlink(sidecar, sidecar);  // a loop
      hidden.push_back(sidecar);
    }
  }
  ASSERT_EQ(hidden.size(), 3u);
  cluster_.start_namenode();
  for (int i = 1; i <= 3; ++i) cluster_.start_datanode(i);
  ASSERT_TRUE(cluster_.wait_until_ready(3));
  const Done fsck = cluster_.run({"admin", "fsck", "--json"});
  EXPECT_EQ(fsck.status, 0) << fsck.output;
  EXPECT_NE(fsck.output.find("\"missing\":0"), std::string::npos) << fsck.output;
  for (const auto& sidecar : hidden) {
    std::filesystem::rename(sidecar.string() + ".aside", sidecar);
  }
  EXPECT_TRUE(cluster_.wait_until_healthy());
  expect_same("file", "/file");
}

class RawTransferTest : public ClusterTest {
 protected:
  int status_of(const std::string& head) {
    http::RawClient raw(*http::parse_host_port(cluster_.datanode(1)));
    raw.send(head + "\r\nHost: a\r\n\r\n");
    return raw.answer().status;
  }
  wire::WriteHeader header(std::uint64_t block, std::uint64_t length) {
    wire::WriteHeader header;
    const auto reply =
        cluster_.client().call(cluster_.namenode(), wire::ClusterReport{}, kPatience).reply;
    header.cluster = std::get<wire::ClusterReportReply>(reply).cluster;
    header.block = BlockId{block};
    header.length = length;
    return header;
  }
};

TEST_F(RawTransferTest, ABlockIdThatIsNoNumberIsRefusedWhateverItTries) {
  for (const char* path :
       {"/blocks/v1/..", "/blocks/v1/../../VERSION", "/blocks/v1/%2e%2e%2fVERSION",
        "/blocks/v1/1/2", "/blocks/v1/0", "/blocks/v1/-1", "/blocks/v1/1%00",
        "/blocks/v1/18446744073709551616", "/blocks/v1/0x1"}) {
    EXPECT_EQ(status_of(std::string("GET ") + path + " HTTP/1.1"), 400) << path;
    EXPECT_EQ(status_of(std::string("PUT ") + path + " HTTP/1.1"), 400) << path;
  }
}

TEST_F(RawTransferTest, AnUploadThatIsCutShortLeavesNothing) {
  {
    Result<http::BlockUpload> upload =
        http::BlockUpload::open(cluster_.client(), cluster_.datanode(1), header(77, 4 * kMiB));
    ASSERT_TRUE(upload.ok());
    ASSERT_TRUE(upload->send(as_bytes(std::string(2 * kMiB, 'x'))).ok());
    ASSERT_TRUE(eventually([&] { return cluster_.stored_bytes(1) > 0; }));
  }
  EXPECT_TRUE(eventually([&] { return cluster_.stored_bytes(1) == 0; }));
}

TEST_F(RawTransferTest, AnotherClustersBlocksAreNeitherTakenNorGiven) {
  wire::WriteHeader foreign = header(78, 3);
  foreign.cluster = std::string(32, '0');
  Result<http::BlockUpload> upload =
      http::BlockUpload::open(cluster_.client(), cluster_.datanode(1), foreign);
  ASSERT_TRUE(upload.ok());
  Status status = upload->send(as_bytes("abc"));
  if (status.ok()) status = upload->finish().status();
  EXPECT_EQ(status.code(), Code::kWrongCluster);
  http::RangeAnswer answer;
  wire::ReadHeader read;
  read.cluster = foreign.cluster;
  read.block.id = BlockId{78};
  EXPECT_EQ(cluster_.client().read_range(cluster_.datanode(1), read, answer).code(),
            Code::kWrongCluster);
}

TEST_F(RawTransferTest, AReplicaThatWasUploadedIsReadBack) {
  const std::string data(200'000, 'y');
  Result<http::BlockUpload> upload = http::BlockUpload::open(
      cluster_.client(), cluster_.datanode(1), header(first_id_of_epoch(1) + 1000, data.size()));
  ASSERT_TRUE(upload.ok());
  ASSERT_TRUE(upload->send(as_bytes(data)).ok());
  const Result<wire::WriteReply> reply = upload->finish();
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->replica.crc, crc32c(as_bytes(data)));
  wire::ReadHeader read;
  read.cluster = header(1, 0).cluster;
  read.block = reply->replica;
  read.offset = 100'000;
  read.length = 1;
  http::RangeAnswer answer;
  const Status status = cluster_.client().read_range(cluster_.datanode(1), read, answer);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(as_text(answer.data.view()), data.substr(65536, 65536));
  read.block.crc ^= 1;
  EXPECT_EQ(cluster_.client().read_range(cluster_.datanode(1), read, answer).code(),
            Code::kCorrupt);
  read.block.id = BlockId{12345};
  EXPECT_EQ(cluster_.client().read_range(cluster_.datanode(1), read, answer).code(),
            Code::kNotFound);
}

}  // namespace
}  // namespace dfs::integration
