#include "adapters/http/httplib_bridge.h"

#include <charconv>

namespace dfs::http {

Result<Framing> framing_of(const httplib::Headers& headers) {
  Framing framing;
  const auto [te_begin, te_end] = headers.equal_range("Transfer-Encoding");
  const auto [length_begin, length_end] = headers.equal_range("Content-Length");
  if (te_begin != te_end) {
    if (std::next(te_begin) != te_end || length_begin != length_end ||
        te_begin->second != "chunked") {
      return {Code::kInvalidArgument, "unsupported Transfer-Encoding"};
    }
    framing.chunked = true;
    return framing;
  }
  if (length_begin == length_end) return framing;
  const std::string& text = length_begin->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), framing.length);
  if (std::next(length_begin) != length_end || text.empty() || error != std::errc{} ||
      end != text.data() + text.size() || framing.length > INT64_MAX) {
    return {Code::kInvalidArgument, "malformed Content-Length"};
  }
  return framing;
}

ServerRequest to_server_request(const httplib::Request& request, Body& body) {
  ServerRequest result;
  result.method = request.method;
  result.path = request.path;
  result.parameters.assign(request.params.begin(), request.params.end());
  result.headers.assign(request.headers.begin(), request.headers.end());
  result.remote_host = request.remote_addr;
  result.body = &body;
  return result;
}

void to_httplib_response(ServerResponse&& response, httplib::Response& out) {
  out.status = response.status;
  for (const auto& [name, value] : response.headers) out.set_header(name, value);
  if (!response.stream) {
    out.body = std::move(response.body);
    if (!out.body.empty()) out.set_header("Content-Type", response.content_type);
    return;
  }
  const std::uint64_t length = response.stream_length;
  out.set_content_provider(length, response.content_type,
                           [length, write = std::move(response.stream)](
                               std::size_t offset, std::size_t, httplib::DataSink& sink) {
                             // Asked for again, or short: the writer has not kept its promise.
                             if (offset != 0) return false;
                             std::uint64_t written = 0;
                             const bool done = write([&](Bytes data) {
                               written += data.size();
                               if (written > length) return false;
                               // The return type differs between versions.
                               if constexpr (std::is_void_v<decltype(sink.write(nullptr, 0))>) {
                                 sink.write(as_text(data).data(), data.size());
                                 return true;
                               } else {
                                 return sink.write(as_text(data).data(), data.size());
                               }
                             });
                             return done && written == length;
                           });
}

}  // namespace dfs::http
