#include "adapters/http/socket_client.h"

#include <gtest/gtest.h>

#include <thread>

#include "adapters/http/codec.h"
#include "adapters/http/errors.h"
#include "adapters/http/server.h"
#include "core/base/crc32c.h"
#include "core/wire/json.h"
#include "tests/http/raw_client.h"

namespace dfs::http {
namespace {

class SocketClientTest : public testing::Test {
 protected:
  void serve(const HostPort& listen = {"127.0.0.1", 0}) {
    ServerOptions options;
    options.listen = listen;
    server_ = std::make_unique<Server>(options);
    server_->handle("POST", "/api/v1/*",
                    [](const ServerRequest& request, ServerResponse& response) {
                      Result<std::string> body = request.body->text(wire::kMaxMessageBytes);
                      ASSERT_TRUE(body.ok());
                      Result<wire::Request> decoded = decode_request(request.path.substr(8), *body);
                      if (!decoded.ok()) return response.fail(decoded.status());
                      const auto* stat = std::get_if<wire::Stat>(&*decoded);
                      if (stat == nullptr)
                        return response.fail({Code::kSafeMode, "safe mode is on"});
                      wire::FileStatus status;
                      status.name = stat->path;
                      response.body = encode_reply(status);
                    });
    server_->handle("PUT", "/blocks/v1/*",
                    [this](const ServerRequest& request, ServerResponse& response) {
                      header_ = *request.header("x-dfs-write");
                      if (refuse_blocks_)
                        return response.fail({Code::kNoSpace, "the disk is full"});
                      wire::WriteReply reply;
                      const Status status = request.body->receive([&](Bytes data) {
                        reply.replica.length += data.size();
                        reply.replica.crc = crc32c(data, reply.replica.crc);
                        return true;
                      });
                      if (!status.ok()) return response.fail(status);
                      response.body = wire::to_json_text(reply);
                    });
    server_->handle("GET", "/blocks/v1/*", [this](const ServerRequest&, ServerResponse& response) {
      response.body = range_answer_;
    });
    ASSERT_TRUE(server_->start().ok());
  }
  [[nodiscard]] std::string at() const { return server_->address().text(); }

