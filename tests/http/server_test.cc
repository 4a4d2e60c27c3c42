#include "adapters/http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/http/errors.h"
#include "tests/http/raw_client.h"

namespace dfs::http {
namespace {

// Echoes bodies, refuses without reading, counts, streams, blocks.
class ServerTest : public testing::Test {
 protected:
  ServerTest() { set_up(options_); }

  void set_up(const ServerOptions& options) {
    server_ = std::make_unique<Server>(options);
    server_->handle("GET", "/hello", [](const ServerRequest&, ServerResponse& response) {
      response.body = "hello";
    });
    const auto echo = [](const ServerRequest& request, ServerResponse& response) {
      Result<std::string> body = request.body->text(std::size_t{4} << 20);
      if (!body.ok()) return response.fail(body.status());
      response.body = request.method + ":" + *body;
    };
    server_->handle("PUT", "/echo", echo);
    server_->handle("POST", "/echo", echo);
    server_->handle("PUT", "/refuse", [](const ServerRequest&, ServerResponse& response) {
      response.fail({Code::kPermissionDenied, "no"});
    });
    server_->handle("PUT", "/count",
                    [this](const ServerRequest& request, ServerResponse& response) {
                      enter();
                      std::uint64_t bytes = 0;
                      const Status status = request.body->receive([&](Bytes data) {
                        bytes += data.size();
                        pieces_.push_back(data.size());
                        return true;
                      });
                      if (!status.ok()) {
                        ++cut_short_;
                        return response.fail(status);
                      }
                      response.body = std::to_string(bytes);
                    });
    server_->handle("GET", "/stream/*", [](const ServerRequest& request, ServerResponse& response) {
      const bool break_off = request.path == "/stream/short";
      response.stream_length = 3'000'000;
      response.stream = [break_off](const Sink& sink) {
        const std::string part(break_off ? 1'000'000 : 3'000'000, 'x');
        return sink(as_bytes(part)) && !break_off;
      };
    });
    server_->handle("GET", "/throw", [](const ServerRequest&, ServerResponse&) {
      throw std::runtime_error("unlucky");
    });
    server_->handle("GET", "/throw_oddly", [](const ServerRequest&, ServerResponse&) { throw 1; });
    server_->handle("PUT", "/first_piece",
                    [](const ServerRequest& request, ServerResponse& response) {
                      const Status status = request.body->receive([](Bytes) { return false; });
                      response.body = std::string(to_string(status.code()));
                    });
    server_->handle("GET", "/block", [this](const ServerRequest&, ServerResponse& response) {
      enter();
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return released_; });
      response.body = "done";
    });
    const Status status = server_->start();
    ASSERT_TRUE(status.ok()) << status.message();
  }

  void TearDown() override { release(); }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  void enter() {
    const std::lock_guard lock(mutex_);
    ++entered_;
    changed_.notify_all();
  }
  void wait_until_entered(int n) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::microseconds(kPatience.us),
                                  [&] { return entered_ >= n; }));
  }
  [[nodiscard]] HostPort at() const { return server_->address(); }

  ServerOptions options_;
  std::vector<std::size_t> pieces_;
  std::atomic<int> cut_short_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  int entered_ = 0;
  std::unique_ptr<Server> server_;
};

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

std::string put(const std::string& path, const std::string& body) {
  return "PUT " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// What the library's own server does not do, whatever its version.
#if defined(DFS_OWN_ENGINE)

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
  RawClient client(at());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.send(kHello));
    const RawAnswer answer = client.answer();
    ASSERT_EQ(answer.status, 200) << "request " << i;
    ASSERT_EQ(answer.body, "hello");
    ASSERT_TRUE(answer.stays);
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrderWithNoneLost) {
  RawClient client(at());
  std::string all;
  for (int i = 0; i < 200; ++i) all += put("/echo", std::to_string(i));
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.answer().body, "PUT:" + std::to_string(i));
}

