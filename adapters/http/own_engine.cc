// cpp-httplib's parser and writer over connections of ours. Written for the versions named in
// adapters/CMakeLists.txt: it uses the protected process_request() and Stream's virtual functions.
#if defined(DFS_OWN_ENGINE)

#include <atomic>

#include "adapters/http/engine.h"
#include "adapters/http/errors.h"
#include "adapters/http/http_stream.h"

namespace dfs::http {
namespace {

// One request between its head and its answer.
struct Exchange {
  HttpStream& stream;
  httplib::Request* request = nullptr;  // once the head has been read
  bool awaits_continue = false;
  bool dispatched = false;
  bool close_after = false;
};

class OwnEngine final : public Engine, private httplib::Server {
 public:
  OwnEngine(const ServerOptions& options, Dispatch dispatch)
      : options_(options),
        dispatch_(std::move(dispatch)),
        loop_(options, [this](Peer& peer) { return serve(peer); }) {
    set_keep_alive_timeout(static_cast<time_t>(options.keep_alive.us / 1'000'000));
    set_keep_alive_max_count(1'000'000);
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (!response.body.empty()) return;
      const std::string number = " (HTTP " + std::to_string(response.status) + ")";
      const Status status = response.status >= 500
                                ? Status(Code::kInternal, "internal error" + number)
                                : Status(Code::kInvalidArgument, "malformed request" + number);
      response.set_content(error_body(status), "application/json");
    });
  }

  ~OwnEngine() override { stop(Duration{}); }

  Status start() override {
    Status status = loop_.start();
    if (!status.ok()) return status;
    port_ = port_of(loop_.listener());
    svr_sock_ = loop_.listener().fd();  // streamed answers end early without one
    return {};
  }

  void stop(Duration grace) override { loop_.stop(grace); }
  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] dfs::http::Server::Counters counters() const override {
    return {loop_.connections(), loop_.threads(), requests_.load(std::memory_order_relaxed)};
  }

 private:
  // The exchange that this thread is in: cpp-httplib has no place to hand it through.
  static Exchange*& current() {
    thread_local Exchange* exchange = nullptr;
    return exchange;
  }

  bool serve(Peer& peer) {
    thread_local WorkerBuffers buffers;
    HttpStream stream(peer, options_, buffers);
    do {
      if (!serve_one(stream)) return false;
    } while (stream.buffered() > 0);
    return true;
  }

  bool serve_one(HttpStream& stream) {
    stream.begin_request();
    Exchange exchange{stream};
    current() = &exchange;
    bool client_closes = false;
    const bool answered =
        process(*this, stream, loop_.stopping(), client_closes, [&](httplib::Request& request) {
          exchange.request = &request;
          prepare(exchange);
        });
    current() = nullptr;
    if (!answered && !exchange.dispatched && stream.head_too_long()) refuse_head(stream);
    const bool sent = stream.flush();
    if (sent && (!exchange.dispatched || exchange.close_after)) stream.linger();
    return answered && sent && exchange.dispatched && !exchange.close_after && !client_closes;
  }

  // A template, so that only the form that this version of cpp-httplib has is compiled.
  template <class Self>
  static bool process(Self& self, HttpStream& stream, bool close, bool& client_closes,
                      const std::function<void(httplib::Request&)>& setup) {
    if constexpr (requires { self.process_request(stream, close, client_closes, setup); }) {
      return self.process_request(stream, close, client_closes, setup);
    } else {
      std::string host;
      int port = 0;
      stream.get_remote_ip_and_port(host, port);
      return self.process_request(stream, host, port, "", 0, close, client_closes, setup);
    }
  }

  // cpp-httplib gives up without an answer when even the first line does not end.
  static void refuse_head(HttpStream& stream) {
    const std::string body = error_body({Code::kTooLarge, "the request's head is too long"});
    const std::string head =
        "HTTP/1.1 431 Request Header Fields Too Large\r\n"
        "Connection: close\r\nContent-Type: application/json\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n";
    stream.write(head.data(), head.size());
    stream.write(body.data(), body.size());
  }

  // Takes over what cpp-httplib would act upon by itself.
  static void prepare(Exchange& exchange) {
    httplib::Request& request = *exchange.request;
    exchange.awaits_continue = request.get_header_value("Expect") == "100-continue";
    request.headers.erase("Expect");
    request.headers.erase("Accept-Encoding");
    request.ranges.clear();
  }

  void answer(const httplib::Request& request, httplib::Response& out) {
    Exchange& exchange = *current();
    exchange.dispatched = true;
    requests_.fetch_add(1, std::memory_order_relaxed);
    ServerResponse response;
    const Result<Framing> framing = framing_of(request.headers);
    if (!framing.ok()) {
      response.fail(framing.status());
      exchange.close_after = true;
    } else {
      StreamBody body(exchange.stream, *framing, exchange.awaits_continue);
      dispatch_(to_server_request(request, body), response);
      exchange.close_after = !body.drain();
    }
    if (exchange.close_after) {
      exchange.request->headers.erase("Connection");
      exchange.request->set_header("Connection", "close");
    }
    to_httplib_response(std::move(response), out);
  }

  const ServerOptions options_;
  const Dispatch dispatch_;
  std::atomic<std::uint64_t> requests_{0};
  std::uint16_t port_ = 0;
  ConnectionLoop loop_;
};

}  // namespace

std::unique_ptr<Engine> make_own_engine(const ServerOptions& options, Engine::Dispatch dispatch) {
  return std::make_unique<OwnEngine>(options, std::move(dispatch));
}

}  // namespace dfs::http

#else

#include "adapters/http/engine.h"

namespace dfs::http {

std::unique_ptr<Engine> make_own_engine(const ServerOptions& options, Engine::Dispatch dispatch) {
  return make_plain_engine(options, std::move(dispatch));
}

}  // namespace dfs::http

#endif
