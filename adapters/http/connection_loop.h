// Waits for many connections with few threads: all workers wait on one epoll instance, an idle
// connection costs a descriptor and no thread, and a connection with input is served by one worker.
//
// Knows nothing of HTTP. Workers are added while all are busy, up to a limit, and leave when they
// have had nothing to do for a while.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "adapters/http/server.h"
#include "adapters/http/socket.h"

namespace dfs::http {

struct Peer {
  Socket socket;
  std::string remote_host;
  int remote_port = 0;
};

class ConnectionLoop {
 public:
  // Serves what has arrived on the connection; false: close it. Called with input (or the end of
  // the stream) waiting. Must have consumed all that it has read.
  using Serve = std::function<bool(Peer&)>;

  ConnectionLoop(const ServerOptions& options, Serve serve);
  ~ConnectionLoop();

  [[nodiscard]] Status start();
  void stop(Duration grace);

  [[nodiscard]] const Socket& listener() const { return listener_; }
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::size_t threads() const;
  [[nodiscard]] bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    Peer peer;
    bool busy = false;
    Instant since;  // of its last state
  };

  void accept_connections();
  void accept_one();
  void close_old_connections(Instant now);
  void work(std::list<std::thread>::iterator self);
  Entry* take(std::uint64_t id);
  void give_back(std::uint64_t id, Entry& entry, bool keep);
  void add_worker_locked();
  void join_finished();

  const ServerOptions options_;
  const Serve serve_;
  Socket listener_;
  Socket epoll_;
  Socket wake_;  // an eventfd, readable for ever once the loop is stopping
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;

  mutable std::mutex mutex_;
  std::condition_variable all_idle_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Entry>> entries_;
  std::uint64_t next_id_ = 1;
  std::size_t busy_ = 0;
  std::list<std::thread> workers_;
  std::list<std::thread> finished_;
  std::size_t idle_workers_ = 0;
};

}  // namespace dfs::http
