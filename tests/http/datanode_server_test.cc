// What a DataNode's server does with its directories.
#include "adapters/http/datanode_server.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/http/socket_client.h"
#include "core/datanode/checksum_builder.h"
#include "core/wire/json.h"
#include "tests/http/raw_client.h"
#include "tests/http/temp_folder.h"

namespace dfs::http {
namespace {

// Publishes a replica as a DataNode would, with its files in this folder.
std::string publish(const std::string& folder, BlockId block, const std::string& data) {
  disk::Options options;
  options.directories = {folder};
  const auto store = disk::ReplicaStore::open(options);
  datanode::ChecksumBuilder builder;
  builder.add(as_bytes(data));
  builder.finish();
  datanode::Sidecar sidecar;
  sidecar.info = {block, data.size(), builder.crc()};
  sidecar.granule_crcs = builder.granules();
  sidecar.chunk_crcs = builder.chunks();
  Result<disk::Temporary> temporary = (*store)->create(block, data.size());
  EXPECT_TRUE(temporary->write(0, as_bytes(data)).ok());
  EXPECT_TRUE((*store)->publish(std::move(*temporary), sidecar, disk::Replaces::kSameContent).ok());
  return folder + "/current/00000000000/000/";
}

DataNodeOptions with_two_disks(const TempFolder& folder) {
  DataNodeOptions options;
  options.data = {folder.at("a"), folder.at("b")};
  options.namenodes = {"127.0.0.1:1"};
  options.listen.port = 0;
  return options;
}

TEST(DataNodeServer, MakesNothingInADirectoryWhoseDiskIsNotMounted) {
  TempFolder folder;
  const DataNodeOptions options = with_two_disks(folder);
  ASSERT_TRUE(DataNodeServer::start(options).ok());
  EXPECT_TRUE(std::filesystem::exists(folder.at("a") + "/metadata"));
  std::filesystem::remove_all(folder.at("a"));
  std::filesystem::create_directory(folder.at("a"));
  ASSERT_TRUE(DataNodeServer::start(options).ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder.at("a")));
  EXPECT_TRUE(std::filesystem::exists(folder.at("b") + "/metadata"));
}

// Its disk was away, and the copy of the metadata was kept on the other one meanwhile.
TEST(DataNodeServer, KeepsTheMetadataWhereItHasMostOfIt) {
  TempFolder folder;
  const DataNodeOptions options = with_two_disks(folder);
  ASSERT_TRUE(DataNodeServer::start(options).ok());
  for (const auto& [name, applied] : {std::pair("a", 5), std::pair("b", 9)}) {
    const auto home =
        disk::MetadataHome::open(folder.at(name) + "/metadata", disk::MetadataHome::Access::kOwner);
    ASSERT_TRUE(home.ok());
    Result<disk::MetadataHome::Incoming> incoming =
        (*home)->begin({.cluster = "c1",
                        .epoch = 1,
                        .applied = static_cast<std::uint64_t>(applied),
                        .length = 0,
                        .crc = 0,
                        .time = {}});
    ASSERT_TRUE(incoming.ok());
    ASSERT_TRUE((*home)->finish(std::move(*incoming)).ok());
  }
  const auto datanode = DataNodeServer::start(options);
  ASSERT_TRUE(datanode.ok()) << datanode.status().message();
  SocketClient client;
  const Result<Answer> answer =
      client.get((*datanode)->address().text(), "/metadata/v1/list", kPatience);
  ASSERT_TRUE(answer.ok());
  const auto list =
      wire::from_json_text<wire::MetadataList>(answer->body, wire::UnknownKeys::kReject);
  ASSERT_TRUE(list.ok()) << answer->body;
  ASSERT_EQ(list->checkpoints.size(), 1u);
  EXPECT_EQ(list->checkpoints[0].checkpoint.applied, 9u);
}

TEST(DataNodeServer, KnowsAReplicaWithoutARestartOnceItsSidecarCanBeRead) {
  TempFolder folder;
  const std::string meta =
      publish(folder.at("a"), BlockId{5}, "hello") + "blk_0000000000000005.meta";
  std::filesystem::rename(meta, folder.at("kept"));
  std::filesystem::create_symlink(meta, meta);  // which cannot be opened
  DataNodeOptions options;
  options.data = {folder.at("a")};
  options.namenodes = {"127.0.0.1:1"};
  options.listen.port = 0;
  options.unreadable_period = milliseconds(1);
  const auto datanode = DataNodeServer::start(options);
  ASSERT_TRUE(datanode.ok()) << datanode.status().message();
  SocketClient client;
  const auto has = [&](const char* line) {
    const Result<Answer> metrics = client.get((*datanode)->address().text(), "/metrics", kPatience);
    return metrics.ok() && metrics->body.find(line) != std::string::npos;
  };
  ASSERT_TRUE(has("dfs_datanode_replicas 0\n"));
  std::filesystem::rename(folder.at("kept"), meta);
  const Instant deadline = monotonic_now() + kPatience;
  while (!has("dfs_datanode_replicas 1\n")) ASSERT_LT(monotonic_now(), deadline);
}

}  // namespace
}  // namespace dfs::http
