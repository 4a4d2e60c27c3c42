// A simulated client process: it runs puts, gets and single calls, several at a time.
//
// Puts and gets are the client library's Writer and Reader machines, calls its Call; this glue
// carries their messages, gives every connection a time limit and hands results to who asked. When
// the process dies nobody is answered.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/sim/network.h"
#include "adapters/sim/process.h"
#include "core/client/reader.h"
#include "core/client/writer.h"

namespace dfs::sim {

using JobId = std::uint64_t;

struct PutJob {
  client::WriteOptions options;
  std::uint64_t length = 0;
  // Bytes [offset, offset + length) of the source.
  std::function<SharedBytes(std::uint64_t offset, std::uint64_t length)> source;
  Duration produce;                     // until the next block of the source is there
  std::function<void(InodeId)> opened;  // the pending file, as soon as the client knows it
  std::function<void(const Status&, const wire::FileStatus&)> done;
};
struct GetJob {
  client::ReadOptions options;
  std::function<void(const wire::FileStatus&)> opened;
  std::function<void(std::uint64_t offset, Bytes data)> piece;
  Duration consume;  // of a piece; meanwhile the read does not go on
  std::function<void(const Status&)> done;
};
struct CallJob {
  wire::Request request;
  client::RetryOptions retry;
  std::function<void(const wire::Reply&)> done;
};

struct ClientOptions {
  std::string client;  // 32 hexadecimal digits; made anew for every start
  std::string cluster;
  std::vector<Address> namenodes;
  std::uint64_t piece_bytes = 64 * 1024;  // of a body, at once
  Duration transfer_timeout = seconds(30);
  Duration fetch_timeout = seconds(10);
  client::RetryOptions retry;  // of the calls that puts and gets make
};

// What the simulator wants to know of a client's attempts (B3).
using AttemptObserver =
    std::function<void(JobId job, std::uint64_t call, std::uint64_t attempt, Now now)>;

class ClientNode final : public Process, public Endpoint {
 public:
  ClientNode(EventQueue& queue, Network& network, Address address, ClockSkew skew, Random random);
  ~ClientNode() override;

  void start(ClientOptions options);
  void die(bool silent);
  void observe_attempts(AttemptObserver observer) { attempt_observer_ = std::move(observer); }

  JobId put(PutJob job);
  JobId get(GetJob job);
  JobId call(CallJob job);
  // Ctrl-C on a put.
  void cancel(JobId job);

  [[nodiscard]] std::size_t running() const { return jobs_.size(); }
  [[nodiscard]] const std::string& client() const { return options_.client; }

  Process& process() override { return *this; }
  void on_message(ConnectionId connection, Message&& message) override;
  void on_broken(ConnectionId connection, const Status& status, bool sent) override;

 private:
  class Job;
  class Put;
  class Get;
  class Single;
  // A Call machine that runs for a job.
  struct RunningCall {
    JobId job = 0;
    std::uint64_t number = 0;  // the job's own
    std::unique_ptr<client::Call> machine;
  };
  // What a connection is open for.
  enum class Purpose { kAttempt, kTransfer, kFetch };
  struct Open {
    Purpose purpose = Purpose::kAttempt;
    std::uint64_t call = 0;    // of an attempt
    JobId job = 0;             // of a transfer or fetch
    std::uint64_t number = 0;  // attempt, transfer or fetch
    std::uint32_t crc = 0;     // of the bytes that a transfer sent
  };

  void start_call(JobId job, std::uint64_t number, wire::Request request,
                  client::RetryOptions retry);
  void carry_out(std::uint64_t call, client::CallEffects effects);
  void call_done(std::uint64_t call, wire::Reply reply);
  void start_transfer(JobId job, const client::SendBlock& send, const SharedBytes& bytes);
  void start_fetch(JobId job, const client::Fetch& fetch);
  void limit(ConnectionId connection, Duration timeout);
  void connection_failed(ConnectionId connection, const Open& open, const Status& status,
                         bool sent);
  [[nodiscard]] std::optional<Work> work_of(const Open& open, const Message& message) const;
  void answered(ConnectionId connection, const Open& open, Message&& message);
  [[nodiscard]] Job* find(JobId job);
  void sweep(JobId job);

  Network& network_;
  Random random_;
  ClientOptions options_;
  AttemptObserver attempt_observer_;
  std::unique_ptr<client::RequestNumbers> numbers_;
  std::map<JobId, std::unique_ptr<Job>> jobs_;
  std::map<std::uint64_t, RunningCall> calls_;
  std::map<ConnectionId, Open> open_;
  JobId next_job_ = 1;
  std::uint64_t next_call_ = 1;
};

}  // namespace dfs::sim
