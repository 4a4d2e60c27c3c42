// Messages as JSON (Boost.JSON), both ways.
//
// Integers travel as JSON integers, checked against the range of their C++ type; ids as integers;
// WallTime as milliseconds; Duration as microseconds; enumerations and Status codes by name;
// std::optional as the value or as no key at all. A missing key leaves the field's default.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "core/wire/fields.h"

namespace dfs::wire {

// What decoding does with a key that the message does not have. Servers reject it, so that a
// misspelt parameter is an error and not silently the default; clients accept replies of newer
// servers.
enum class UnknownKeys { kReject, kIgnore };

// Parses text as one JSON object of at most `max_bytes` and 16 levels; the error is one line.
[[nodiscard]] Result<boost::json::object> parse_object(std::string_view text,
                                                       std::size_t max_bytes);

namespace detail {

template <class T>
boost::json::value encode_value(const T& value);
template <class T>
Status decode_value(const boost::json::value& json, T& value, UnknownKeys unknown,
                    std::string_view name);
Status wrong_type(std::string_view name, std::string_view expected);
Status unknown_key(std::string_view name);

struct EncodeFields {
  boost::json::object& object;
  template <class T>
  void operator()(std::string_view name, const T& value) const {
    if constexpr (kIsOptional<T>) {
      if (!value) return;
      object.emplace(boost::json::string_view(name.data(), name.size()), encode_value(*value));
    } else {
      object.emplace(boost::json::string_view(name.data(), name.size()), encode_value(value));
    }
  }
};

struct DecodeFields {
  const boost::json::object& object;
  UnknownKeys unknown;
  Status& status;
  std::size_t& used;
  template <class T>
  void operator()(std::string_view name, T& value) const {
    if (!status.ok()) return;
    const boost::json::value* json =
        object.if_contains(boost::json::string_view(name.data(), name.size()));
    if (json == nullptr) return;
    ++used;
    if constexpr (kIsOptional<T>) {
      status = decode_value(*json, value.emplace(), unknown, name);
    } else {
      status = decode_value(*json, value, unknown, name);
    }
  }
};

struct FindUnknown {
  std::string_view key;
  bool& known;
  template <class T>
  void operator()(std::string_view name, const T& /*value*/) const {
    known = known || name == key;
  }
};

template <class T>
Status decode_message(const boost::json::object& object, T& message, UnknownKeys unknown) {
  Status status;
  std::size_t used = 0;
  T::fields(message, DecodeFields{object, unknown, status, used});
  if (!status.ok() || unknown == UnknownKeys::kIgnore || used == object.size()) return status;
  const auto key_of = [](const auto& entry) {
    return std::string_view(entry.key().data(), entry.key().size());
  };
  const auto stranger = std::find_if(object.begin(), object.end(), [&](const auto& entry) {
    bool known = false;
    T::fields(message, FindUnknown{key_of(entry), known});
    return !known;
  });
  DFS_ASSERT(stranger != object.end());
  return unknown_key(key_of(*stranger));
}

template <class T>
boost::json::value encode_value(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return boost::json::string(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return value;
  } else if constexpr (kIsId<T>) {
    return value.value;
  } else if constexpr (std::is_same_v<T, WallTime>) {
    return value.ms;
  } else if constexpr (std::is_same_v<T, Duration>) {
    return value.us;
  } else if constexpr (std::is_same_v<T, Status>) {
    const std::string_view code = to_string(value.code());
    return boost::json::object{{"code", boost::json::string(code.data(), code.size())},
                               {"message", value.message()}};
  } else if constexpr (NamedEnum<T>) {
    const std::string_view name = to_string(value);
    return boost::json::string(name.data(), name.size());
  } else if constexpr (kIsVector<T>) {
    boost::json::array array;
    array.reserve(value.size());
    for (const auto& element : value) array.push_back(encode_value(element));
    return array;
  } else if constexpr (Message<const T>) {
    boost::json::object object;
    T::fields(value, EncodeFields{object});
    return object;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<std::int64_t>(value);
  } else {
    static_assert(std::is_unsigned_v<T>);
    return static_cast<std::uint64_t>(value);
  }
}

// Appends what boost::json::serialize would make of encode_value(value), without the tree between.
void write_string(std::string& out, std::string_view text);
template <class T>
void write_value(std::string& out, const T& value);

struct WriteFields {
  std::string& out;
  char& separator;
  template <class T>
  void operator()(std::string_view name, const T& value) const {
    if constexpr (kIsOptional<T>) {
      if (value) (*this)(name, *value);
    } else {
      (((out += separator) += '"') += name) += "\":";
      separator = ',';
      write_value(out, value);
    }
  }
};

template <class T>
void write_value(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    write_string(out, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (kIsId<T>) {
    out += std::to_string(value.value);
  } else if constexpr (std::is_same_v<T, WallTime>) {
    out += std::to_string(value.ms);
  } else if constexpr (std::is_same_v<T, Duration>) {
    out += std::to_string(value.us);
  } else if constexpr (std::is_same_v<T, Status>) {
    write_string(out += "{\"code\":", to_string(value.code()));
    write_string(out += ",\"message\":", value.message());
    out += '}';
  } else if constexpr (NamedEnum<T>) {
    write_string(out, to_string(value));
  } else if constexpr (kIsVector<T>) {
    char separator = '[';
    for (const auto& element : value) {
      write_value(out += std::exchange(separator, ','), element);
    }
    out += separator == '[' ? "[]" : "]";
  } else if constexpr (Message<const T>) {
    char separator = '{';
    T::fields(value, WriteFields{out, separator});
    out += separator == '{' ? "{}" : "}";
  } else {
    static_assert(std::is_integral_v<T>);
    out += std::to_string(value);
  }
}

template <class T>
Status decode_integer(const boost::json::value& json, T& value, std::string_view name) {
  boost::json::error_code error;
  const T number = json.to_number<T>(error);
  if (error || json.is_double()) return wrong_type(name, "an integer in its range");
  value = number;
  return {};
}

template <class T>
Status decode_value(const boost::json::value& json, T& value, UnknownKeys unknown,
                    std::string_view name) {
  if constexpr (std::is_same_v<T, std::string>) {
    const boost::json::string* text = json.if_string();
    if (text == nullptr) return wrong_type(name, "a string");
    value.assign(text->data(), text->size());
    return {};
  } else if constexpr (std::is_same_v<T, bool>) {
    const bool* flag = json.if_bool();
    if (flag == nullptr) return wrong_type(name, "true or false");
    value = *flag;
    return {};
  } else if constexpr (kIsId<T>) {
    return decode_integer(json, value.value, name);
  } else if constexpr (std::is_same_v<T, WallTime>) {
    return decode_integer(json, value.ms, name);
  } else if constexpr (std::is_same_v<T, Duration>) {
    return decode_integer(json, value.us, name);
  } else if constexpr (std::is_same_v<T, Status>) {
    const boost::json::object* object = json.if_object();
    if (object == nullptr) return wrong_type(name, "an object");
    std::string code;
    std::string message;
    Status status;
    std::size_t used = 0;
    const DecodeFields visit{*object, unknown, status, used};
    visit("code", code);
    visit("message", message);
    if (!status.ok()) return status;
    const std::optional<Code> known = code_from_string(code);
    value = Status(known.value_or(Code::kInternal), std::move(message));
    return {};
  } else if constexpr (NamedEnum<T>) {
    const boost::json::string* text = json.if_string();
    if (text == nullptr || !from_string(std::string_view(text->data(), text->size()), value)) {
      return wrong_type(name, "one of its names");
    }
    return {};
  } else if constexpr (kIsVector<T>) {
    const boost::json::array* array = json.if_array();
    if (array == nullptr) return wrong_type(name, "an array");
    value.clear();
    value.reserve(array->size());
    for (const boost::json::value& element : *array) {
      Status status = decode_value(element, value.emplace_back(), unknown, name);
      if (!status.ok()) return status;
    }
    return {};
  } else if constexpr (Message<T>) {
    const boost::json::object* object = json.if_object();
    if (object == nullptr) return wrong_type(name, "an object");
    return decode_message(*object, value, unknown);
  } else {
    return decode_integer(json, value, name);
  }
}

}  // namespace detail

template <Message T>
[[nodiscard]] boost::json::object to_json(const T& message) {
  return detail::encode_value(message).as_object();
}

template <Message T>
[[nodiscard]] std::string to_json_text(const T& message) {
  std::string text;
  detail::write_value(text, message);
  return text;
}

template <Message T>
[[nodiscard]] Result<T> from_json(const boost::json::object& object, UnknownKeys unknown) {
  T message;
  Status status = detail::decode_message(object, message, unknown);
  if (!status.ok()) return status;
  return message;
}

// Control messages are small; block data never travels as JSON.
inline constexpr std::size_t kMaxMessageBytes = std::size_t{8} << 20;

template <Message T>
[[nodiscard]] Result<T> from_json_text(std::string_view text, UnknownKeys unknown) {
  Result<boost::json::object> object = parse_object(text, kMaxMessageBytes);
  if (!object.ok()) return object.status();
  return from_json<T>(*object, unknown);
}

}  // namespace dfs::wire
