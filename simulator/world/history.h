// A black-box check that a short history of client calls is linearizable: there is an order of the
// calls that respects time (what had ended before another began comes first) and in which every
// answer is right. (Wing & Gong's search with Lowe's memory of states seen.)
//
// It knows nothing of the NameNode's hooks, its order of commands or the reference model, so it
// tests them. Limits: directories only, at most kMostCalls calls, from an empty namespace. A call
// whose outcome nobody knows may take effect at any time after it began, or never.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"

namespace dfs::world {

inline constexpr std::size_t kMostCalls = 20;

enum class CallKind { kMkdir, kRemove, kRename, kStat };

struct HistoryCall {
  CallKind kind = CallKind::kStat;
  std::string path;
  std::string to;  // of a rename
  std::int64_t begin_us = 0;
  std::int64_t end_us = INT64_MAX;
  std::optional<Code> answer;  // nullopt: unknown outcome
};

// The calls must be in the order in which they began.
[[nodiscard]] bool linearizable(const std::vector<HistoryCall>& history);

}  // namespace dfs::world
