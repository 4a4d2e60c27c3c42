// Replies of the NameNode as a client reads them, "method\nbody": whatever came, the reply that was
// made of it survives its own text.
#include <utility>

#include "adapters/http/codec.h"
#include "tests/fuzz/target.h"

namespace dfs::fuzz {
namespace {

template <std::size_t... I>
wire::Request request_of(std::string_view method, std::index_sequence<I...> /*all*/) {
  wire::Request found;
  const auto take = [&](wire::Request candidate) {
    if (http::method_of(candidate) == method) found = std::move(candidate);
  };
  (take(wire::Request(std::in_place_index<I>)), ...);
  return found;
}

void fuzz_reply_message(Bytes input) {
  const std::string_view text = as_text(input);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const wire::Request request = request_of(
      text.substr(0, end), std::make_index_sequence<std::variant_size_v<wire::Request>>());
  const wire::Reply reply =
      http::decode_reply(request, text.substr(std::min(end + 1, text.size())));
  if (std::holds_alternative<Status>(reply)) return;
  require(http::decode_reply(request, http::encode_reply(reply)) == reply,
          "a reply survives its text");
}

const Registration kReplyMessage({"reply_message", fuzz_reply_message});

}  // namespace
}  // namespace dfs::fuzz
