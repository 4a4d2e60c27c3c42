// Requests to the NameNode, "method\nbody": what is decoded is encoded to the same request.
#include "adapters/http/codec.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

void fuzz_request_message(Bytes input) {
  const std::string_view text = as_text(input);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view method = text.substr(0, end);
  const auto request = http::decode_request(method, text.substr(std::min(end + 1, text.size())));
  if (!request.ok()) {
    require(request.status().message().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  require(http::method_of(*request) == method, "a request keeps its method");
  const auto again = http::decode_request(method, http::encode_request(*request));
  require(again.ok() && *again == *request, "a request survives its text");
}

const Registration kRequestMessage({"request_message", fuzz_request_message});

}  // namespace
}  // namespace dfs::fuzz
