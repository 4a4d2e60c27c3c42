// httplib::Server as it comes, for versions that OwnEngine was not written for: settings instead of
// cures. Its limits: a thread a connection, bodies in small pieces, answers of 100-continue before
// the handler looked.
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "adapters/http/engine.h"
#include "adapters/http/httplib_bridge.h"
#include "adapters/http/socket_client.h"

namespace dfs::http {
namespace {

// A body behind cpp-httplib's content reader.
class ReaderBody : public Body {
 public:
  ReaderBody(const Framing& framing, const httplib::ContentReader* reader)
      : framing_(framing),
        reader_(reader),
        whole_(!framing.chunked && framing.length == 0),
        ended_(reader == nullptr || whole_) {}

  [[nodiscard]] std::optional<std::uint64_t> length() const override {
    if (framing_.chunked) return std::nullopt;
    return framing_.length;
  }

  // Nothing of the body is left on the connection.
  [[nodiscard]] bool read_whole() const { return whole_; }

  [[nodiscard]] Status receive(const std::function<bool(Bytes)>& sink) override {
    if (ended_) return {};
    ended_ = true;
    std::string piece;
    bool stopped = false;
    whole_ = (*reader_)([&](const char* data, std::size_t size) {
      piece.append(data, size);
      while (piece.size() >= kIoBytes && !stopped) {
        stopped = !sink(as_bytes(std::string_view(piece).substr(0, kIoBytes)));
        piece.erase(0, kIoBytes);
      }
      return !stopped;
    });
    if (stopped) return {};
    if (!whole_) {
      return {Code::kUnavailable, "the connection ended in the middle of the request's body"};
    }
    if (!piece.empty()) sink(as_bytes(piece));
    return {};
  }

 private:
  const Framing framing_;
  const httplib::ContentReader* reader_;
  bool whole_;
  bool ended_;
};

class PlainEngine final : public Engine {
 public:
  PlainEngine(const ServerOptions& options, Dispatch dispatch)
      : options_(options), dispatch_(std::move(dispatch)) {}
  ~PlainEngine() override { stop(Duration{}); }

  Status start() override {
    configure();
    const HostPort& at = options_.listen;
    const int port = at.port == 0 ? server_.bind_to_any_port(at.host)
                                  : (server_.bind_to_port(at.host, at.port) ? at.port : -1);
    if (port <= 0) return {Code::kUnavailable, at.text() + ": Address already in use"};
    port_ = static_cast<std::uint16_t>(port);
    ::listen(listener_, 1024);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() has no effect before the loop runs.
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {};
  }

  void stop(Duration /*grace*/) override {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  [[nodiscard]] Server::Counters counters() const override { return {0, 0, requests_}; }

 private:
  void configure() {
    server_.new_task_queue = [n = options_.max_threads] { return new httplib::ThreadPool(n); };
    server_.set_tcp_nodelay(true);
    server_.set_keep_alive_max_count(1'000'000);
    server_.set_keep_alive_timeout(5);
    server_.set_read_timeout(options_.io_timeout.us / 1'000'000);
    server_.set_write_timeout(options_.io_timeout.us / 1'000'000);
    server_.set_socket_options([this](auto fd) {
      const int one = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
      listener_ = fd;
    });
    const std::string everything = R"([\s\S]*)";
    const auto plain = [this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response, nullptr);
    };
    const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                  const httplib::ContentReader& reader) {
      answer(request, response, &reader);
    };
    server_.Get(everything, plain);
    server_.Options(everything, plain);
    server_.Put(everything, with_body);
    server_.Post(everything, with_body);
    server_.Delete(everything, with_body);
  }

  void answer(const httplib::Request& request, httplib::Response& out,
              const httplib::ContentReader* reader) {
    requests_.fetch_add(1, std::memory_order_relaxed);
    ServerResponse response;
    bool stays = false;
    const Result<Framing> framing = framing_of(request.headers);
    if (!framing.ok()) {
      response.fail(framing.status());
    } else {
      ReaderBody body(*framing, reader);
      dispatch_(to_server_request(request, body), response);
      drain(body);
      stays = body.read_whole();
    }
    if (!stays) close_after(response);
    to_httplib_response(std::move(response), out);
  }

  // What is left of a body must not be taken for the next request. The library closes after an
  // answer whose content could not be written: it is told so once all of it was. (Without content
  // that is left to the client.)
  static void close_after(ServerResponse& response) {
    response.headers.emplace_back("Connection", "close");
    if (!response.stream) {
      response.stream_length = response.body.size();
      response.stream = [body = std::move(response.body)](const Sink& sink) {
        return sink(as_bytes(body));
      };
    }
    response.stream = [stream = std::move(response.stream)](const Sink& sink) {
      static_cast<void>(stream(sink));
      return false;
    };
  }

  void drain(ReaderBody& body) const {
    std::uint64_t left = options_.drain_bytes;
    const Status discarded = body.receive([&left](Bytes data) {
      left -= std::min<std::uint64_t>(left, data.size());
      return left > 0;
    });
    static_cast<void>(discarded);
  }

  const ServerOptions options_;
  const Dispatch dispatch_;
  httplib::Server server_;
  std::thread thread_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> requests_{0};
};

}  // namespace

std::unique_ptr<Engine> make_plain_engine(const ServerOptions& options, Engine::Dispatch dispatch) {
  return std::make_unique<PlainEngine>(options, std::move(dispatch));
}

}  // namespace dfs::http
