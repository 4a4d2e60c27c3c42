#include "adapters/http/codec.h"

#include "adapters/http/errors.h"
#include "core/wire/json.h"

namespace dfs::http {
namespace {

// Tries the variant's alternatives in turn; the method's name picks one.
template <std::size_t kIndex = 0>
Result<wire::Request> decode_as(std::string_view method, std::string_view body) {
  if constexpr (kIndex == std::variant_size_v<wire::Request>) {
    return {Code::kNotFound, "unknown method '" + std::string(method.substr(0, 64)) + "'"};
  } else {
    using T = std::variant_alternative_t<kIndex, wire::Request>;
    if (method != T::kMethod) return decode_as<kIndex + 1>(method, body);
    Result<T> message = wire::from_json_text<T>(body, wire::UnknownKeys::kReject);
    if (!message.ok()) return message.status();
    return wire::Request(std::move(*message));
  }
}

}  // namespace

std::string_view method_of(const wire::Request& request) {
  return std::visit([]<class T>(const T&) { return T::kMethod; }, request);
}

std::string encode_request(const wire::Request& request) {
  return std::visit([](const auto& message) { return wire::to_json_text(message); }, request);
}

Result<wire::Request> decode_request(std::string_view method, std::string_view body) {
  return decode_as(method, body);
}

std::string encode_reply(const wire::Reply& reply) {
  return std::visit(
      []<class T>(const T& message) -> std::string {
        if constexpr (std::is_same_v<T, Status>) {
          return error_body(message);
        } else {
          return wire::to_json_text(message);
        }
      },
      reply);
}

wire::Reply decode_reply(const wire::Request& request, std::string_view body) {
  return std::visit(
      [body]<class T>(const T&) -> wire::Reply {
        auto reply = wire::from_json_text<typename T::Reply>(body, wire::UnknownKeys::kIgnore);
        if (reply.ok()) return std::move(*reply);
        return Status(Code::kInternal, "unreadable reply: " + reply.status().message());
      },
      request);
}

std::string escape_for_header(std::string_view json) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(json.size());
  for (char c : json) {
    if (c == '%' || c == 0x7f) {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

std::string write_header_value(const wire::WriteHeader& header) {
  std::string value = escape_for_header(wire::to_json_text(header));
  if (value.size() <= kMaxHeaderValue || header.path_hint.empty()) return value;
  wire::WriteHeader shorter = header;
  shorter.path_hint.clear();
  return escape_for_header(wire::to_json_text(shorter));
}

std::string read_header_value(const wire::ReadHeader& header) {
  return escape_for_header(wire::to_json_text(header));
}

}  // namespace dfs::http
