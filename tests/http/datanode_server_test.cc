// What a DataNode's server does with its directories.
#include "adapters/http/datanode_server.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/http/socket_client.h"
#include "core/datanode/checksum_builder.h"
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

TEST(DataNodeServer, MakesNothingInADirectoryWhoseDiskIsNotMounted) {
  TempFolder folder;
  DataNodeOptions options;
  options.data = {folder.at("a"), folder.at("b")};
  options.namenodes = {"127.0.0.1:1"};
  options.listen.port = 0;
  ASSERT_TRUE(DataNodeServer::start(options).ok());
  EXPECT_TRUE(std::filesystem::exists(folder.at("a") + "/metadata"));
  std::filesystem::remove_all(folder.at("a"));
  std::filesystem::create_directory(folder.at("a"));
  ASSERT_TRUE(DataNodeServer::start(options).ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder.at("a")));
  EXPECT_TRUE(std::filesystem::exists(folder.at("b") + "/metadata"));
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
