// Rows of one table as they were last read or written, so that what is asked for again and again
// costs no query. It also remembers that there is no such row.
//
// The store tells it of every change; a failed one ends the process, so nothing is ever taken back.
// Bounded: when it is full it begins anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/base/ids.h"

namespace dfs::sqlite {

// Of ids, numbers, strings, and pairs of them. Nothing depends on what it gives.
struct KeyHash {
  template <class T>
  std::size_t operator()(const T& key) const {
    if constexpr (requires { key.first; }) {
      return (*this)(key.first) * 0x9e3779b97f4a7c15u + (*this)(key.second);
    } else if constexpr (requires { key.value; }) {
      return key.value;
    } else {
      return std::hash<T>()(key);
    }
  }
};

template <class Key, class Value, std::size_t kMost = 16'384>
class RowCache {
 public:
  // The row, as `read` finds it if it is not known.
  template <class Read>
  [[nodiscard]] const Value& get(const Key& key, const Read& read) {
    const auto found = rows_.find(key);
    return found != rows_.end() ? found->second : keep(key, read());
  }
  const Value& keep(const Key& key, Value value) {
    if (rows_.size() >= kMost) rows_.clear();
    return rows_.insert_or_assign(key, std::move(value)).first->second;
  }
  // For who walks over all rows: what is used must not be pushed out.
  void keep_if_roomy(const Key& key, const Value& value) {
    if (rows_.size() < kMost / 2) rows_.insert_or_assign(key, value);
  }
  // nullptr: it is not known.
  [[nodiscard]] const Value* find(const Key& key) const {
    const auto found = rows_.find(key);
    return found != rows_.end() ? &found->second : nullptr;
  }
  void forget(const Key& key) { rows_.erase(key); }
  // A known number, to at least `value`.
  void raise(const Key& key, const Value& value) {
    const auto found = rows_.find(key);
    if (found != rows_.end() && found->second < value) found->second = value;
  }

 private:
  std::unordered_map<Key, Value, KeyHash> rows_;
};

}  // namespace dfs::sqlite
