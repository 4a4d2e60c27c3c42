#include "adapters/http/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>

namespace dfs::http {
namespace {

std::string error_text(int error) { return std::strerror(error); }

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> resolve(const HostPort& at, bool passive) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
  addrinfo* list = nullptr;
  const std::string port = std::to_string(at.port);
  int error = ::getaddrinfo(at.host.c_str(), port.c_str(), &hints, &list);
  // The C library knows localhost only from /etc/hosts, which the smallest systems do not have.
  if (error != 0 && at.host == "localhost") {
    error = ::getaddrinfo("127.0.0.1", port.c_str(), &hints, &list);
  }
  if (error != 0) return {Code::kUnavailable, at.text() + ": " + ::gai_strerror(error)};
  return Addresses(list);
}

int poll_timeout_ms(Duration timeout) {
  return static_cast<int>(std::clamp<std::int64_t>((timeout.us + 999) / 1000, 0, 1 << 30));
}

bool wait_for(int fd, short events, Duration timeout) {
  const Instant deadline = monotonic_now() + timeout;
  pollfd entry{fd, events, 0};
  for (;;) {
    const int ready = ::poll(&entry, 1, poll_timeout_ms(deadline - monotonic_now()));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

// Connects one non-blocking socket; returns 0 or the error number.
int connect_within(int fd, const addrinfo& address, Duration timeout) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_for(fd, POLLOUT, timeout)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

bool Socket::close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

std::string HostPort::text() const {
  const bool bare = host.find(':') == std::string::npos;
  return (bare ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto bad = [&] {
    return Status(Code::kInvalidArgument,
                  std::string(text.substr(0, 300)) + ": not of the form HOST:PORT");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.size() > 300) return bad();
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad();
  }
  HostPort result;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
  if (host.empty() || digits.empty() || error != std::errc{} ||
      end != digits.data() + digits.size()) {
    return bad();
  }
  result.host = host;
  return result;
}

Result<HostPort> parse_url(std::string_view text, std::uint16_t default_port) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = text;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  while (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  if (rest.empty() || rest.find('/') != std::string_view::npos) {
    return {Code::kInvalidArgument,
            std::string(text.substr(0, 300)) + ": not a URL of the form http://HOST:PORT"};
  }
  const bool has_port = rest.rfind(':') != std::string_view::npos && rest.back() != ']';
  if (has_port) return parse_host_port(rest);
  return parse_host_port(std::string(rest) + ":" + std::to_string(default_port));
}

Result<Socket> listen_on(const HostPort& at, int backlog) {
  Result<Addresses> addresses = resolve(at, true);
  if (!addresses.ok()) return addresses.status();
  int error = EADDRNOTAVAIL;
  for (const addrinfo* a = addresses->get(); a != nullptr; a = a->ai_next) {
    Socket socket(::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol));
    const int one = 1;
    if (socket && ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        ::bind(socket.fd(), a->ai_addr, a->ai_addrlen) == 0 &&
        ::listen(socket.fd(), backlog) == 0) {
      return socket;
    }
    error = errno;
  }
  return {Code::kUnavailable, at.text() + ": " + error_text(error)};
}

std::uint16_t port_of(const Socket& socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof(v6));
    return ntohs(v6.sin6_port);
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &storage, sizeof(v4));
  return ntohs(v4.sin_port);
}

Result<Socket> connect_to(std::string_view address, Duration timeout) {
  Result<HostPort> to = parse_host_port(address);
  if (!to.ok()) return to.status();
  Result<Addresses> addresses = resolve(*to, false);
  if (!addresses.ok()) return addresses.status();
  const Instant deadline = monotonic_now() + timeout;
  int error = ETIMEDOUT;
  for (const addrinfo* a = addresses->get(); a != nullptr; a = a->ai_next) {
    const Duration left = deadline - monotonic_now();
    if (left.us <= 0) break;
    Socket socket(
        ::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol));
    if (!socket) {
      error = errno;
      continue;
    }
    error = connect_within(socket.fd(), *a, left);
    if (error != 0) continue;
    const int flags = ::fcntl(socket.fd(), F_GETFL);
    ::fcntl(socket.fd(), F_SETFL, flags & ~O_NONBLOCK);
    set_no_delay(socket.fd());
    return socket;
  }
  return {Code::kUnavailable, to->text() + ": " + error_text(error)};
}

void set_io_timeout(int fd, Duration timeout) {
  timeval value{};
  value.tv_sec = timeout.us / 1'000'000;
  value.tv_usec = timeout.us % 1'000'000;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof(value));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof(value));
}

void set_no_delay(int fd) {
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

Status send_all(int fd, Bytes data) {
  while (!data.empty()) {
    const ssize_t sent = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      data = data.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return {Code::kTimedOut, "the other side took no data in time"};
    } else if (errno != EINTR) {
      return {Code::kUnavailable, "sending failed: " + error_text(errno)};
    }
  }
  return {};
}

Result<std::size_t> receive(int fd, MutableBytes out, bool fill) {
  std::size_t got = 0;
  while (got < out.size()) {
    const ssize_t n = ::recv(fd, out.data() + got, out.size() - got, fill ? MSG_WAITALL : 0);
    if (n == 0) break;
    if (n > 0) {
      got += static_cast<std::size_t>(n);
      if (!fill) break;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return {Code::kTimedOut, "the other side sent nothing in time"};
    } else if (errno != EINTR) {
      return {Code::kUnavailable, "receiving failed: " + error_text(errno)};
    }
  }
  return got;
}

bool wait_readable(int fd, Duration timeout) { return wait_for(fd, POLLIN, timeout); }

Instant monotonic_now() {
  using std::chrono::duration_cast;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {duration_cast<std::chrono::microseconds>(now).count()};
}

}  // namespace dfs::http
