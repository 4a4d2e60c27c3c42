// `dfs rescue`: makes a NameNode's metadata anew from what DataNodes keep of it.
//
// What is taken is decided by core/namenode/rescue.h. The result is checked whole and only then
// takes its place; a database that was there is kept beside it under another name.
// The caller owns the NameNode's directory (its lock).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/sqlite/store.h"
#include "core/base/random.h"
#include "core/namenode/rescue.h"

namespace dfs::sqlite {

inline constexpr const char* kMetadataFile = "metadata.db";

// Sources that do not answer are noted; kNotFound if none has a usable checkpoint.
[[nodiscard]] Result<namenode::RescueReport> rescue(
    const std::string& directory, const std::vector<namenode::RescueSource*>& sources, WallTime now,
    Random random);

}  // namespace dfs::sqlite
