#include "adapters/http/namenode_server.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "adapters/http/codec.h"
#include "adapters/http/errors.h"
#include "core/wire/json.h"

namespace dfs::http {
namespace {

constexpr std::string_view kApi = "/api/v1/";
constexpr const char* kMetadata = "/metadata.db";
constexpr int kTicksPerDiskCheck = 10;
constexpr Duration kCallsGrace = seconds(2);

namenode::Config with_identity(namenode::Config config) {
  if (config.cluster.empty()) config.cluster = random_identity();
  return config;
}

ServerOptions namenode_options_of(const NameNodeOptions& options) {
  ServerOptions result;
  result.listen = options.listen;
  return result;
}

std::string outcome_of(const wire::Reply& reply) {
  const auto* status = std::get_if<Status>(&reply);
  return status == nullptr ? "ok" : std::string(to_string(status->code()));
}

// Made once the directory has metadata. Without it a lost or emptied database would pass for a new
// cluster's.
constexpr std::string_view kFormatted = "/formatted";

Status lost(const std::string& directory, const std::string& what) {
  return {Code::kCorrupt, directory + ": its metadata.db is " + what +
                              "; restore a backup or run `dfs rescue` (a new cluster needs an "
                              "empty directory)"};
}

bool was_formatted(const std::string& directory) {
  std::error_code ignored;
  return std::filesystem::exists(directory + std::string(kFormatted), ignored);
}

Status check_not_lost(const std::string& directory) {
  if (!was_formatted(directory)) return {};
  std::error_code error;
  const auto size = std::filesystem::file_size(directory + kMetadata, error);
  if (!error && size > 0) return {};
  return lost(directory, error ? "missing" : "empty");
}

Status mark_formatted(const std::string& directory) {
  const std::string path = directory + std::string(kFormatted);
  const Socket file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  const Socket folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || !folder || ::fsync(file.fd()) != 0 || ::fsync(folder.fd()) != 0) {
    return {Code::kIo, path + ": " + std::strerror(errno)};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<NameNodeServer>> NameNodeServer::start(NameNodeOptions options) {
  Result<OwnedDirectory> directory = OwnedDirectory::open(options.data);
  if (!directory.ok()) return directory.status();
  if (Status status = check_not_lost(options.data); !status.ok()) return status;
  std::unique_ptr<NameNodeServer> server(
      new NameNodeServer(std::move(options), std::move(*directory)));
  if (Status status = server->begin(); !status.ok()) return status;
  return server;
}

NameNodeServer::NameNodeServer(NameNodeOptions options, OwnedDirectory directory)
    : options_(std::move(options)),
      directory_(std::move(directory)),
      store_({.file = options_.data + kMetadata, .vfs = "", .fatal = sqlite::exit_on_fatal()}),
      machine_(with_identity(options_.config), store_, Random(random_seed())),
      shipping_({.shipper = options_.shipping,
                 .directory = options_.data,
                 .disk_reserve = options_.disk_reserve},
                store_),
      strand_(store_, machine_, [this](const namenode::Ship& batch) { shipping_.note(batch); }),
      server_(namenode_options_of(options_)) {}

NameNodeServer::~NameNodeServer() {
  server_.stop(kCallsGrace);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_.notify_all();
  }
  if (ticker_.joinable()) ticker_.join();
  shipping_.stop();
}

Status NameNodeServer::begin() {
  // Until the first checkpoint the database has next to nothing and its log everything.
  if (store_.meta().next_inode == 0 && was_formatted(options_.data)) {
    return lost(options_.data, "without content (is metadata.db-wal missing?)");
  }
  strand_.run([](namenode::NameNode& machine, Now now, namenode::EffectList& effects) {
    machine.start(now, effects);
  });
  if (Status status = mark_formatted(options_.data); !status.ok()) return status;
  check_disk();
  add_handlers();
  if (Status status = server_.start(); !status.ok()) return status;
  shipping_.start(strand_);
  ticker_ = std::thread([this] { tick_until_stopped(); });
  return {};
}

void NameNodeServer::add_handlers() {
  server_.handle("POST", std::string(kApi) + "*",
                 [this](const ServerRequest& request, ServerResponse& response) {
                   answer_call(request, response);
                 });
  server_.handle("GET", "/healthz", [this](const ServerRequest&, ServerResponse& response) {
    strand_.run([](namenode::NameNode&, Now, namenode::EffectList&) {});
    response.body = R"({"healthy":true})";
  });
  server_.handle("GET", "/readyz", [this](const ServerRequest&, ServerResponse& response) {
    answer_ready(response);
  });
  server_.handle("GET", "/metrics", [this](const ServerRequest&, ServerResponse& response) {
    answer_metrics(response);
  });
}

void NameNodeServer::answer_call(const ServerRequest& request, ServerResponse& response) {
  const Instant began = monotonic_now();
  Result<std::string> body = request.body->text(wire::kMaxMessageBytes);
  if (!body.ok()) return response.fail(body.status());
  const std::string_view method = std::string_view(request.path).substr(kApi.size());
  Result<wire::Request> decoded = decode_request(method, *body);
  if (!decoded.ok()) return response.fail(decoded.status());
  wire::Reply reply = strand_.call(*decoded);
  if (auto* report = std::get_if<wire::ClusterReportReply>(&reply)) {
    if (std::string note = shipping_.warning(); !note.empty()) report->notes.push_back(note);
  }
  metrics_.request(std::string(method), outcome_of(reply), monotonic_now() - began);
  if (const auto* status = std::get_if<Status>(&reply)) return response.fail(*status);
  response.body = encode_reply(reply);
}

void NameNodeServer::answer_ready(ServerResponse& response) {
  bool ready = false;
  std::string why_not;
  strand_.run([&](namenode::NameNode& machine, Now, namenode::EffectList&) {
    ready = machine.accepts_writes(&why_not);
  });
  if (!ready) return response.fail({Code::kUnavailable, why_not});
  response.body = R"({"ready":true})";
}

void NameNodeServer::answer_metrics(ServerResponse& response) {
  const wire::Reply reply = strand_.call(wire::ClusterReport{});
  if (const auto* report = std::get_if<wire::ClusterReportReply>(&reply)) {
    std::uint64_t by_state[3] = {};
    for (const wire::NodeReport& node : report->nodes) ++by_state[static_cast<int>(node.state)];
    metrics_.set("datanodes_live", "DataNodes heard of recently.", by_state[0]);
    metrics_.set("datanodes_suspect", "DataNodes that are late.", by_state[1]);
    metrics_.set("datanodes_dead", "DataNodes given up.", by_state[2]);
    metrics_.set("files", "Files.", report->content.files);
    metrics_.set("directories", "Directories.", report->content.directories);
    metrics_.set("bytes", "Bytes of file content.", report->content.length);
    metrics_.set("pending_files", "Files being written.", report->pending_files);
    metrics_.set("repairs_waiting", "Blocks that wait for repair.", report->repairs_waiting);
    metrics_.set("repairs_running", "Copies under way.", report->repairs_running);
    metrics_.set("accepts_writes", "1 while writes are accepted.", report->accepts_writes ? 1 : 0);
    metrics_.set("applied", "Position of the last command.", report->history.applied);
  }
  const namenode::ShipperStatus shipped = shipping_.status();
  metrics_.set("metadata_homes", "DataNodes that follow the metadata.", shipped.homes);
  metrics_.set("metadata_behind", "Commands that are on the NameNode's disk only.",
               shipped.here - shipped.elsewhere);
  const Strand::Counters counters = strand_.counters();
  metrics_.set("rounds", "Rounds of the strand.", counters.rounds);
  metrics_.set("inputs", "Inputs stepped by the strand.", counters.inputs);
  metrics_.set("commits", "Commits, each one fsync.", counters.commits);
  metrics_.set_server(server_.counters());
  metrics_.write(response);
}

void NameNodeServer::tick_until_stopped() {
  std::unique_lock lock(mutex_);
  for (int ticks = 0; !stop_.wait_for(lock, kTick, [this] { return stopping_; }); ++ticks) {
    lock.unlock();
    if (ticks % kTicksPerDiskCheck == 0) check_disk();
    strand_.run([](namenode::NameNode& machine, Now now, namenode::EffectList& effects) {
      machine.tick(now, effects);
    });
    lock.lock();
  }
}

void NameNodeServer::check_disk() {
  // An error here says nothing of the space; one that matters will stop SQLite.
  const std::optional<std::uint64_t> free = free_bytes(options_.data);
  if (!free) return;
  const bool low = *free < options_.disk_reserve;
  strand_.run([low](namenode::NameNode& machine, Now, namenode::EffectList&) {
    machine.set_disk_low(low);
  });
}

}  // namespace dfs::http
