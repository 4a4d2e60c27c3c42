#include "core/wire/json.h"

#include <algorithm>

namespace dfs::wire {

Result<boost::json::object> parse_object(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return {Code::kTooLarge, "message of " + std::to_string(text.size()) + " bytes; the limit is " +
                                 std::to_string(max_bytes)};
  }
  boost::json::parse_options options;
  options.max_depth = 16;
  boost::json::error_code error;
  boost::json::value value =
      boost::json::parse(boost::json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return {Code::kInvalidArgument, "malformed JSON: " + error.message()};
  if (!value.is_object()) return {Code::kInvalidArgument, "malformed message: not a JSON object"};
  return std::move(value.as_object());
}

namespace detail {

Status wrong_type(std::string_view name, std::string_view expected) {
  return {Code::kInvalidArgument,
          "field '" + std::string(name) + "' must be " + std::string(expected)};
}

void write_string(std::string& out, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
  });
  if (plain) {
    ((out += '"') += text) += '"';
  } else {
    out += boost::json::serialize(boost::json::string(text.data(), text.size()));
  }
}

Status unknown_key(std::string_view name) {
  return {Code::kInvalidArgument, "unknown field '" + std::string(name.substr(0, 64)) + "'"};
}

}  // namespace detail
}  // namespace dfs::wire
