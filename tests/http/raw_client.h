// A socket under a test's control: sends any bytes, reads answers one by one.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "adapters/http/answer_reader.h"
#include "adapters/http/socket.h"

namespace dfs::http {

inline constexpr Duration kPatience = seconds(20);  // for what must happen, not for how soon

template <class Holds>
bool eventually(Holds holds) {
  const Instant deadline = monotonic_now() + kPatience;
  while (!holds()) {
    if (monotonic_now() > deadline) return false;
  }
  return true;
}

struct RawAnswer {
  int status = 0;
  std::string body;
  bool stays = false;
};

class RawClient {
 public:
  explicit RawClient(const HostPort& server) {
    Result<Socket> socket = connect_to(server.text(), kPatience);
    if (!socket.ok()) return;
    socket_ = std::move(*socket);
    set_io_timeout(socket_.fd(), kPatience);
    reader_ = AnswerReader(socket_.fd());
  }

  [[nodiscard]] bool connected() const { return static_cast<bool>(socket_); }
  bool send(std::string_view text) { return send_all(socket_.fd(), as_bytes(text)).ok(); }
  // No more input will come.
  void end() { ::shutdown(socket_.fd(), SHUT_WR); }

  // Status 0: no (whole) answer came.
  RawAnswer answer() {
    RawAnswer result;
    if (!reader_.read_head(monotonic_now() + kPatience).ok()) return result;
    result.body.resize(static_cast<std::size_t>(reader_.body_left()));
    const MutableBytes out(reinterpret_cast<std::uint8_t*>(result.body.data()), result.body.size());
    if (!reader_.read_body(out).ok()) return result;
    result.status = reader_.status();
    result.stays = reader_.stays();
    return result;
  }
  // The stream has ended, by close or reset, and nothing more was on it.
  bool ended() {
    std::uint8_t byte = 0;
    Result<std::size_t> got = receive(socket_.fd(), {&byte, 1});
    return got.ok() ? *got == 0 : got.status().code() == Code::kUnavailable;
  }
  [[nodiscard]] int fd() const { return socket_.fd(); }

 private:
  Socket socket_;
  AnswerReader reader_{-1};
};

}  // namespace dfs::http
