// dfs setrep: asks for another number of copies, and waits for them with -w.
#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "cli/commands.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/remote.h"

namespace dfs::cli {
namespace {

struct SetRep {
  std::vector<std::string> arguments;  // N and paths
  bool wait = false;
  bool recursive = false;  // accepted as in HDFS: directories always are
};

// The DataNodes whose copies count: live, and not about to leave.
Result<std::set<NodeId>> lasting_nodes(Session& session) {
  Result<wire::ClusterReportReply> report = session.call(wire::ClusterReport{});
  if (!report.ok()) return report.status();
  std::set<NodeId> lasting;
  for (const wire::NodeReport& node : report->nodes) {
    const bool live = node.state == wire::NodeState::kLive;
    if (live && node.service == wire::ServiceState::kInService) lasting.insert(node.node);
  }
  return lasting;
}

// Whether every block of the file has exactly so many copies that count.
Result<bool> replicated(Session& session, const std::string& path, std::size_t replication,
                        const std::set<NodeId>& lasting) {
  wire::Locate request;
  request.path = path;
  for (;;) {
    Result<wire::LocateReply> page = session.call(request);
    if (!page.ok()) return page.status();
    if (const std::uint32_t asked = page->status.replication; asked != replication) {
      return {Code::kReplaced, path + ": somebody else has replaced it or asked for " +
                                   counted(asked, "replica") + " meanwhile"};
    }
    for (const wire::LocatedBlock& block : page->blocks) {
      const auto copies = std::ranges::count_if(
          block.locations, [&](const auto& at) { return lasting.contains(at.node); });
      if (static_cast<std::size_t>(copies) != replication) return false;
    }
    if (!page->more || page->blocks.empty()) return true;
    request.path.clear();
    request.inode = page->status.inode;
    request.offset = page->blocks.back().offset + page->blocks.back().visible_length;
  }
}

Status wait_for(Session& session, const std::string& path, std::size_t replication) {
  for (int round = 0;; ++round) {
    const Result<std::set<NodeId>> lasting = lasting_nodes(session);
    if (!lasting.ok()) return lasting.status();
    Result<bool> done = replicated(session, path, replication, *lasting);
    if (!done.ok()) return done.status();
    if (*done) return {};
    if (const std::size_t nodes = lasting->size(); nodes < replication) {
      return {Code::kNotEnoughDataNodes, path + ": only " + counted(nodes, "DataNode") +
                                             " live and staying; the replication is set, the wait "
                                             "would not end"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(round < 10 ? 100 : 1000));
  }
}

Status set_one(Session& session, const std::string& path, std::uint32_t replication, bool wait) {
  wire::SetReplication request;
  request.path = path;
  request.replication = replication;
  Status status = session.call(std::move(request)).status();
  if (!status.ok() || !wait) return status;
  return wait_for(session, path, replication);
}

Status set_all(Session& session, const Context& context, const std::string& path,
               std::uint32_t replication, bool wait) {
  Result<wire::FileStatus> file = session.call(wire::Stat{path});
  if (!file.ok()) return file.status();
  if (file->type == wire::FileType::kFile) return set_one(session, path, replication, wait);
  std::uint64_t failures = 0;
  const auto failed = [&](const Status& status) {
    context.fail(status);
    ++failures;
  };
  walk(
      session, path,
      [&](const std::string& below, const wire::FileStatus& entry) {
        if (entry.type != wire::FileType::kFile) return;
        const Status status = set_one(session, below, replication, wait);
        if (!status.ok()) failed(status);
      },
      failed);
  if (failures == 0) return {};
  return {Code::kUnavailable, path + ": " + counted(failures, "file") + " failed"};
}

}  // namespace

void add_setrep(CLI::App& app, Context& context) {
  const auto options = std::make_shared<SetRep>();
  CLI::App* command =
      add_command(app, context, "setrep", "set how many replicas files have", [options, &context] {
        Result<std::uint64_t> number =
            parse_number(options->arguments.front(), "the replication", 1, wire::kMaxReplication);
        if (!number.ok()) return context.fail(number.status().message(), kUsage);
        const std::vector<std::string> paths(options->arguments.begin() + 1,
                                             options->arguments.end());
        return for_each_path(context, paths, [&](Session& session, const std::string& path) {
          return set_all(session, context, path, static_cast<std::uint32_t>(*number),
                         options->wait);
        });
      });
  command->add_option("argument", options->arguments, "N, then files and directories")
      ->required()
      ->expected(2, 1 << 20);
  command->add_flag("-w,--wait", options->wait, "until the replicas are as many");
  command->add_flag("-R,--recursive", options->recursive, "directories always are");
}

}  // namespace dfs::cli
