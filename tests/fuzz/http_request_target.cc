// Whole HTTP connections as a server meets them: whatever came before, the next client is served.
#include "tests/fuzz/echo_server.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void fuzz_http_request(Bytes input) {
  for (const EchoAnswer& answer : echo_server().exchange(as_text(input))) {
    require(answer.status >= 200 && answer.status < 600, "an answer has a status");
  }
  const auto next = echo_server().exchange(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  require(next.size() == 1 && next[0].status == 200 && next[0].body == "abc",
          "the next client is served");
}

const Registration kHttpRequest({"http_request", fuzz_http_request});

}  // namespace
}  // namespace dfs::fuzz
