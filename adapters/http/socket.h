// TCP sockets as this project uses them: owned descriptors, TCP_NODELAY, time-outs on everything,
// errors as Status values.
//
// Addresses are "host:port"; an IPv6 host stands in brackets. URLs "http://host:port" are accepted
// where people type them (parse_url).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/base/time.h"

namespace dfs::http {

// Owns one descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  // False, with errno: what was written to a file may not have arrived.
  bool close();

 private:
  int fd_ = -1;
};

struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  [[nodiscard]] std::string text() const;  // "host:port"
};
// "host:port"; kInvalidArgument otherwise. Port 0 is accepted (a listener: any free port).
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);
// "http://host:port", with or without "/" at the end and the scheme; the port defaults.
[[nodiscard]] Result<HostPort> parse_url(std::string_view text, std::uint16_t default_port);

// A listening socket with SO_REUSEADDR only, so that a second process on the port is refused:
// "127.0.0.1:8000: Address already in use".
[[nodiscard]] Result<Socket> listen_on(const HostPort& at, int backlog);
[[nodiscard]] std::uint16_t port_of(const Socket& socket);

// Connects within `timeout`, trying each address of the host. kUnavailable if nobody answers.
[[nodiscard]] Result<Socket> connect_to(std::string_view address, Duration timeout);

// Applies to each single send and receive that follows.
void set_io_timeout(int fd, Duration timeout);
void set_no_delay(int fd);

// Sends everything. kUnavailable: the other side is gone; kTimedOut: it takes nothing.
[[nodiscard]] Status send_all(int fd, Bytes data);
// Up to out.size() bytes, at least 1; 0 at the end of the stream. With `fill`, waits until all of
// `out` is filled, the stream ends or the time-out strikes with nothing received.
[[nodiscard]] Result<std::size_t> receive(int fd, MutableBytes out, bool fill = false);
// Waits until there is something to receive (or the stream has ended). False on time-out.
[[nodiscard]] bool wait_readable(int fd, Duration timeout);

// Monotonic microseconds, for time-outs of this folder's blocking code.
[[nodiscard]] Instant monotonic_now();

}  // namespace dfs::http
