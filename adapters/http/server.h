// The HTTP server of this project: cpp-httplib parses requests and writes answers; connections,
// threads and bodies are ours, because of what the packaged version does with them.
//
// Cured here, and therefore nowhere else: no TCP_NODELAY, a backlog of 5, SO_REUSEPORT, a thread
// and a poll every 10 ms for each idle connection, 5 requests a connection, stop() that waits for
// idle connections, lost pipelined requests, PUT and POST without a body that block, unread bodies
// parsed as the next request, 100-continue sent before anybody looked, bodies received 4 KiB at a
// time, descriptors above 1023 refused, unlimited heads.
//
// Handlers run on the server's threads, several at once. Limits: a request line and each header
// line 8 KiB, a head 64 KiB and 30 s, max_connections connections, max_threads requests at once (a
// transfer is one request).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/http/socket.h"
#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/base/time.h"

namespace dfs::http {

struct ServerOptions {
  HostPort listen{"127.0.0.1", 0};  // port 0: any free one
  std::size_t max_threads = 256;
  std::size_t max_connections = 16384;
  Duration io_timeout = seconds(60);    // of one send or receive
  Duration head_timeout = seconds(30);  // from the first byte of a request to the end of its head
  Duration keep_alive = seconds(300);   // an idle connection is closed after it
  std::uint64_t drain_bytes = std::uint64_t{16} << 20;  // of a body that its handler did not read
  Duration drain_time = seconds(2);
  bool plain = false;  // cpp-httplib's own server, whatever the version
};

// The body of a request. What a handler leaves unread is drained, or the connection is closed.
class Body {
 public:
  virtual ~Body() = default;
  // Content-Length; none for a chunked body, 0 without a body.
  [[nodiscard]] virtual std::optional<std::uint64_t> length() const = 0;
  // Hands the body over in pieces of 256 KiB, each filled before it is handed over, the last one
  // shorter. A sink that returns false ends it with ok. kUnavailable or kTimedOut: the body was cut
  // short, and what came is not the whole.
  [[nodiscard]] virtual Status receive(const std::function<bool(Bytes)>& sink) = 0;

  // All of it; kTooLarge beyond `max_bytes`.
  [[nodiscard]] Result<std::string> text(std::size_t max_bytes);
};

struct ServerRequest {
  std::string method;
  std::string path;                                             // decoded once
  std::vector<std::pair<std::string, std::string>> parameters;  // of the query, decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;
  std::string remote_host;
  Body* body = nullptr;  // never null in a handler

  // The first header of that name, whatever its case; null if there is none.
  [[nodiscard]] const std::string* header(std::string_view name) const;
};

// Where a streamed answer goes. False: the client is gone.
using Sink = std::function<bool(Bytes)>;

struct ServerResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // Instead of body: exactly stream_length bytes, written by `stream`. False: it could not write
  // them all, and the connection is closed, so that the client sees a short body.
  std::uint64_t stream_length = 0;
  std::function<bool(const Sink&)> stream;

  void fail(const Status& error);
};

class Server {
 public:
  using Handler = std::function<void(const ServerRequest&, ServerResponse&)>;

  explicit Server(ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // `path` is exact, or everything below a folder if it ends in "/*". Before start(). A GET handler
  // answers HEAD too. A request with parameters in its query is refused: no handler takes any. So
  // is any but GET and HEAD that a browser sends for another site's page (header Origin).
  void handle(std::string method, std::string path, Handler handler);

  // Binds and serves. "127.0.0.1:8000: Address already in use" if somebody else does.
  [[nodiscard]] Status start();
  // The bound address, with the real port.
  [[nodiscard]] HostPort address() const;
  // Accepts nothing more, closes idle connections at once and those in use after `grace`, returns
  // when all handlers have returned.
  void stop(Duration grace = milliseconds(200));

  struct Counters {
    std::uint64_t connections = 0;  // open now
    std::uint64_t threads = 0;      // now
    std::uint64_t requests = 0;     // ever
  };
  [[nodiscard]] Counters counters() const;

 private:
  struct Route;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dfs::http