  SocketClient client_;
  std::unique_ptr<Server> server_;
  bool refuse_blocks_ = false;
  std::string header_;
  std::string range_answer_;
};

TEST_F(SocketClientTest, CallsAMethodAndReadsItsReply) {
  serve();
  for (int i = 0; i < 3; ++i) {
    const CallResult result = client_.call(at(), wire::Stat{"/a/\"ü"}, kPatience);
    ASSERT_TRUE(result.answered);
    ASSERT_TRUE(std::holds_alternative<wire::FileStatus>(result.reply));
    EXPECT_EQ(std::get<wire::FileStatus>(result.reply).name, "/a/\"ü");
  }
  EXPECT_EQ(server_->counters().connections, 1U);
}

TEST_F(SocketClientTest, GivesTheServersErrorAsItIs) {
  serve();
  const CallResult result = client_.call(at(), wire::List{}, kPatience);
  EXPECT_TRUE(result.answered);
  EXPECT_EQ(std::get<Status>(result.reply), Status(Code::kSafeMode, "safe mode is on"));
}

// Of a proxy, or of an HTTP library: the NameNode may have executed the request all the same.
TEST_F(SocketClientTest, AnAnswerThatIsNotTheNameNodesOwnWordIsNone) {
  for (const Answer& answer :
       {Answer{502, "<html>Bad Gateway</html>"}, Answer{504, "too late"}, Answer{200, "<html>"},
        Answer{200, R"({"length": "long"})"}, Answer{500, R"({"error": "sorry"})"}}) {
    Server proxy({});
    proxy.handle("POST", "/api/v1/*", [&](const ServerRequest&, ServerResponse& response) {
      response.status = answer.status;
      response.body = answer.body;
    });
    ASSERT_TRUE(proxy.start().ok());
    const CallResult result = client_.call(proxy.address().text(), wire::Stat{"/a"}, kPatience);
    EXPECT_FALSE(result.answered) << answer.body;
    EXPECT_TRUE(result.sent) << answer.body;
    EXPECT_EQ(std::get<Status>(result.reply).code(), Code::kInternal) << answer.body;
  }
}

TEST_F(SocketClientTest, KnowsThatARequestToNobodyWasNotSent) {
  Result<Socket> taken = listen_on({"127.0.0.1", 0}, 1);
  ASSERT_TRUE(taken.ok());
  const std::string nobody = HostPort{"127.0.0.1", port_of(*taken)}.text();
  taken->close();
  const CallResult result = client_.call(nobody, wire::Stat{"/a"}, kPatience);
  EXPECT_FALSE(result.answered);
  EXPECT_FALSE(result.sent);
  EXPECT_EQ(std::get<Status>(result.reply).code(), Code::kUnavailable);
}

TEST_F(SocketClientTest, KnowsThatAnUnansweredRequestMayHaveArrived) {
  const Result<Socket> silent = listen_on({"127.0.0.1", 0}, 1);
  ASSERT_TRUE(silent.ok());
  const std::string address = HostPort{"127.0.0.1", port_of(*silent)}.text();
  const CallResult result = client_.call(address, wire::Stat{"/a"}, milliseconds(50));
  EXPECT_FALSE(result.answered);
  EXPECT_TRUE(result.sent);
  EXPECT_EQ(std::get<Status>(result.reply).code(), Code::kTimedOut);
}

TEST_F(SocketClientTest, AKeptConnectionToARestartedServerIsReplacedUnseen) {
  serve();
  ASSERT_TRUE(client_.call(at(), wire::Stat{"/a"}, kPatience).answered);
  const HostPort address = server_->address();
  server_.reset();
  serve(address);
  EXPECT_TRUE(client_.call(at(), wire::Stat{"/a"}, kPatience).answered);
}

TEST_F(SocketClientTest, UploadsABlock) {
  serve();
  wire::WriteHeader header;
  header.block = BlockId{7};
  header.path_hint = "/50%25 \"off\"\x7f";
  const std::string data(1'000'000, 'x');
  header.length = data.size();
  Result<BlockUpload> upload = BlockUpload::open(client_, at(), header);
  ASSERT_TRUE(upload.ok());
  ASSERT_TRUE(upload->send(as_bytes(data)).ok());
  const Result<wire::WriteReply> reply = upload->finish();
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->replica.crc, crc32c(as_bytes(data)));
  const auto seen = wire::from_json_text<wire::WriteHeader>(header_, wire::UnknownKeys::kReject);
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(*seen, header);
}

// Such a connection may have died unseen, and what was sent on it cannot be sent again.
TEST_F(SocketClientTest, AnUploadIsMadeOnAConnectionOfItsOwn) {
  serve();
  ASSERT_TRUE(client_.call(at(), wire::Stat{"/a"}, kPatience).answered);
  ASSERT_EQ(server_->counters().connections, 1U);
  Result<BlockUpload> upload = BlockUpload::open(client_, at(), {});
  ASSERT_TRUE(upload.ok());
  ASSERT_TRUE(upload->finish().ok());
  EXPECT_EQ(server_->counters().connections, 2U);
}

TEST_F(SocketClientTest, LeavesOutAPathHintThatDoesNotFitAHeader) {
  serve();
  wire::WriteHeader header;
  header.path_hint = std::string(9000, '%');
  Result<BlockUpload> upload = BlockUpload::open(client_, at(), header);
  ASSERT_TRUE(upload.ok());
  EXPECT_TRUE(upload->finish().ok());
}

TEST_F(SocketClientTest, GivesTheReasonOfARefusedUpload) {
  serve();
  refuse_blocks_ = true;
  wire::WriteHeader header;
  header.length = std::uint64_t{1} << 30;
  Result<BlockUpload> upload = BlockUpload::open(client_, at(), header);
  ASSERT_TRUE(upload.ok());
  const std::string piece(kIoBytes, 'x');
  Status status;
  for (int i = 0; i < 4096 && status.ok(); ++i) status = upload->send(as_bytes(piece));
  EXPECT_EQ(status, Status(Code::kNoSpace, "the disk is full"));
  EXPECT_FALSE(upload->send(as_bytes(piece)).ok());
}

class RangeTest : public SocketClientTest {
 protected:
  RangeTest() : data_(150'000, 'd') {
    asked_.block = {BlockId{7}, data_.size(), crc32c(as_bytes(data_))};
    asked_.offset = 70'000;
    asked_.length = 10;
    const wire::GranuleRange range = wire::widen(70'000, 10, data_.size());
    std::uint8_t raw[wire::kRangeHeaderBytes];
    wire::encode_range_header({asked_.block, range.offset, range.length}, raw);
    whole_.assign(as_text(Bytes(raw)));
    whole_.append(3 * 4, '\1');
    whole_.append(data_, range.offset, range.length);
  }
  Status read(const std::string& answer) {
    if (!server_) serve();
    range_answer_ = answer;
    return client_.read_range(at(), asked_, answer_);
  }

  std::string data_;
  wire::ReadHeader asked_;
  std::string whole_;
  RangeAnswer answer_;
};

TEST_F(RangeTest, ReadsHeaderChecksumsAndData) {
  const Status status = read(whole_);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(answer_.header.offset, 65536U);
  EXPECT_EQ(answer_.granule_crcs, std::vector<std::uint32_t>(3, 0x01010101));
  EXPECT_EQ(as_text(answer_.data.view()), data_.substr(65536, 65536));
}

TEST_F(RangeTest, RefusesWhatIsNotTheRangeThatWasAskedFor) {
  EXPECT_EQ(read("").code(), Code::kCorrupt);
  EXPECT_EQ(read(whole_.substr(0, whole_.size() - 1)).code(), Code::kCorrupt);
  EXPECT_EQ(read(whole_ + "x").code(), Code::kCorrupt);
  std::string flipped = whole_;
  flipped[20] = static_cast<char>(flipped[20] ^ 1);
  EXPECT_EQ(read(flipped).code(), Code::kCorrupt);
  asked_.offset = 0;
  EXPECT_EQ(read(whole_).code(), Code::kCorrupt);
  asked_.offset = 70'000;
  EXPECT_TRUE(read(whole_).ok()) << "the connection is still good";
}

TEST_F(SocketClientTest, CancelEndsWhatWaitsAndRefusesWhatFollows) {
  const Result<Socket> silent = listen_on({"127.0.0.1", 0}, 1);
  ASSERT_TRUE(silent.ok());
  const std::string address = HostPort{"127.0.0.1", port_of(*silent)}.text();
  CallResult result;
  std::thread caller([&] { result = client_.call(address, wire::Stat{"/a"}, seconds(3600)); });
  ASSERT_TRUE(wait_readable(silent->fd(), kPatience));
  client_.cancel();
  caller.join();
  EXPECT_FALSE(result.answered);
  EXPECT_FALSE(client_.call(address, wire::Stat{"/a"}, seconds(3600)).answered);
}

TEST(HostPort, AcceptsHostsAndPortsAndNothingElse) {
  EXPECT_EQ(parse_host_port("a:1")->text(), "a:1");
  EXPECT_EQ(parse_host_port("[::1]:80")->text(), "[::1]:80");
  for (const char* bad : {"", "a", ":1", "a:", "a:x", "a:65536", "a:-1", "::1:80", "a:1 "}) {
    EXPECT_FALSE(parse_host_port(bad).ok()) << bad;
  }
  EXPECT_EQ(parse_url("http://localhost:8000/", 1)->text(), "localhost:8000");
  EXPECT_EQ(parse_url("localhost", 8000)->text(), "localhost:8000");
  for (const char* bad : {"", "http://", "https://a:1", "http://a:1/b"}) {
    EXPECT_FALSE(parse_url(bad, 1).ok()) << bad;
  }
}

}  // namespace
}  // namespace dfs::http
