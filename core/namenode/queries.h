// What clients and operators read of the namespace. Nothing here changes anything, and no call
// touches more than 2,000 rows (law 11): long answers are pages.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/namenode/store.h"
#include "core/wire/requests.h"

namespace dfs::namenode {

// Where a block can be read, best first.
using Locations = std::function<std::vector<wire::NodeAddress>(BlockId)>;

[[nodiscard]] wire::Reply stat(Store& store, const wire::Stat& request);
// A page of at most 500 entries.
[[nodiscard]] wire::Reply list(Store& store, const wire::List& request);
// A page of at most `page` blocks.
inline constexpr std::size_t kLocatePage = 200;
[[nodiscard]] wire::Reply locate(Store& store, const wire::Locate& request,
                                 const Locations& locations, std::size_t page = kLocatePage);
[[nodiscard]] wire::Reply summarize(Store& store, const wire::Summarize& request);

}  // namespace dfs::namenode
