// Random messages of any type, made through the same declaration of fields that encodes them.
#pragma once

#include <rapidcheck.h>

#include "core/wire/admin_messages.h"

namespace dfs::wire {

template <class T>
void fill_randomly(T& value, int depth);

struct FillFields {
  int depth;
  template <class T>
  void operator()(std::string_view /*name*/, T& value) const {
    fill_randomly(value, depth);
  }
};

template <class T>
void fill_enum(T& value) {
  // Enumerations travel by name; every one here has fewer than 32 values, dense from 0.
  std::vector<T> known;
  for (int i = 0; i < 32; ++i) {
    T candidate = static_cast<T>(i);
    T back{};
    if (from_string(to_string(candidate), back) && back == candidate) known.push_back(candidate);
  }
  value = *rc::gen::elementOf(known);
}

template <class T>
void fill_randomly(T& value, int depth) {
  if constexpr (kIsId<T>) {
    value.value = *rc::gen::arbitrary<std::uint64_t>();
  } else if constexpr (std::is_same_v<T, WallTime>) {
    value.ms = *rc::gen::arbitrary<std::int64_t>();
  } else if constexpr (std::is_same_v<T, Duration>) {
    value.us = *rc::gen::arbitrary<std::int64_t>();
  } else if constexpr (std::is_same_v<T, Status>) {
    value = *rc::gen::element(Status(), Status(Code::kNotFound, "/a: No such file or directory"),
                              Status(Code::kUnknownOutcome, "?"));
  } else if constexpr (NamedEnum<T>) {
    fill_enum(value);
  } else if constexpr (kIsVector<T>) {
    value.resize(*rc::gen::inRange<std::size_t>(0, depth > 2 ? 2 : 4));
    for (auto& element : value) fill_randomly(element, depth + 1);
  } else if constexpr (kIsOptional<T>) {
    value.reset();
    if (*rc::gen::arbitrary<bool>()) fill_randomly(value.emplace(), depth + 1);
  } else if constexpr (Message<T>) {
    T::fields(value, FillFields{depth + 1});
  } else if constexpr (std::is_same_v<T, std::string>) {
    // Valid UTF-8 only: JSON text is.
    value = *rc::gen::element<std::string>("", "/a/b", "\"\\\n\x01", "\xc3\xa4\xe2\x82\xac", "x y");
  } else {
    value = *rc::gen::arbitrary<T>();
  }
}

}  // namespace dfs::wire
