#include "simulator/world/history.h"

#include <algorithm>
#include <set>

#include "core/base/assert.h"

namespace dfs::world {
namespace {

using Directories = std::set<std::string>;  // the paths of the directories, without the root

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
bool below(const std::string& path, const std::string& top) { return path.starts_with(top + "/"); }
bool there(const Directories& tree, const std::string& path) {
  return path.empty() || tree.contains(path);
}

// What the call must be answered when it takes effect on `tree`, and its effect.
Code take_effect(const HistoryCall& call, Directories& tree) {
  if (call.kind == CallKind::kMkdir) {
    if (!there(tree, parent_of(call.path))) return Code::kNotFound;
    return tree.insert(call.path).second ? Code::kOk : Code::kAlreadyExists;
  }
  if (!tree.contains(call.path)) return Code::kNotFound;
  if (call.kind == CallKind::kRemove) {
    std::erase_if(tree,
                  [&](const auto& path) { return path == call.path || below(path, call.path); });
  } else if (call.kind == CallKind::kRename) {
    if (call.to == call.path) return Code::kAlreadyExists;
    if (below(call.to, call.path)) return Code::kInvalidArgument;
    if (!there(tree, parent_of(call.to))) return Code::kNotFound;
    if (tree.contains(call.to)) return Code::kAlreadyExists;
    Directories moved;
    for (const std::string& path : tree) {
      const bool moves = path == call.path || below(path, call.path);
      moved.insert(moves ? call.to + path.substr(call.path.size()) : path);
    }
    tree = std::move(moved);
  }
  return Code::kOk;
}

class Search {
 public:
  explicit Search(const std::vector<HistoryCall>& history) : history_(history) {}

  bool from(std::uint32_t done, const Directories& tree) {
    // Who ends first among those that are left bounds what may come next. Those of unknown outcome
    // never end, and need not take effect.
    std::int64_t first_end = INT64_MAX;
    bool none_left = true;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if ((done >> i & 1) != 0 || !history_[i].answer) continue;
      none_left = false;
      first_end = std::min(first_end, history_[i].end_us);
    }
    if (none_left) return true;
    if (!seen_.insert({done, tree}).second) return false;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      const HistoryCall& call = history_[i];
      if ((done >> i & 1) != 0 || call.begin_us > first_end) continue;
      Directories after = tree;
      const Code right = take_effect(call, after);
      if (call.answer && *call.answer != right) continue;
      if (from(done | 1u << i, after)) return true;
    }
    return false;
  }

 private:
  const std::vector<HistoryCall>& history_;
  std::set<std::pair<std::uint32_t, Directories>> seen_;
};

}  // namespace

bool linearizable(const std::vector<HistoryCall>& history) {
  DFS_ASSERT(history.size() <= kMostCalls);
  return Search(history).from(0, {});
}

}  // namespace dfs::world
