// One client process towards a cluster: calls, writes and reads that block until they are done.
//
// Runs the machines of core/client with real sockets, threads and time. Thread-safe: any number of
// calls, writes and reads at once. Memory per read is window × parallel × fetch_bytes, per write
// 256 KiB a block in flight.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "adapters/http/client_source.h"
#include "adapters/http/client_workers.h"
#include "adapters/http/socket_client.h"
#include "core/client/reader.h"
#include "core/client/rpc.h"
#include "core/client/writer.h"

namespace dfs::http {

struct SessionOptions {
  std::vector<std::string> namenodes;  // "host:port"
  std::string user;
  client::RetryOptions retry;
  ClientOptions sockets;
};

// "http://a:8000,http://b:8000" as addresses; kInvalidArgument otherwise.
[[nodiscard]] Result<std::vector<std::string>> parse_namenodes(std::string_view urls);

// Bytes moved so far, for a progress bar; goes back when a block must be sent again.
using Progress = std::atomic<std::int64_t>;

// Takes what a read delivers. opened() comes first; write() is called from several threads at once,
// unless the read's options ask for one block and one fetch at a time.
class ReadSink {
 public:
  virtual ~ReadSink() = default;
  [[nodiscard]] virtual Status opened(const wire::FileStatus& /*file*/) { return {}; }
  [[nodiscard]] virtual Status write(std::uint64_t offset, Bytes data) = 0;
};

class WriteJob;
class ReadJob;

class ClientSession {
 public:
  explicit ClientSession(SessionOptions options);
  // Cuts off what is still under way.
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  template <class T>
  [[nodiscard]] Result<typename T::Reply> call(T request) {
    wire::Reply reply = call_any(std::move(request));
    if (auto* status = std::get_if<Status>(&reply)) return std::move(*status);
    auto* value = std::get_if<typename T::Reply>(&reply);
    if (value == nullptr) return {Code::kInternal, "the NameNode's answer makes no sense"};
    return std::move(*value);
  }
  [[nodiscard]] wire::Reply call_any(wire::Request request);
  // The identity of the cluster, asked for once.
  [[nodiscard]] Result<std::string> cluster();

  // Durable and visible when ok. Unset retry options are the session's.
  [[nodiscard]] Result<wire::FileStatus> write(client::WriteOptions options,
                                               std::shared_ptr<BlockSource> source,
                                               Progress* progress = nullptr);
  // Everything of the range was given to `sink` when ok.
  [[nodiscard]] Result<wire::FileStatus> read(client::ReadOptions options, ReadSink& sink,
                                              Progress* progress = nullptr);

  // Where to reach a DataNode, best first. Behind a port mapping the address that is meant for
  // clients may lead nowhere or to another node from here; the one that worked last comes first.
  [[nodiscard]] std::vector<std::string> addresses_of(const wire::NodeAddress& node);
  void reached(const wire::NodeAddress& node, const std::string& address);

  // Makes writes abandon what they do and reads end; later ones end at once.
  void interrupt();
  [[nodiscard]] bool interrupted() const { return interrupted_; }

  [[nodiscard]] SocketClient& sockets() { return sockets_; }
  [[nodiscard]] Workers& workers() { return workers_; }
  [[nodiscard]] const SessionOptions& options() const { return options_; }

 private:
  wire::Reply run(client::Call& call, client::CallEffects& effects);

  const SessionOptions options_;
  SocketClient sockets_;
  std::mutex mutex_;  // guards numbers_, cluster_, jobs and the sleep of calls
  std::condition_variable wake_;
  client::RequestNumbers numbers_;
  std::string cluster_;
  std::uint64_t calls_ = 0;
  std::set<NodeId> reached_as_peer_;
  std::set<WriteJob*> writes_;
  std::set<ReadJob*> reads_;
  std::atomic<bool> interrupted_ = false;
  bool closing_ = false;
  Workers workers_;  // last: its threads use the rest
};

}  // namespace dfs::http
