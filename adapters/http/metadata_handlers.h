// The DataNode's part in the metadata's second home, over HTTP (core/wire/metadata_messages.h).
//
// Takes journals and checkpoints of its own cluster only. Positions in paths are digits, clusters
// hexadecimal digits: neither is ever used as anything else.
#pragma once

#include <functional>

#include "adapters/disk/metadata_home.h"
#include "adapters/http/server.h"

namespace dfs::http {

// `seen` returns of which cluster this DataNode is, "" before it is of one. `home` outlives the
// server.
void add_metadata_handlers(Server& server, disk::MetadataHome& home,
                           std::function<wire::SeenEpoch()> seen);

}  // namespace dfs::http
