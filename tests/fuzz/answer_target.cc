// Answers to an HTTP client: a body that is read is the bytes that follow a head, and whole.
#include "adapters/http/answer_reader.h"

#include <sys/socket.h>

#include <algorithm>

#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

constexpr std::size_t kFitsASocket = 32 * 1024;

void fuzz_answer(Bytes input) {
  const Bytes sent = input.first(std::min(input.size(), kFitsASocket));
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "there are sockets");
  http::Socket server(ends[0]);
  const http::Socket client(ends[1]);
  require(http::send_all(server.fd(), sent).ok(), "it fits");
  server.close();

  http::AnswerReader reader(client.fd());
  if (!reader.read_head(http::monotonic_now() + seconds(5)).ok()) return;
  require(reader.status() >= 200 && reader.status() <= 999, "an answer has a final status");
  const std::uint64_t length = reader.body_left();
  if (length > sent.size()) return;
  std::vector<std::uint8_t> body(static_cast<std::size_t>(length));
  if (!reader.read_body(body).ok()) return;
  require(reader.body_left() == 0, "all of the body was read");
  const std::string expected = "\r\n\r\n" + std::string(as_text(body));
  require(as_text(sent).find(expected) != std::string_view::npos, "the body follows a head");
}

const Registration kAnswer({"answer", fuzz_answer});

}  // namespace
}  // namespace dfs::fuzz
