// `dfs rescue`: makes a NameNode's metadata anew from what DataNodes keep of it.
//
// Of all checkpoints that the sources have, the one is taken with which the most can be recovered,
// by what the journals are found to be and not by what was said of them; if it turns out damaged,
// the next. Every journal that continues it is replayed, from whichever source. Files younger than
// that are rebuilt from replicas' sidecars, under /lost+found (core/namenode/young_files.h). The
// result is checked whole, gets an epoch above all that a source has, has seen or has replicas of,
// and only then takes its place; a database that was there is kept beside it under another name.
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

struct RescueReport {
  std::string cluster;
  std::string checkpoint_from;   // source
  std::uint64_t checkpoint = 0;  // position
  std::uint64_t replayed = 0;    // commands after it
  std::uint64_t applied = 0;     // position reached
  WallTime until;                // of the last command that was recovered
  std::uint64_t epoch = 0;       // the new one
  std::string kept;              // where the database went that was there; "" if none was
  std::vector<namenode::RebuiltFile> rebuilt;  // younger files, from replicas
  std::vector<std::string> notes;              // one line each: what could not be used, and why
};

// Sources that do not answer are noted; kNotFound if none has a usable checkpoint.
[[nodiscard]] Result<RescueReport> rescue(const std::string& directory,
                                          const std::vector<namenode::RescueSource*>& sources,
                                          WallTime now, Random random);

}  // namespace dfs::sqlite
