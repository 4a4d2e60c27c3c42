#include "cli/server_flags.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <charconv>

#include "cli/format.h"

namespace dfs::cli {
namespace {

struct Flag {
  const char* name;
  std::string NameNodeFlags::*value;
  const char* help;
};
constexpr Flag kNameNode[] = {
    {"--replication", &NameNodeFlags::replication, "copies of a file by default (3)"},
    {"--block-size", &NameNodeFlags::block_size, "bytes of a block by default (128M)"},
    {"--min-block-size", &NameNodeFlags::min_block_size, "smallest block size accepted (1M)"},
    {"--dead-after", &NameNodeFlags::dead_after, "silence after which a DataNode is dead (30s)"},
    {"--disk-reserve", &NameNodeFlags::disk_reserve,
     "with less free on its disk it refuses changes (64M)"},
    {"--heartbeat", &NameNodeFlags::heartbeat, ""},
};
struct DataNodeFlag {
  const char* name;
  std::string DataNodeFlags::*value;
  const char* help;
};
constexpr DataNodeFlag kDataNode[] = {
    {"--capacity", &DataNodeFlags::capacity, "bytes that replicas may take (the disks' size)"},
    {"--scrub-rate", &DataNodeFlags::scrub_rate,
     "bytes a second that are verified, 1M or more (32M)"},
};

// At which a terabyte takes twelve days. Restores, too, are read before they count.
constexpr std::uint64_t kLeastScrubRate = std::uint64_t{1} << 20;

template <class Flags, class Table>
void add_all(CLI::App& command, Flags& flags, const Table& table) {
  for (const auto& flag : table) {
    // Without help: for tests, not listed.
    CLI::Option* option = command.add_option(flag.name, flags.*flag.value, flag.help);
    if (*flag.help == '\0') option->group("");
  }
}

template <class Flags, class Table>
std::vector<std::string> all_given(const Flags& flags, const Table& table) {
  std::vector<std::string> result;
  for (const auto& flag : table) {
    if ((flags.*flag.value).empty()) continue;
    result.emplace_back(flag.name);
    result.push_back(flags.*flag.value);
  }
  return result;
}

// Parses `text` into `out` unless it is empty; the error names the flag.
template <class T, class Parse>
void take(Status& status, const char* flag, const std::string& text, T& out, Parse parse) {
  if (!status.ok() || text.empty()) return;
  auto value = parse(text);
  if (value.ok()) {
    out = static_cast<T>(*value);
  } else {
    status = {Code::kInvalidArgument, std::string(flag) + ": " + value.status().message()};
  }
}

Result<std::uint64_t> parse_scrub_rate(std::string_view text) {
  Result<std::uint64_t> rate = parse_size(text);
  if (!rate.ok() || *rate >= kLeastScrubRate) return rate;
  return Status(Code::kInvalidArgument, std::string(text) + ": at least 1M bytes a second");
}

}  // namespace

std::vector<std::string> NameNodeFlags::given() const { return all_given(*this, kNameNode); }
std::vector<std::string> DataNodeFlags::given() const { return all_given(*this, kDataNode); }

void add_flags(CLI::App& command, NameNodeFlags& flags) { add_all(command, flags, kNameNode); }
void add_flags(CLI::App& command, DataNodeFlags& flags) { add_all(command, flags, kDataNode); }

Status apply(const NameNodeFlags& flags, http::NameNodeOptions& options) {
  namenode::Config& config = options.config;
  const auto copies = [](const std::string& text) { return parse_number(text, "copies", 1, 512); };
  Status status;
  take(status, "--replication", flags.replication, config.default_replication, copies);
  take(status, "--block-size", flags.block_size, config.default_block_size, parse_size);
  take(status, "--min-block-size", flags.min_block_size, config.min_block_size, parse_size);
  take(status, "--disk-reserve", flags.disk_reserve, options.disk_reserve, parse_size);
  take(status, "--dead-after", flags.dead_after, config.dead_after, parse_duration);
  take(status, "--heartbeat", flags.heartbeat, config.heartbeat_interval, parse_duration);
  if (!status.ok()) return status;
  // A node becomes suspect before it is dead, and is heard of several times before that.
  config.suspect_after = std::min(config.suspect_after, config.dead_after / 2);
  config.heartbeat_interval = std::min(config.heartbeat_interval, config.suspect_after / 3);
  if (config.default_block_size < config.min_block_size) {
    return {Code::kInvalidArgument, "--block-size is smaller than --min-block-size"};
  }
  return {};
}

Status apply(const DataNodeFlags& flags, http::DataNodeOptions& options) {
  Status status;
  take(status, "--capacity", flags.capacity, options.capacity, parse_size);
  take(status, "--scrub-rate", flags.scrub_rate, options.scrub_rate, parse_scrub_rate);
  return status;
}

Result<Duration> parse_duration(std::string_view text) {
  const auto bad = [&] {
    return Status(Code::kInvalidArgument,
                  std::string(text.substr(0, 64)) + ": not a duration like 10s, 500ms or 2m");
  };
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number <= 0 || number > 1'000'000'000) return bad();
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit == "ms") return milliseconds(number);
  if (unit == "s" || unit.empty()) return seconds(number);
  if (unit == "m") return seconds(number * 60);
  if (unit == "h") return seconds(number * 3600);
  return bad();
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

void log_line(const std::string& line) {
  static const auto logger = spdlog::stderr_logger_mt("dfs");
  logger->info(line);
}

}  // namespace dfs::cli
