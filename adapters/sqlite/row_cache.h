// Rows of one table as they were last read or written, so that what is asked for again and again
// costs no query. It also remembers that there is no such row.
//
// The store tells it of every change; a failed one ends the process, so nothing is ever taken back.
// Bounded: when it is full it begins anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace dfs::sqlite {

template <class Key, class Value>
class RowCache {
 public:
  static constexpr std::size_t kMost = 16'384;

  // The row, as `read` finds it if it is not known.
  template <class Read>
  [[nodiscard]] const Value& get(Key key, const Read& read) {
    const auto found = rows_.find(key.value);
    return found != rows_.end() ? found->second : keep(key, read());
  }
  const Value& keep(Key key, Value value) {
    if (rows_.size() >= kMost) rows_.clear();
    return rows_.insert_or_assign(key.value, std::move(value)).first->second;
  }
  void forget(Key key) { rows_.erase(key.value); }

 private:
  std::unordered_map<std::uint64_t, Value> rows_;
};

}  // namespace dfs::sqlite
