// What a DataNode's server does with its directories.
#include "adapters/http/datanode_server.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/http/temp_folder.h"

namespace dfs::http {
namespace {

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

}  // namespace
}  // namespace dfs::http
