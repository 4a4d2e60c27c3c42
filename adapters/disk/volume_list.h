// The text of a volume's VOLUMES file: the directories that have been volumes of its DataNode.
//
// By it a directory that is empty because its disk is not mounted is told from a new one. Limits: a
// directory whose name has a newline is left out of the list; one that goes by several names, by
// links for instance, is known by those that it was given by.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace dfs::disk {

using VolumeList = std::set<std::string>;

// As a list names it: from the root on, without "." and doubled or trailing slashes.
[[nodiscard]] std::string listed_name(const std::string& directory);

[[nodiscard]] std::string encode_volume_list(const VolumeList& list);
// As decode_version().
[[nodiscard]] Result<VolumeList> decode_volume_list(std::string_view text);

}  // namespace dfs::disk
