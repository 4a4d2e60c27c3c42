// N3, G2 and the bookkeeping behind them, checked over the whole store.
#pragma once

#include <string>

#include "core/namenode/store.h"

namespace dfs::namenode {

// The first thing that is wrong with the namespace, or "".
[[nodiscard]] std::string find_damage(Store& store);

}  // namespace dfs::namenode
