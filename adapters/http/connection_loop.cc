#include "adapters/http/connection_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

namespace dfs::http {
namespace {

constexpr int kBacklog = 1024;
constexpr std::uint64_t kWakeId = 0;
constexpr std::size_t kKeptWorkers = 2;
constexpr int kWorkerPatienceMs = 10'000;

void describe_remote(const sockaddr_storage& from, Peer& peer) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (from.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &from, sizeof(v6));
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    peer.remote_port = ntohs(v6.sin6_port);
  } else {
    sockaddr_in v4{};
    std::memcpy(&v4, &from, sizeof(v4));
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    peer.remote_port = ntohs(v4.sin_port);
  }
  peer.remote_host = text.data();
}

}  // namespace

ConnectionLoop::ConnectionLoop(const ServerOptions& options, Serve serve)
    : options_(options), serve_(std::move(serve)) {}

ConnectionLoop::~ConnectionLoop() { stop(Duration{}); }

Status ConnectionLoop::start() {
  Result<Socket> listener = listen_on(options_.listen, kBacklog);
  if (!listener.ok()) return listener.status();
  listener_ = std::move(*listener);
  epoll_ = Socket(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = Socket(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeId;
  if (!epoll_ || !wake_ || ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, wake_.fd(), &event) != 0) {
    return {Code::kIo, std::string("epoll: ") + std::strerror(errno)};
  }
  {
    const std::lock_guard lock(mutex_);
    add_worker_locked();
  }
  acceptor_ = std::thread([this] { accept_connections(); });
  return {};
}

void ConnectionLoop::stop(Duration grace) {
  if (!acceptor_.joinable()) return;
  stopping_ = true;
  const std::uint64_t one = 1;
  while (::write(wake_.fd(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
  acceptor_.join();
  listener_.close();
  {
    std::unique_lock lock(mutex_);
    std::erase_if(entries_, [](const auto& item) { return !item.second->busy; });
    all_idle_.wait_for(lock, std::chrono::microseconds(grace.us), [this] { return busy_ == 0; });
    for (auto& [id, entry] : entries_) ::shutdown(entry->peer.socket.fd(), SHUT_RDWR);
  }
  for (;;) {
    std::list<std::thread> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.splice(waiting.end(), finished_);
      if (waiting.empty() && workers_.empty()) break;
    }
    for (std::thread& worker : waiting) worker.join();
    std::unique_lock lock(mutex_);
    all_idle_.wait(lock, [this] { return !finished_.empty() || workers_.empty(); });
  }
  entries_.clear();
}

std::size_t ConnectionLoop::connections() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::size_t ConnectionLoop::threads() const {
  const std::lock_guard lock(mutex_);
  return workers_.size();
}

void ConnectionLoop::accept_connections() {
  std::array<pollfd, 2> entries{pollfd{listener_.fd(), POLLIN, 0}, pollfd{wake_.fd(), POLLIN, 0}};
  Instant swept = monotonic_now();
  while (!stopping_) {
    const int ready = ::poll(entries.data(), entries.size(), 5'000);
    if (ready > 0 && (entries[0].revents & POLLIN) != 0) accept_one();
    const Instant now = monotonic_now();
    if (now - swept >= seconds(5)) {
      swept = now;
      close_old_connections(now);
      join_finished();
    }
  }
}

void ConnectionLoop::accept_one() {
  sockaddr_storage from{};
  socklen_t size = sizeof(from);
  Socket socket(::accept4(listener_.fd(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC));
  if (!socket) {
    // Out of descriptors: those of idle connections come back soon; spinning would not help.
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return;
  }
  set_no_delay(socket.fd());
  set_io_timeout(socket.fd(), options_.io_timeout);
  auto entry = std::make_unique<Entry>();
  describe_remote(from, entry->peer);
  entry->peer.socket = std::move(socket);
  entry->since = monotonic_now();
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= options_.max_connections) return;
  const std::uint64_t id = next_id_++;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.u64 = id;
  const int fd = entry->peer.socket.fd();
  entries_.emplace(id, std::move(entry));
  if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, fd, &event) != 0) entries_.erase(id);
}

void ConnectionLoop::close_old_connections(Instant now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const auto& item) {
    return !item.second->busy && now - item.second->since > options_.keep_alive;
  });
}

void ConnectionLoop::join_finished() {
  std::list<std::thread> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.splice(finished.end(), finished_);
  }
  for (std::thread& worker : finished) worker.join();
}

void ConnectionLoop::add_worker_locked() {
  const auto self = workers_.emplace(workers_.end());
  try {
    *self = std::thread([this, self] { work(self); });
    ++idle_workers_;
  } catch (const std::system_error&) {
    workers_.erase(self);  // as many as the system allows: the others go on
  }
}

void ConnectionLoop::work(std::list<std::thread>::iterator self) {
  for (;;) {
    epoll_event event{};
    const int ready = ::epoll_wait(epoll_.fd(), &event, 1, kWorkerPatienceMs);
    if (ready > 0 && event.data.u64 != kWakeId) {
      if (Entry* entry = take(event.data.u64)) {
        const bool keep = serve_(entry->peer);
        give_back(event.data.u64, *entry, keep && !stopping_);
      }
    }
    const std::lock_guard lock(mutex_);
    const bool spare = ready == 0 && idle_workers_ > kKeptWorkers;
    if (!stopping_ && !spare) continue;
    --idle_workers_;
    finished_.splice(finished_.end(), workers_, self);
    all_idle_.notify_all();
    return;
  }
}

ConnectionLoop::Entry* ConnectionLoop::take(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second->busy || stopping_) return nullptr;
  found->second->busy = true;
  ++busy_;
  --idle_workers_;
  if (idle_workers_ == 0 && workers_.size() < options_.max_threads) add_worker_locked();
  return found->second.get();
}

void ConnectionLoop::give_back(std::uint64_t id, Entry& entry, bool keep) {
  const std::lock_guard lock(mutex_);
  --busy_;
  ++idle_workers_;
  if (busy_ == 0) all_idle_.notify_all();
  entry.busy = false;
  entry.since = monotonic_now();
  epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.u64 = id;
  if (!keep || ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, entry.peer.socket.fd(), &event) != 0) {
    entries_.erase(id);
  }
}

}  // namespace dfs::http
