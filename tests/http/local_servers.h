// The servers of a small cluster in the test's own process, with their data in its folder.
#pragma once

#include <memory>
#include <string>

#include "adapters/http/datanode_server.h"
#include "adapters/http/namenode_server.h"
#include "tests/http/temp_folder.h"

namespace dfs::http {

// With quick heartbeats; port 0 is a free one.
inline Result<std::unique_ptr<NameNodeServer>> start_namenode(const TempFolder& folder,
                                                              std::uint16_t port) {
  NameNodeOptions options;
  options.data = folder.at("namenode");
  options.listen.port = port;
  options.disk_reserve = 0;
  options.config.heartbeat_interval = milliseconds(100);
  return NameNodeServer::start(options);
}

// On a host of its own.
inline Result<std::unique_ptr<DataNodeServer>> start_datanode(const TempFolder& folder,
                                                              const std::string& name,
                                                              const NameNodeServer& namenode) {
  DataNodeOptions options;
  options.data = {folder.at(name)};
  options.namenodes = {namenode.address().text()};
  options.listen.port = 0;
  options.host = name;
  return DataNodeServer::start(options);
}

}  // namespace dfs::http