TEST_F(ServerTest, TakesAPutOrPostWithoutABodyAsAnEmptyOne) {
  RawClient client(at());
  for (const char* method : {"PUT", "POST"}) {
    ASSERT_TRUE(client.send(std::string(method) + " /echo HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(client.answer().body, std::string(method) + ":");
  }
}

TEST_F(ServerTest, DoesNotTakeAnUnreadBodyForTheNextRequest) {
  RawClient client(at());
  ASSERT_TRUE(client.send(put("/refuse", std::string(kHello)) + std::string(kHello)));
  EXPECT_EQ(client.answer().status, 403);
  const RawAnswer next = client.answer();
  EXPECT_EQ(next.status, 200);
  EXPECT_EQ(next.body, "hello");
}

TEST_F(ServerTest, AnswersARefusedBigBodyAndThenCloses) {
  RawClient client(at());
  ASSERT_TRUE(client.send("PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n"));
  const std::string piece(1 << 20, 'x');
  int sent = 0;
  while (sent < 64 && client.send(piece)) ++sent;
  const RawAnswer answer = client.answer();
  EXPECT_EQ(answer.status, 403);
  EXPECT_FALSE(answer.stays);
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, AnswersBeforeTheBodyWhenTheClientAsksFirst) {
  RawClient client(at());
  const std::string head =
      " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  ASSERT_TRUE(client.send("PUT /refuse" + head));
  const RawAnswer refused = client.answer();
  EXPECT_EQ(refused.status, 403);
  EXPECT_FALSE(refused.stays);

  RawClient second(at());
  ASSERT_TRUE(second.send("PUT /echo" + head));
  ASSERT_TRUE(wait_readable(second.fd(), kPatience));  // 100 Continue
  ASSERT_TRUE(second.send("12345"));
  EXPECT_EQ(second.answer().body, "PUT:12345");
}

TEST_F(ServerTest, ReceivesABodyInFullPieces) {
  RawClient client(at());
  ASSERT_TRUE(client.send(put("/count", std::string(600 * 1024, 'x'))));
  EXPECT_EQ(client.answer().body, std::to_string(600 * 1024));
  EXPECT_EQ(pieces_, (std::vector<std::size_t>{256 * 1024, 256 * 1024, 88 * 1024}));
}

TEST_F(ServerTest, ReceivesAChunkedBody) {
  RawClient client(at());
  std::string message = "PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  message += "5\r\nhello\r\n1;name=value\r\n \r\n5\r\nworld\r\n0\r\nTrailer: x\r\n\r\n";
  ASSERT_TRUE(client.send(message + std::string(kHello)));
  EXPECT_EQ(client.answer().body, "PUT:hello world");
  EXPECT_EQ(client.answer().body, "hello");
}

TEST_F(ServerTest, ABodyThatIsCutShortIsAnErrorAndNotAShorterBody) {
  for (const char* message : {"PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
                              "PUT /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n",
                              "PUT /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n0\r\n"}) {
    const int before = cut_short_;
    RawClient client(at());
    ASSERT_TRUE(client.send(message));
    client.end();
    EXPECT_EQ(client.answer().status, 503) << message;
    EXPECT_EQ(cut_short_, before + 1) << message;
  }
}

TEST_F(ServerTest, RefusesRequestsThatCouldBeReadInTwoWays) {
  for (const char* headers :
       {"Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: -1\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 0x3\r\n",
        "Transfer-Encoding: gzip\r\n"}) {
    RawClient client(at());
    ASSERT_TRUE(client.send(std::string("PUT /echo HTTP/1.1\r\nHost: a\r\n") + headers + "\r\n"));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 400) << headers;
    EXPECT_FALSE(answer.stays) << headers;
  }
}

TEST_F(ServerTest, AnswersGarbageWithAnErrorAndCloses) {
  RawClient client(at());
  ASSERT_TRUE(client.send("this is no request\r\n\r\n"));
  EXPECT_EQ(client.answer().status, 400);
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, BoundsTheHeadOfARequest) {
  RawClient client(at());
  ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: a\r\n"));
  const std::string line = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 200 && client.send(line); ++i) {
  }
  EXPECT_EQ(client.answer().status, 400);
}

