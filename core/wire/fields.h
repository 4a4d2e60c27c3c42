// One declaration of a message's fields serves every use of them.
//
// A message is a plain struct with a static member template
//
//   template <class Self, class Visit>
//   static void fields(Self& self, Visit&& visit) { visit("path", self.path); ... }
//
// JSON encoding and decoding (core/wire/json.h), hashing (below), comparison and, in the tests,
// generation of random messages are visitors of it, so they cannot disagree about a message.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/digest.h"
#include "core/base/ids.h"
#include "core/base/status.h"
#include "core/base/time.h"

namespace dfs::wire {

struct IgnoreFields {
  template <class T>
  void operator()(std::string_view /*name*/, T& /*value*/) const {}
};

template <class T>
concept Message = requires(T& value) {
  T::fields(value, IgnoreFields{});
};

// An enumeration travels as its name: it has `std::string_view to_string(E)` and
// `bool from_string(std::string_view, E&)`, found by argument-dependent lookup.
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T value, std::string_view name) {
  { to_string(value) } -> std::convertible_to<std::string_view>;
  { from_string(name, value) } -> std::convertible_to<bool>;
};

void hash_value(Digest& digest, const auto& value);

struct HashFields {
  Digest& digest;
  template <class T>
  void operator()(std::string_view /*name*/, const T& value) const {
    hash_value(digest, value);
  }
};

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsId = false;
template <class Tag>
inline constexpr bool kIsId<StrongId<Tag>> = true;

// Adds every field of `value`, in declaration order, to `digest`.
void hash_value(Digest& digest, const auto& value) {
  using T = std::remove_cvref_t<decltype(value)>;
  if constexpr (std::is_same_v<T, std::string>) {
    digest.add(std::string_view(value));
  } else if constexpr (kIsId<T>) {
    digest.add(value.value);
  } else if constexpr (std::is_same_v<T, WallTime>) {
    digest.add(static_cast<std::uint64_t>(value.ms));
  } else if constexpr (std::is_same_v<T, Duration>) {
    digest.add(static_cast<std::uint64_t>(value.us));
  } else if constexpr (std::is_same_v<T, Status>) {
    digest.add(static_cast<std::uint64_t>(value.code()));
    digest.add(std::string_view(value.message()));
  } else if constexpr (kIsVector<T>) {
    digest.add(static_cast<std::uint64_t>(value.size()));
    for (const auto& element : value) hash_value(digest, element);
  } else if constexpr (kIsOptional<T>) {
    digest.add(static_cast<std::uint64_t>(value.has_value()));
    if (value) hash_value(digest, *value);
  } else if constexpr (Message<const T>) {
    T::fields(value, HashFields{digest});
  } else {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>, "no floating point in messages");
    digest.add(static_cast<std::uint64_t>(value));
  }
}

}  // namespace dfs::wire
