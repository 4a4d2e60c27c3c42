// Chunked bodies: cut into chunks anyhow, a body arrives as it was, and without its last chunk not
// at all.
//
// The input is the body; the first byte of each chunk says how long the chunk is.
#include <algorithm>
#include <cstdio>

#include "tests/fuzz/echo_server.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void fuzz_http_body(Bytes input) {
  const std::string_view body = as_text(input.first(std::min(input.size(), EchoServer::kMaxBody)));
  std::string sent =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t length =
        std::min<std::size_t>(body.size() - at, 1 + static_cast<std::uint8_t>(body[at]) * 7u);
    char size[32];
    std::snprintf(size, sizeof size, (at & 1) != 0 ? "%zX\r\n" : "%zx;x=y\r\n", length);
    sent += size + std::string(body.substr(at, length)) + "\r\n";
    at += length;
  }
  const auto whole = echo_server().exchange(sent + "0\r\n\r\n");
  require(whole.size() == 1 && whole[0].status == 200 && whole[0].body == body,
          "a body arrives as it was");
  const auto cut = echo_server().exchange(sent);
  require(std::ranges::none_of(cut, [](const EchoAnswer& answer) { return answer.status == 200; }),
          "a body without its end is none");
}

const Registration kHttpBody({"http_body", fuzz_http_body});

}  // namespace
}  // namespace dfs::fuzz
