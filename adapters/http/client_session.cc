#include "adapters/http/client_session.h"

#include <chrono>

#include "adapters/http/client_jobs.h"
#include "adapters/http/process.h"
#include "core/wire/path.h"

namespace dfs::http {
namespace {

constexpr std::uint16_t kDefaultPort = 8000;
// How long an interrupted process goes on telling the NameNode what it gave up.
constexpr Duration kFarewell = seconds(2);

// Keeps a job known to the session while it runs.
template <class Job>
class Listed {
 public:
  Listed(std::mutex& mutex, std::set<Job*>& jobs, Job& job)
      : mutex_(mutex), jobs_(jobs), job_(job) {
    const std::lock_guard lock(mutex_);
    jobs_.insert(&job_);
  }
  ~Listed() {
    const std::lock_guard lock(mutex_);
    jobs_.erase(&job_);
  }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;

 private:
  std::mutex& mutex_;
  std::set<Job*>& jobs_;
  Job& job_;
};

// JSON cannot carry what is no UTF-8, and the NameNode could not say which field it was.
Status check_text(const wire::Request& request) {
  Status status;
  std::visit(
      [&status]<class T>(const T& message) {
        T::fields(message, [&status]<class Field>(std::string_view, const Field& value) {
          if constexpr (std::is_same_v<Field, std::string>) {
            if (wire::is_utf8(value)) return;
            status = {Code::kInvalidArgument, wire::printable(value) + ": not valid UTF-8"};
          }
        });
      },
      request);
  return status;
}

Status interrupted_status() { return {Code::kUnavailable, "interrupted"}; }

}  // namespace

Result<std::vector<std::string>> parse_namenodes(std::string_view urls) {
  std::vector<std::string> addresses;
  while (!urls.empty()) {
    const std::size_t comma = std::min(urls.find(','), urls.size());
    Result<HostPort> at = parse_url(urls.substr(0, comma), kDefaultPort);
    if (!at.ok()) return at.status();
    addresses.push_back(at->text());
    urls.remove_prefix(std::min(comma + 1, urls.size()));
  }
  if (addresses.empty()) return {Code::kInvalidArgument, "no NameNode given"};
  return addresses;
}

ClientSession::ClientSession(SessionOptions options)
    : options_([&] {
        options.retry.namenodes = static_cast<std::uint32_t>(options.namenodes.size());
        return std::move(options);
      }()),
      sockets_(options_.sockets),
      numbers_(random_identity(), options_.user) {}

ClientSession::~ClientSession() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  sockets_.cancel();
  workers_.stop();
}

wire::Reply ClientSession::call_any(wire::Request request) {
  if (Status status = check_text(request); !status.ok()) return status;
  client::CallEffects effects;
  std::unique_lock lock(mutex_);
  const Random random = Random(key_of(numbers_.client())).fork(++calls_);
  client::Call call(std::move(request), numbers_, options_.retry, random);
  call.start(monotonic_now(), effects);
  lock.unlock();
  return run(call, effects);
}

// Carries out one effect at a time: a call has never more than one thing to wait for.
wire::Reply ClientSession::run(client::Call& call, client::CallEffects& effects) {
  for (;;) {
    DFS_ASSERT(effects.size() == 1);
    client::CallEffect effect = std::move(effects.front());
    effects.clear();
    if (auto* done = std::get_if<client::CallDone>(&effect)) return std::move(done->reply);
    if (const auto* send = std::get_if<client::SendRequest>(&effect)) {
      CallResult result =
          sockets_.call(options_.namenodes.at(send->namenode), send->request, send->timeout);
      const std::lock_guard lock(mutex_);
      if (result.answered) {
        call.answered(send->attempt, std::move(result.reply), monotonic_now(), effects);
      } else {
        call.failed(send->attempt, std::get<Status>(result.reply), result.sent, monotonic_now(),
                    effects);
      }
      if (!closing_ || std::holds_alternative<client::CallDone>(effects.front())) continue;
      effects.clear();
      call.give_up(interrupted_status(), effects);
    } else {
      const Instant at = std::get<client::WakeAt>(effect).at;
      std::unique_lock lock(mutex_);
      while (!closing_ && monotonic_now() < at) {
        wake_.wait_for(lock, std::chrono::microseconds((at - monotonic_now()).us));
      }
      if (closing_) {
        call.give_up(interrupted_status(), effects);
      } else {
        call.wake(monotonic_now(), effects);
      }
    }
  }
}

Result<std::string> ClientSession::cluster() {
  {
    const std::lock_guard lock(mutex_);
    if (!cluster_.empty()) return cluster_;
  }
  Result<wire::ClusterReportReply> report = call(wire::ClusterReport{});
  if (!report.ok()) return report.status();
  const std::lock_guard lock(mutex_);
  return cluster_ = report->cluster;
}

Result<wire::FileStatus> ClientSession::write(client::WriteOptions options,
                                              std::shared_ptr<BlockSource> source,
                                              Progress* progress) {
  Result<std::string> identity = cluster();
  if (!identity.ok()) return identity.status();
  options.retry = options_.retry;
  options.length = source->length();
  const auto job = std::make_shared<WriteJob>(*this, std::move(options), numbers_, *identity,
                                              std::move(source), progress);
  const Listed<WriteJob> listed(mutex_, writes_, *job);
  if (interrupted_) return interrupted_status();
  return job->run();
}

Result<wire::FileStatus> ClientSession::read(client::ReadOptions options, ReadSink& sink,
                                             Progress* progress) {
  Result<std::string> identity = cluster();
  if (!identity.ok()) return identity.status();
  options.retry = options_.retry;
  const auto job = std::make_shared<ReadJob>(*this, std::move(options), *identity, sink, progress);
  const Listed<ReadJob> listed(mutex_, reads_, *job);
  if (interrupted_) return interrupted_status();
  return job->run();
}

std::vector<std::string> ClientSession::addresses_of(const wire::NodeAddress& node) {
  const std::lock_guard lock(mutex_);
  if (node.client == node.peer || node.peer.empty()) return {node.client};
  if (reached_as_peer_.contains(node.node)) return {node.peer, node.client};
  return {node.client, node.peer};
}

void ClientSession::reached(const wire::NodeAddress& node, const std::string& address) {
  if (address == node.client) return;
  const std::lock_guard lock(mutex_);
  reached_as_peer_.insert(node.node);
}

bool worth_another_address(Code code) {
  return code == Code::kWrongCluster || code == Code::kUnavailable || code == Code::kTimedOut;
}

void ClientSession::interrupt() {
  std::vector<std::shared_ptr<WriteJob>> writes;
  std::vector<std::shared_ptr<ReadJob>> reads;
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    for (WriteJob* job : writes_) writes.push_back(job->shared_from_this());
    for (ReadJob* job : reads_) reads.push_back(job->shared_from_this());
  }
  for (const auto& job : writes) job->cancel();
  for (const auto& job : reads) job->cancel();
  workers_.at(monotonic_now() + kFarewell, [this] {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    sockets_.cancel();
  });
}

}  // namespace dfs::http
