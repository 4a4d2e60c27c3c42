// A server that answers POST /echo with the body that it got, and a connection's way through it.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "adapters/http/answer_reader.h"
#include "adapters/http/server.h"

namespace dfs::fuzz {

struct EchoAnswer {
  int status = 0;
  std::string body;
};

class EchoServer {
 public:
  static constexpr std::size_t kMaxBody = 64 * 1024;

  EchoServer() : server_({}) {
    server_.handle("POST", "/echo",
                   [](const http::ServerRequest& request, http::ServerResponse& response) {
                     Result<std::string> text = request.body->text(kMaxBody);
                     if (!text.ok()) return response.fail(text.status());
                     response.body = std::move(*text);
                   });
    started_ = server_.start().ok();
  }

  // Sends the bytes as all that a client has to say; the whole answers that came.
  std::vector<EchoAnswer> exchange(std::string_view sent) {
    std::vector<EchoAnswer> answers;
    Result<http::Socket> socket = http::connect_to(server_.address().text(), seconds(20));
    if (!started_ || !socket.ok()) return answers;
    http::set_io_timeout(socket->fd(), seconds(20));
    // A server that has refused the head takes no more: what matters is what it answers.
    static_cast<void>(http::send_all(socket->fd(), as_bytes(sent)));
    ::shutdown(socket->fd(), SHUT_WR);
    http::AnswerReader reader(socket->fd());
    while (reader.read_head(http::monotonic_now() + seconds(20)).ok()) {
      EchoAnswer answer{reader.status(), std::string(reader.body_left(), '\0')};
      if (!reader
               .read_body({reinterpret_cast<std::uint8_t*>(answer.body.data()), answer.body.size()})
               .ok()) {
        break;
      }
      answers.push_back(std::move(answer));
    }
    return answers;
  }

 private:
  http::Server server_;
  bool started_ = false;
};

inline EchoServer& echo_server() {
  static EchoServer server;
  return server;
}

}  // namespace dfs::fuzz
