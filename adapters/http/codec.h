// Requests to the NameNode and their replies as text, generic over the Request variant: a message
// that is added to core/wire/requests.h needs no line here.
#pragma once

#include <string>
#include <string_view>

#include "core/wire/requests.h"
#include "core/wire/transfer.h"

namespace dfs::http {

[[nodiscard]] std::string_view method_of(const wire::Request& request);
[[nodiscard]] std::string encode_request(const wire::Request& request);
// kNotFound for a method that does not exist, kInvalidArgument or kTooLarge for a bad body; unknown
// fields are refused.
[[nodiscard]] Result<wire::Request> decode_request(std::string_view method, std::string_view body);

// A Status is encoded as an error.
[[nodiscard]] std::string encode_reply(const wire::Reply& reply);
// Decodes the body of a 200 answer to `request`; a reply that cannot be read is kInternal.
[[nodiscard]] wire::Reply decode_reply(const wire::Request& request, std::string_view body);

// A message as the value of an HTTP header: one line of JSON without control characters and '%',
// which cpp-httplib would decode.
[[nodiscard]] std::string escape_for_header(std::string_view json);
// A WriteHeader that fits into a header line of cpp-httplib (8 KiB): the path hint goes if it must.
[[nodiscard]] std::string write_header_value(const wire::WriteHeader& header);
[[nodiscard]] std::string read_header_value(const wire::ReadHeader& header);

inline constexpr std::size_t kMaxHeaderValue = 8000;

}  // namespace dfs::http
