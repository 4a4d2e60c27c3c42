// The flags of `dfs namenode` and `dfs datanode`, which `dfs cluster` takes too and passes on.
#pragma once

#include <string>
#include <vector>

#include "adapters/http/datanode_server.h"
#include "adapters/http/namenode_server.h"
#include "cli/command.h"

namespace dfs::cli {

// As written on the line; empty: not given.
struct NameNodeFlags {
  std::string replication;
  std::string block_size;
  std::string min_block_size;
  std::string dead_after;
  std::string heartbeat;
  std::string disk_reserve;

  // (flag, value) of those that were given.
  [[nodiscard]] std::vector<std::string> given() const;
};
struct DataNodeFlags {
  std::string capacity;
  std::string scrub_rate;

  [[nodiscard]] std::vector<std::string> given() const;
};

void add_flags(CLI::App& command, NameNodeFlags& flags);
void add_flags(CLI::App& command, DataNodeFlags& flags);

// Fill in what the flags say; kInvalidArgument names the flag.
[[nodiscard]] Status apply(const NameNodeFlags& flags, http::NameNodeOptions& options);
[[nodiscard]] Status apply(const DataNodeFlags& flags, http::DataNodeOptions& options);

// "10s", "500ms", "2m", "1h"; a bare number is seconds.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
// Comma-separated, without empty parts.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

// Prints a line of a server to standard error, with the time.
void log_line(const std::string& line);

}  // namespace dfs::cli
