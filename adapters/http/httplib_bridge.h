// Between cpp-httplib's requests and answers and ours. The only header besides http_stream.h that
// includes httplib.h; both are for this folder's engines only.
#pragma once

#include <httplib.h>

#include "adapters/http/server.h"

namespace dfs::http {

// How the body of a request is framed, from its headers. kInvalidArgument for a request that could
// be read in two ways (several lengths, a length beside chunks).
struct Framing {
  bool chunked = false;
  std::uint64_t length = 0;
};
[[nodiscard]] Result<Framing> framing_of(const httplib::Headers& headers);

[[nodiscard]] ServerRequest to_server_request(const httplib::Request& request, Body& body);
void to_httplib_response(ServerResponse&& response, httplib::Response& out);

}  // namespace dfs::http