TEST_F(ServerTest, ABodyLargerThanItsHandlerTakesIsRefused) {
  RawClient client(at());
  ASSERT_TRUE(client.send(put("/echo", std::string((4 << 20) + 1, 'x'))));
  EXPECT_EQ(client.answer().status, 413);
}

TEST_F(ServerTest, SaysWhatIsWrongWithThePathOrTheMethod) {
  RawClient client(at());
  ASSERT_TRUE(client.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.answer().status, 404);
  ASSERT_TRUE(client.send("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.answer().status, 405);
  ASSERT_TRUE(client.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n"));
  const RawAnswer thrown = client.answer();
  EXPECT_EQ(thrown.status, 500);
  EXPECT_NE(thrown.body.find("unlucky"), std::string::npos);
}

TEST_F(ServerTest, ABreakdownBelowTheHandlersIsNoFaultOfTheRequest) {
  RawClient client(at());
  ASSERT_TRUE(client.send("GET /throw_oddly HTTP/1.1\r\nHost: a\r\n\r\n"));
  const RawAnswer answer = client.answer();
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(error_from_body(answer.status, answer.body).code(), Code::kInternal) << answer.body;
}

// A browser sends such a request unasked, whatever page it shows, and says which.
TEST_F(ServerTest, ChangesNothingForAPageOfAnotherSite) {
  RawClient client(at());
  const auto asked = [&](const std::string& line, const std::string& headers) {
    EXPECT_TRUE(
        client.send(line + " HTTP/1.1\r\nHost: a:1\r\nContent-Length: 0\r\n" + headers + "\r\n"));
    return client.answer().status;
  };
  for (const char* origin : {"http://evil", "http://a", "http://a:2", "null", "ftp://a:1",
                             "http://a:1.evil", "http://a:1/"}) {
    const std::string header = std::string("Origin: ") + origin + "\r\n";
    EXPECT_EQ(asked("POST /echo", header), 403) << origin;
    EXPECT_EQ(asked("PUT /echo", header), 403) << origin;
    EXPECT_EQ(asked("GET /hello", header), 200) << origin;
  }
  for (const char* origin : {"http://a:1", "https://a:1", "http://A:1"}) {
    EXPECT_EQ(asked("POST /echo", std::string("Origin: ") + origin + "\r\n"), 200) << origin;
  }
  EXPECT_EQ(asked("POST /echo", ""), 200);
  ASSERT_TRUE(client.send("HEAD /hello HTTP/1.1\r\nHost: a:1\r\nOrigin: http://evil\r\n\r\n"));
  AnswerReader head(client.fd());
  ASSERT_TRUE(head.read_head(monotonic_now() + kPatience).ok());
  EXPECT_EQ(head.status(), 200);
}

TEST_F(ServerTest, StreamsAnAnswerOfKnownLength) {
  RawClient client(at());
  ASSERT_TRUE(client.send("GET /stream/all HTTP/1.1\r\nHost: a\r\nRange: bytes=0-10\r\n\r\n"));
  const RawAnswer answer = client.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.size(), 3'000'000U);
  ASSERT_TRUE(client.send(kHello));
  EXPECT_EQ(client.answer().body, "hello");
}

TEST_F(ServerTest, AStreamedAnswerThatFailsMidwayIsSeenAsCutShort) {
  RawClient client(at());
  ASSERT_TRUE(client.send("GET /stream/short HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.answer().status, 0);
}

TEST_F(ServerTest, KeepsAThousandIdleConnectionsWithoutThreads) {
  std::vector<RawClient> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.emplace_back(at());
    ASSERT_TRUE(idle.back().connected()) << i;
  }
  for (RawClient& client : idle) {
    ASSERT_TRUE(client.send(kHello));
    ASSERT_EQ(client.answer().body, "hello");
  }
  EXPECT_EQ(server_->counters().connections, 1000U);
  EXPECT_LT(server_->counters().threads, 50U);
}

TEST_F(ServerTest, ServesOthersWhileManyHandlersBlock) {
  std::vector<RawClient> blocked;
  for (int i = 0; i < 40; ++i) {
    blocked.emplace_back(at());
    ASSERT_TRUE(blocked.back().send("GET /block HTTP/1.1\r\nHost: a\r\n\r\n"));
  }
  wait_until_entered(40);
  RawClient client(at());
  ASSERT_TRUE(client.send(kHello));
  EXPECT_EQ(client.answer().body, "hello");
  release();
  for (RawClient& other : blocked) EXPECT_EQ(other.answer().body, "done");
}

TEST_F(ServerTest, ASecondServerOnThePortIsRefusedWithAClearError) {
  ServerOptions options;
  options.listen = at();
  for (const bool plain : {false, true}) {
    options.plain = plain;
    Server second(options);
    const Status status = second.start();
    EXPECT_EQ(status.message(), at().text() + ": Address already in use");
  }
}

TEST_F(ServerTest, StopsAtOnceThoughIdleConnectionsLive) {
  RawClient client(at());
  ASSERT_TRUE(client.send(kHello));
  ASSERT_EQ(client.answer().status, 200);
  std::vector<RawClient> silent;
  for (int i = 0; i < 20; ++i) silent.emplace_back(at());
  server_->stop();
  EXPECT_TRUE(client.ended());
  for (RawClient& other : silent) EXPECT_TRUE(other.ended());
}

TEST_F(ServerTest, StopEndsATransferThatStalls) {
  RawClient client(at());
  ASSERT_TRUE(client.send("PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"));
  wait_until_entered(1);  // it waits for a body that never comes
  server_->stop(milliseconds(1));
  EXPECT_EQ(cut_short_, 1);
}

#endif

// The fallback for other versions of cpp-httplib does the same work with the library's own server.
class PlainServerTest : public ServerTest {
 protected:
  PlainServerTest() {
    options_.plain = true;
    options_.max_threads = 8;
    options_.drain_bytes = 1000;
    server_.reset();
    set_up(options_);
  }
};

TEST_F(PlainServerTest, AnswersRequestsWithAndWithoutBodies) {
  RawClient client(at());
  ASSERT_TRUE(client.send(kHello));
  EXPECT_EQ(client.answer().body, "hello");
  ASSERT_TRUE(client.send("PUT /echo HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.answer().body, "PUT:");
  ASSERT_TRUE(client.send(put("/count", std::string(600 * 1024, 'x'))));
  EXPECT_EQ(client.answer().body, std::to_string(600 * 1024));
  EXPECT_EQ(pieces_.size(), 3U);
  ASSERT_TRUE(client.send(put("/refuse", "body")));
  EXPECT_EQ(client.answer().status, 403);
  ASSERT_TRUE(client.send("GET /stream/all HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.answer().body.size(), 3'000'000U);
}

TEST_F(PlainServerTest, ClosesAfterABodyThatWasNotReadWholeSoThatItsRestIsNoRequest) {
  const std::string rest(600 * 1024, 'x');  // of which a piece of 256 KiB is read
  for (const std::string& message :
       {put("/refuse", rest), put("/first_piece", rest),
        "GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kHello.size()) +
            "\r\n\r\n" + std::string(kHello)}) {
    RawClient client(at());
    client.send(message);
    const RawAnswer answer = client.answer();
    EXPECT_NE(answer.status, 0) << message.substr(0, 20);
    EXPECT_FALSE(answer.stays) << message.substr(0, 20);
    EXPECT_TRUE(client.ended()) << message.substr(0, 20);
  }
}

}  // namespace
}  // namespace dfs::http
